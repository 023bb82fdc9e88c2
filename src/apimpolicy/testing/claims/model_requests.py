"""The request that a model describes, as an assignment of inputs: it shows something only once it has run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from apimpolicy.reasoning.scenarios import assignments
from apimpolicy.reasoning.scenarios.assignments import Assignment, Key
from apimpolicy.reasoning.semantics.forms.context import ENTITIES
from apimpolicy.reasoning.semantics.json_trees import KINDS
from apimpolicy.reasoning.semantics.unknowns import Unknowns

if TYPE_CHECKING:
    from apimpolicy.reasoning.proving.proof import Inquiry
    from apimpolicy.reasoning.scenarios.harness import Harness
    from apimpolicy.reasoning.terms.solving import Model

    Given = Mapping[tuple[Any, ...], Any]

_KINDS = {
    "null": assignments.NULL,
    "string": assignments.TEXT,
    "integer": assignments.NUMBER,
    "boolean": assignments.TRUTH,
    "object": assignments.OBJECT,
    "array": assignments.LIST,
}
_MOST_ITEMS = 20
_OPTIONAL = frozenset(ENTITIES.values())
_IN_FIELDS = ("first", "second", "rest", "repeats")


def requests_of(inquiry: Inquiry, harness: Harness) -> Iterator[Assignment]:
    """Yield the requests of a question's models, each once."""
    known: set[frozenset[Any]] = set()
    for model in inquiry.models():
        request = request_of(model, inquiry.unknowns, harness.certificates)
        if (key := frozenset(request.items())) not in known:
            known.add(key)
            yield request


def request_of(model: Model, unknowns: Unknowns, certificates: Iterable[str]) -> Assignment:
    """Return the request that a model describes; `certificates` are those that a caller can show."""
    given: dict[tuple[Any, ...], Any] = {
        key: model.values[variable]
        for key, variable in unknowns.inputs.items()
        if variable in model.values and isinstance(key, tuple)
    }
    assignment: Assignment = {}
    for key, value in given.items():
        _add(assignment, key, value, next(iter(certificates), None))
    for key, value in given.items():
        if key[0] in ("header", "query") and key[-1] == "there":
            if value:
                _add_field(assignment, key[:-1], given)
            else:
                assignment.pop(key, None)
                assignment.pop(key[:-1], None)
    names = {variable: key for key, variable in unknowns.inputs.items() if isinstance(key, tuple)}
    for root in dict.fromkeys(key[1] for key in given if key[0] == "json"):
        place = names.get(root[1])
        if place is None or place[0] == "json" or not given.get(("json", root, (), "valid")):
            continue
        key = place[:-1] if place[-1] == "text" else place
        assignment.pop(place, None)
        assignment[*key, "json"] = True
        if key == ("body",):
            assignment["body", "there"] = True
        _add_token(assignment, (*key, "tree"), given, root, ())
    return assignment


def _add(made: Assignment, key: tuple[Any, ...], value: Any, certificate: str | None) -> None:
    """Add an input that stands for itself."""
    match key:
        case ("json" | "count", *_) | ("url", "QueryString" | "Port") | (*_, "null"):
            return
        case ("url", "Scheme"):
            if value == "http":
                made["scheme",] = value
        case ("url", "Path"):
            made["path",] = value
        case ("url", "Host"):
            if value:
                made["host",] = value
        case ("there", "certificate"):
            if value and certificate is not None:
                made["certificate",] = certificate
        case ("there", "body") | ("body", "there"):
            made["body", "there"] = made.get(("body", "there"), False) or value
        case ("there", kind):
            if kind in _OPTIONAL:
                made[kind, "there"] = value
        case (*_, last) if last in _IN_FIELDS:
            return
        case ("method",) | ("address",):
            if value:
                made[key] = value
        case _:
            if all(isinstance(part, str) for part in key) and value is not None:
                made[key] = value


def _add_field(made: Assignment, key: Key, given: Given) -> None:
    text = given.get(key, "x")
    made[*key, "there"] = True
    made[key] = text
    if given.get((*key, "repeats")):
        start, _, rest = text.partition(",")
        first = given.get((*key, "first"), start)
        made[*key, "values"] = (first, given.get((*key, "second"), given.get((*key, "rest"), rest)))


def _add_token(made: Assignment, key: Key, given: Given, root: Any, path: tuple[str | int, ...]) -> None:
    """Add a token with everything below it that the model defines."""

    def of(what: str) -> Any:
        return given.get(("json", root, path, what))

    kind = next((candidate for candidate in KINDS if of(candidate)), "string" if path else "object")
    made[*key, "kind"] = _KINDS[kind]
    match kind:
        case "string":
            made[*key, "text"] = "x" if of("text") is None else of("text")
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


def _names(given: Given, root: Any, path: tuple[str | int, ...]) -> dict[str, None]:
    """Return the names inside an object that a model defines."""
    size = len(path)
    known = (key[2] for key in given if key[0] == "json" and key[1] == root and key[2][:size] == path)
    return dict.fromkeys(inner[size] for inner in known if len(inner) > size and isinstance(inner[size], str))
