"""Values that an expression usually has, by its type and what uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.binding import nodes
from apimpolicy.proposing.inversion.core import is_vague, unconverted
from apimpolicy.proposing.inversion.recorded import UNKNOWN, Markup, Ticks, Token
from apimpolicy.proposing.inversion.values import SECOND
from apimpolicy.scenarios.assignments import token_text

if TYPE_CHECKING:
    from apimpolicy.binding.nodes import Bound, Expression
    from apimpolicy.proposing.inversion.core import Inversion
    from apimpolicy.proposing.inversion.recorded import Recorded

_NOW = Ticks(639_028_224_000_000_000)
_SAMPLES = {
    "bool": True,
    "DateTime": _NOW,
    "DateTimeOffset": _NOW,
    "Guid": "11111111-2222-3333-4444-555555555555",
    "IPAddress": "10.0.0.1",
    "TimeSpan": Ticks(60 * SECOND),
    "Uri": "https://contoso.example/x",
}
JSON = ("JToken", "JObject", "JArray", "JContainer", "JProperty", "JValue")


def usual(inversion: Inversion, of: Recorded, node: Bound) -> Any:
    """Return a value that an expression usually has, by its type and what uses it."""
    inner = node
    while isinstance(inner, nodes.Convert) and is_vague(inner):
        inner = inner.operand
    if not is_vague(inner):
        return sample(str(getattr(inner, "type", "")))
    for each in reversed(of.around(node)[:-1]):
        if isinstance(each, (nodes.Convert, nodes.AsType)) or (
            isinstance(each, nodes.Call) and each.method.name in ("op_Explicit", "ToObject", "Value")
        ):
            if not is_vague(each):
                return sample(str(each.type))
            continue
        if isinstance(each, nodes.IndexerAccess):
            return [] if isinstance(of.value(each.arguments[0]), int) else {}
        if isinstance(each, nodes.Foreach):
            return ["x"]
        if isinstance(each, nodes.Binary):
            other = of.value(each.right if node is not each.right else each.left)
            return other if other is not UNKNOWN and other is not None else "x"
        break
    return "x"


def one_item(inversion: Inversion, of: Recorded, loop: nodes.Lambda | nodes.Foreach) -> Any:
    """Return a collection of one item that has what a lambda or loop reads of it."""
    symbols, body = (loop.parameters, loop.body) if isinstance(loop, nodes.Lambda) else ((loop.symbol,), loop.body)
    type_ = str(symbols[0].type) if symbols and symbols[0] is not None else "string"
    if "KeyValuePair<" in type_:
        return {"x": {} if type_.endswith("JToken>") else "x"}
    if type_.rpartition(".")[2] not in JSON:
        return [sample(type_)]
    reads = [
        each
        for each in body.walk()
        if isinstance(each, nodes.IndexerAccess) and isinstance(_item_of(each.receiver), nodes.Local)
    ]
    item: Any = {}
    for each in reads:
        key = of.value(each.arguments[0])
        if isinstance(key, str):
            item[key] = usual(inversion, of, each)
    if type_.endswith("JProperty"):
        return [{"x": item or "x"}]
    return [item or ("x" if type_.endswith("JToken") else {})]


def _item_of(node: Bound) -> Any:
    """Return the item whose value an expression is, or the expression."""
    inner = unconverted(node)
    is_value = isinstance(inner, nodes.PropertyAccess) and inner.property.name == "Value"
    return unconverted(inner.receiver) if is_value else inner


def value_type(inversion: Inversion, node: Expression) -> Any:
    parts = str(node.type).rpartition(",")
    return sample(parts[2].strip(" >")) if parts[0] else "x"


def sample(type_: str) -> Any:
    """Return a value of a type."""
    name = type_.rstrip("?").rpartition(".")[2]
    if name == "Jwt":
        return Token(token_text({}))
    if name in ("XElement", "XDocument", "XContainer", "XNode"):
        return Markup("<x />")
    if name in ("int", "long", "short", "uint", "ulong", "byte", "double", "float", "decimal"):
        return 1
    if name == "byte[]":
        return b"x"
    if name.endswith("[]") or name in ("JArray",) or "List<" in type_ or "IEnumerable<" in type_:
        return ["x"]
    if name.startswith(("JObject", "JContainer")) or "Dictionary<" in type_:
        return {}
    return _SAMPLES.get(name, "x")
