"""JSON that was parsed from a string: its parts, and the string itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from apimpolicy.concolic.inverses import inverse
from apimpolicy.concolic.origins import OUTPUT, THROWS

if TYPE_CHECKING:
    from apimpolicy.concolic.inverses import InverseQuery, Preimages

_J = "Newtonsoft.Json.Linq."
_PARSING = [f"{_J}{kind}.Parse" for kind in ("JObject", "JArray", "JToken")]
_PARSING.append("Newtonsoft.Json.JsonConvert.DeserializeObject")


@inverse(*_PARSING)
def parsed(query: InverseQuery) -> Preimages:
    if isinstance(query.wanted, (dict, list)):
        yield {0: json.dumps(query.wanted, separators=(",", ":"))}


@inverse(*(THROWS + name for name in _PARSING))
def is_json(query: InverseQuery) -> Preimages:
    is_list = "JArray" in query.origin.name or "JArray" in str(getattr(query.node, "type", ""))
    yield {0: "x" if query.wanted else "[]" if is_list else "{}"}


@inverse(
    *(f"{_J}{kind}.Item" for kind in ("JObject", "JToken", "JArray")),
    *(f"{_J}{kind}.GetValue" for kind in ("JObject",)),
    f"{_J}JToken.Value",
)
def child(query: InverseQuery) -> Preimages:
    if len(query.operands) == 1:
        yield {0: query.wanted}
    else:
        yield {0: _with(query.now(0), [query.was(1)], query.wanted)}


@inverse(f"{OUTPUT}{_J}JObject.TryGetValue")
def child_beside(query: InverseQuery) -> Preimages:
    yield {0: _with(query.now(0), [query.was(1)], query.wanted)}


@inverse(f"{_J}Extensions.Value", f"{_J}JToken.ToObject", f"{_J}JValue.Value")
def itself(query: InverseQuery) -> Preimages:
    yield {0: query.wanted}


@inverse(f"{_J}JToken.SelectToken")
def selected(query: InverseQuery) -> Preimages:
    path = str(query.was(1)).removeprefix("$").strip(".")
    if not set(path) & set("[]*?@"):
        yield {0: _with(query.now(0), path.split("."), query.wanted)}


@inverse(f"{_J}JObject.ContainsKey", f"{_J}JObject.TryGetValue")
def contains(query: InverseQuery) -> Preimages:
    have, key = dict(query.now(0)), query.was(1)
    if query.wanted:
        yield {0: have | {key: have.get(key, "x")}}
    else:
        have.pop(key, None)
        yield {0: have}


@inverse("IsType", "IsPattern")
def is_type(query: InverseQuery) -> Preimages:
    """Assume that a value has the type that it is tested for."""
    yield {0: "x" if query.wanted else None}


def _with(tree: Any, path: list[Any], value: Any) -> Any:
    """Return a tree with the value at a path replaced; None removes it."""
    key, *rest = path
    if isinstance(key, int):
        made = list(tree)
        made[key] = _with(made[key], rest, value) if rest else value
        return made
    have = dict(tree) if isinstance(tree, dict) else {}
    if rest:
        have[key] = _with(have.get(key), rest, value)
    elif value is None:
        have.pop(key, None)
    else:
        have[key] = value
    return have
