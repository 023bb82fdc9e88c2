"""The request that a model proposes, as inputs of a search: it shows something only once it has run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.semantics.forms.entities import ENTITIES
from apimpolicy.semantics.json_trees import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apimpolicy.semantics.unknowns import Unknowns
    from apimpolicy.terms.solving import Model

Assignment = dict[tuple[str, ...], Any]
_KINDS = {"null": 0, "string": 1, "integer": 2, "boolean": 3, "object": 4, "array": 5}
"""The kinds of trees of a search."""
_MOST_ITEMS = 20
_ENTITIES = frozenset(ENTITIES.values())


def request_of(model: Model, unknowns: Unknowns, certificates: Mapping[str, Any]) -> Assignment:
    """Return the request that a model describes; `certificates` are those that a caller can show."""
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
            case ("body", "text"):
                made["body", "text"] = value
            case ("there", "certificate") if value and certificates:
                made["certificate",] = next(iter(certificates))
            case ("there", kind) if kind in _ENTITIES:
                made[kind, "there"] = value
            case (kind, name) if kind in _ENTITIES and value:
                made[kind, name] = value
    _add_json_body(made, given, unknowns)
    return made


def _add_json_body(made: Assignment, given: Mapping[tuple[Any, ...], Any], unknowns: Unknowns) -> None:
    """Add the tree that the body is read as."""
    text = unknowns.inputs.get(("body", "text"))
    for reader in ("container", "token"):
        root = (reader, text)
        if text is not None and given.get(("json", root, (), "valid")):
            made.pop(("body", "text"), None)
            made["body", "there"] = made["body", "json"] = True
            _add_token(made, ("body", "tree"), given, root, ())
            return


def _add_token(
    made: Assignment, key: tuple[str, ...], given: Mapping[tuple[Any, ...], Any], root: Any, path: tuple[str | int, ...]
) -> None:
    """Add a token with everything below it that the model defines."""

    def of(what: str) -> Any:
        return given.get(("json", root, path, what))

    kind = next((each for each in KINDS if of(each)), "object" if not path else "string")
    made[*key, "kind"] = _KINDS[kind]
    match kind:
        case "string":
            made[*key, "text"] = of("text") or "x"
        case "integer":
            made[*key, "number"] = int(of("digits") or 1)
        case "boolean":
            made[*key, "truth"] = bool(of("truth"))
        case "object":
            for name in _names(given, root, path):
                if given.get(("json", root, (*path, name), "there")):
                    made[*key, f".{name}", "there"] = True
                    _add_token(made, (*key, f".{name}"), given, root, (*path, name))
        case "array":
            length = made[*key, "length"] = min(of("length") or 0, _MOST_ITEMS)
            for index in range(length):
                _add_token(made, (*key, f"[{index}]"), given, root, (*path, index))


def _names(given: Mapping[tuple[Any, ...], Any], root: Any, path: tuple[str | int, ...]) -> dict[str, None]:
    """Return the names inside an object that a model defines."""
    size = len(path)
    known = (key[2] for key in given if key[0] == "json" and key[1] == root and key[2][:size] == path)
    return dict.fromkeys(inner[size] for inner in known if len(inner) > size and isinstance(inner[size], str))


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
