"""The inversion of one run's expressions, and values that an expression usually has, by its type and what uses it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from apimpolicy.binding import nodes
from apimpolicy.proposing.inversion.recorded import UNKNOWN, Markup, Recorded, Structure, Ticks, Token
from apimpolicy.proposing.inversion.sources import Sources
from apimpolicy.proposing.inversion.values import SECOND
from apimpolicy.scenarios.assignments import token_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from apimpolicy.binding.nodes import Bound, Expression
    from apimpolicy.engine.trace import Evaluation
    from apimpolicy.scenarios.assignments import Assignment
    from apimpolicy.scenarios.harness import Harness, Run

    Requests = Iterator[Assignment]
    Rules = Mapping[type, Callable[..., Requests]]


_MOST_DEPTH = 60
_MOST_STEPS = 1500
"""Parts of expressions that are inverted for the requests that one run leads to."""


class Inversion:
    """Inverts the expressions of one run."""

    def __init__(self, harness: Harness, run: Run, structures: dict[int, Structure], rules: Rules) -> None:
        self.sources = Sources(harness, run)
        self._rules = rules
        self._structures = structures
        self._left = _MOST_STEPS
        self.place: int | None = None
        """The place of the item that is to change, in a query for each item."""
        self.trace = self.sources.trace
        self._recorded: dict[int, Recorded] = {}
        self._depth = 0
        self._active: set[int | None] = set()
        """The local variables that are being inverted, by identity."""

    def recorded(self, evaluation: Evaluation, index: int) -> Recorded:
        found = self._recorded.get(id(evaluation))
        if found is None:
            body = None if evaluation.expression is None else evaluation.expression.bound.body
            structure = self._structures.get(id(body))
            if structure is None:
                structure = self._structures[id(body)] = Structure(body)
            found = self._recorded[id(evaluation)] = Recorded(evaluation, index, structure)
        return found

    def at(self, index: int) -> Recorded:
        """Return a place in the trace, without an expression."""
        return Recorded(None, index, Structure(None))

    def solve(self, of: Recorded, node: Bound, wanted: Any) -> Requests:
        """Yield requests with which a part of an expression may have a value."""
        if (isinstance(node, nodes.Expression) and node.is_constant) or self._depth > _MOST_DEPTH:
            return
        rule = self._rules.get(type(node))
        self._left -= 1
        if rule is None or self._left < 0:
            return
        symbol = id(node.symbol) if isinstance(node, nodes.Local) else None
        if symbol in self._active:
            return
        self._depth += 1
        if symbol is not None:
            self._active.add(symbol)
        try:
            yield from rule(self, of, node, wanted)
        finally:
            self._depth -= 1
            self._active.discard(symbol)


def comparisons(run: Run) -> Iterator[tuple[str, str]]:
    """Yield the pairs of different texts that the expressions of a run compared, or passed to a call, latest first."""
    for entry in reversed(list(run.result.trace) if run.result is not None else []):
        for evaluation in entry.evaluations:
            body = None if evaluation.expression is None else evaluation.expression.bound.body
            of = Recorded(evaluation, 0, Structure(body))
            for node in [] if body is None else body.walk():
                receiver, arguments = call_parts(node)
                operands = (node.left, node.right) if isinstance(node, nodes.Binary) else (receiver, *arguments)
                values = [of.value(each) for each in operands if each is not None]
                texts = [each for each in values if isinstance(each, str)]
                yield from ((one, other) for one, other in pairwise(texts) if one != other)


def context_path(of: Recorded, node: Bound | None) -> tuple[str, ...] | None:
    """Return the properties from `context` to a value: ("Request", "Url")."""
    names: list[str] = []
    while isinstance(node, (nodes.PropertyAccess, nodes.Convert, nodes.Placeholder, nodes.ConditionalAccess)):
        if isinstance(node, nodes.PropertyAccess):
            names.append(node.property.name)
            node = node.receiver
        elif isinstance(node, nodes.Placeholder):
            node = of.holder(node)
        else:
            node = node.operand if isinstance(node, nodes.Convert) else node.access
    is_context = isinstance(node, nodes.Local) and str(node.type) == "IContext"
    return tuple(reversed(names)) if is_context and names else None


def unconverted(node: Any) -> Any:
    while isinstance(node, (nodes.Convert, nodes.AsType)):
        node = node.operand
    return node


def call_parts(node: Bound) -> tuple[Expression | None, Sequence[Expression]]:
    """Return the receiver and the arguments of a call or an indexer; those of an extension method too."""
    node = unconverted(node)
    if isinstance(node, nodes.IndexerAccess):
        return node.receiver, node.arguments
    if isinstance(node, nodes.Call):
        if node.receiver is not None:
            return node.receiver, node.arguments
        if node.arguments:
            return node.arguments[0], node.arguments[1:]
    return None, ()


def is_vague(node: Bound) -> bool:
    type_ = str(getattr(node, "type", "object"))
    return type_ in ("object", "") or type_.endswith("JToken")


def constant_of(node: Any) -> Any:
    return node.constant


def is_constant(node: Any) -> bool:
    return isinstance(node, nodes.Expression) and node.is_constant


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
