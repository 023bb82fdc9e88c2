"""The request that a model describes, as an assignment of inputs: it shows something only once it has run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.proposing.coded_texts import key_of_root, steps_of
from apimpolicy.scenarios import assignments
from apimpolicy.semantics.forms.entities import ENTITIES
from apimpolicy.semantics.json_trees import JWT, KINDS, OUTSIDE
from apimpolicy.semantics.unknowns import Unsupported

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from apimpolicy.scenarios.assignments import Assignment, Key
    from apimpolicy.semantics.unknowns import Unknowns
    from apimpolicy.terms.solving import Model

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


def request_of(model: Model, unknowns: Unknowns, certificates: Iterable[str]) -> Assignment:
    """Return the request that a model describes; `certificates` are those that a caller can show."""
    given: dict[tuple[Any, ...], Any] = {
        key: model.values[variable]
        for key, variable in unknowns.inputs.items()
        if variable in model.values and isinstance(key, tuple)
    }
    made: Assignment = {}
    for key, value in given.items():
        _add(made, key, value, next(iter(certificates), None))
    for key, value in given.items():
        if key[0] in ("header", "query") and key[-1] == "there":
            if value:
                _add_field(made, key[:-1], given)
            else:
                made.pop(key, None)
                made.pop(key[:-1], None)
        elif key[0] == "double" and key[2:3] == ("variable",) and "claim" in key:  # the token of a check that passes
            made |= {(*key[:4], "there"): True, (*key[:4], "kind"): assignments.JWT}
        elif key[0] == "double" and key[2:3] != ("variable",) and len(key) > 2 and ("double", key[1]) not in made:
            made.pop(key, None)
    names = {variable: key for key, variable in unknowns.inputs.items() if isinstance(key, tuple)}
    for root in dict.fromkeys(key[1] for key in given if key[0] == "json"):
        if root[0] != OUTSIDE and not given.get(("json", root, (), "valid")):
            continue
        try:
            key = key_of_root(root, names)
        except Unsupported:
            continue
        if root[0] != OUTSIDE:
            made.pop((*key[:-1], "text"), None)
            made[*key[:-1], "json"] = True
            if key[:1] == ("body",):
                made["body", "there"] = True
        _add_token(made, key, given, root, ())
    return made


def _add(made: Assignment, key: tuple[Any, ...], value: Any, certificate: str | None) -> None:
    """Add an input that stands for itself."""
    match key:
        case ("json", *_) | ("url", "Scheme" | "QueryString" | "Port") | (*_, "null"):
            return
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
        case ("token", provider, "good"):
            made["token", provider] = "good" if value else "none"
        case ("double", name, "fails"):
            if value:
                made["double", name] = "fails"
        case ("calls", "before"):
            if value:
                made["calls", "before"] = value
        case (*_, last) if last in _IN_FIELDS:
            return
        case ("method",) | ("address",):
            if value:
                made[key] = value
        case _:
            if all(isinstance(part, str) for part in key) and value is not None:
                made[key] = value


def _add_field(made: Assignment, key: Key, given: Given) -> None:
    """Add a header or parameter with its value, or with several."""
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

    is_whole = not path and root[0] == OUTSIDE
    if is_whole and of(JWT):
        made[*key, "kind"] = assignments.JWT
        return
    kind = next((each for each in KINDS if of(each)), "string" if path or is_whole else "object")
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
                    if (written := given.get(("json", root, (*path, name), "name"))) is not None:
                        made[*key, f".{name}", "name"] = written
                    _add_token(made, (*key, f".{name}"), given, root, (*path, name))
        case "array":
            length = made[*key, "length"] = min(of("length") or 0, _MOST_ITEMS)
            for index in range(length):
                _add_token(made, (*key, *steps_of((index,))), given, root, (*path, index))


def _names(given: Given, root: Any, path: tuple[str | int, ...]) -> dict[str, None]:
    """Return the names inside an object that a model defines."""
    size = len(path)
    known = (key[2] for key in given if key[0] == "json" and key[1] == root and key[2][:size] == path)
    return dict.fromkeys(inner[size] for inner in known if len(inner) > size and isinstance(inner[size], str))
