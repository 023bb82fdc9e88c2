"""The request that a model proposes, as inputs of a search: it shows something only once it has run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apimpolicy.semantics.unknowns import Unknowns
    from apimpolicy.terms.solving import Model

Assignment = dict[tuple[str, ...], Any]
_ENTITIES = ("api", "operation", "product", "subscription", "user", "deployment")


def request_of(model: Model, unknowns: Unknowns, certificates: Mapping[str, Any]) -> Assignment:
    """Return what a model says of a request; `certificates` are those that a caller can show."""
    given: dict[tuple[Any, ...], Any] = {}
    for key, variable in unknowns.inputs.items():
        if variable in model.values and isinstance(key, tuple):
            given[key] = model.values[variable]
    made: Assignment = {}
    for key, value in given.items():
        match key:
            case ("header" | "query" as kind, name, "there") if value:
                _add_field(made, kind, name, given)
            case ("variable", name, "there") if value:
                made[key] = True
            case ("method",) if value:
                made["method",] = value
            case ("address",) if value:
                made["address",] = value
            case ("url", "Path"):
                made["path",] = value
            case ("there", "body") if value:
                made["body", "there"] = True
            case ("there", "certificate") if value and certificates:
                made["certificate",] = next(iter(certificates))
            case ("there", kind) if kind in _ENTITIES:
                made[kind, "there"] = value
            case (kind, name) if kind in _ENTITIES and value:
                made[kind, name] = value
    return made


def _add_field(made: Assignment, kind: str, name: str, given: Mapping[tuple[Any, ...], Any]) -> None:
    """Add a header or parameter with its value, or with several."""
    text = given.get((kind, name), "x")
    made[kind, name, "there"] = True
    made[kind, name] = text
    if given.get((kind, name, "repeats")):
        first = given.get((kind, name, "first"))
        start, _, rest = text.partition(",")
        second = given.get((kind, name, "second"), given.get((kind, name, "rest"), rest))
        made[kind, name, "values"] = (start if first is None else first, second)
