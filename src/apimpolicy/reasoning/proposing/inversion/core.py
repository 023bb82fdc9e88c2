"""The inversion of one run's expressions: what else they would return, what is evaluated, and what doesn't throw."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.binding.nodes import Bound, Expression
from apimpolicy.dispatch import Functions
from apimpolicy.reasoning.proposing.inversion.recorded import UNKNOWN, Markup, Recorded, Structure, Ticks, TokenText
from apimpolicy.reasoning.proposing.inversion.sources import Sources
from apimpolicy.reasoning.proposing.inversion.values import SECOND, resized
from apimpolicy.reasoning.scenarios.assignments import Assignment, token_text

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.trace import Evaluation
    from apimpolicy.reasoning.scenarios.harness import Harness, ScenarioRun

    Requests = Iterator[Assignment]


FUNCTIONS = Functions(
    "reasoning.proposing.inversion",
    "invert_",
    {
        "operators": "convert as_type unary logical binary conditional coalesce conditional_access placeholder is_type "
        "is_pattern interpolated_string assignment compound_assignment",
        "members": "property_access indexer_access array_access call object_creation array_creation anonymous_creation",
        "variables": "local",
    },
)
"""The functions that invert a node, by its kind."""
_MOST_DEPTH = 60
_MOST_STEPS = 1500
"""Parts of expressions that are inverted for the requests that one run leads to."""


class Inversion:
    """Inverts the expressions of one run."""

    def __init__(self, harness: Harness, run: ScenarioRun, structures: dict[int, Structure]) -> None:
        self.sources = Sources(harness, run)
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

    def solve(self, recorded: Recorded, node: Bound, wanted: Any) -> Requests:
        if (isinstance(node, nodes.Expression) and node.is_constant) or self._depth > _MOST_DEPTH:
            return
        rule = FUNCTIONS[node.kind] if node.kind in FUNCTIONS.modules else None
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
            yield from rule(self, recorded, node, wanted)
        finally:
            self._depth -= 1
            self._active.discard(symbol)


def comparisons(run: ScenarioRun) -> Iterator[tuple[str, str]]:
    """Yield the pairs of different texts that the expressions of a run compared, or passed to a call, latest first."""
    for entry in reversed(list(run.result.trace) if run.result is not None else []):
        for evaluation in entry.evaluations:
            body = None if evaluation.expression is None else evaluation.expression.bound.body
            recorded = Recorded(evaluation, 0, Structure(body))
            for node in [] if body is None else body.walk():
                receiver, arguments = call_parts(node)
                operands = (node.left, node.right) if isinstance(node, nodes.Binary) else (receiver, *arguments)
                values = [recorded.value(each) for each in operands if each is not None]
                texts = [each for each in values if isinstance(each, str)]
                yield from ((one, other) for one, other in pairwise(texts) if one != other)


def context_path(recorded: Recorded, node: Bound | None) -> tuple[str, ...] | None:
    """Return the properties from `context` to a value: ("Request", "Url")."""
    names: list[str] = []
    while isinstance(node, (nodes.PropertyAccess, nodes.Convert, nodes.Placeholder, nodes.ConditionalAccess)):
        if isinstance(node, nodes.PropertyAccess):
            names.append(node.property.name)
            node = node.receiver
        elif isinstance(node, nodes.Placeholder):
            node = recorded.holder(node)
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


def usual(inversion: Inversion, recorded: Recorded, node: Bound) -> Any:
    """Return a value that an expression usually has, by its type and what uses it."""
    inner = node
    while isinstance(inner, nodes.Convert) and is_vague(inner):
        inner = inner.operand
    if not is_vague(inner):
        return sample(str(getattr(inner, "type", "")))
    for user in reversed(recorded.around(node)[:-1]):
        if isinstance(user, (nodes.Convert, nodes.AsType)) or (
            isinstance(user, nodes.Call) and user.method.name in ("op_Explicit", "ToObject", "Value")
        ):
            if not is_vague(user):
                return sample(str(user.type))
            continue
        if isinstance(user, nodes.IndexerAccess):
            return [] if isinstance(recorded.value(user.arguments[0]), int) else {}
        if isinstance(user, nodes.Foreach):
            return ["x"]
        if isinstance(user, nodes.Binary):
            other = recorded.value(user.right if node is not user.right else user.left)
            return other if other is not UNKNOWN and other is not None else "x"
        break
    return "x"


def one_item(inversion: Inversion, recorded: Recorded, loop: nodes.Lambda | nodes.Foreach) -> Any:
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
        key = recorded.value(each.arguments[0])
        if isinstance(key, str):
            item[key] = usual(inversion, recorded, each)
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
        return TokenText(token_text({}))
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


class _NotNull:
    pass


_VALID = ("1", "eA==", "{}", "2026-01-01T00:00:00Z", "https://contoso.example/x", "x" * 24)
"""Texts of which one can mostly be parsed."""
_USABLE = ("https://contoso.example/x", "1", "{}")
"""Texts of which one can mostly be used by a policy."""
_SHORT, _LONG = 12, 64


class _Nonempty:
    pass


def returned(inversion: Inversion, recorded: Recorded, wanted: Any) -> Requests:
    body = recorded.body
    if body is None:
        return
    if isinstance(body, nodes.Expression):
        yield from inversion.solve(recorded, body, wanted)
        return
    returns = [each for each in body.walk() if isinstance(each, nodes.Return) and each.value is not None]
    done = [each for each in returns if each.value is not None and recorded.has(each.value)]
    for each in done[-1:]:
        assert each.value is not None
        yield from inversion.solve(recorded, each.value, wanted)
    others = [each for each in returns if each not in done[-1:] and each.value is not None]
    for each in sorted(others, key=lambda each: not (is_constant(each.value) and each.value.constant == wanted)):  # type: ignore[union-attr]
        if not is_constant(each.value) or each.value.constant == wanted:  # type: ignore[union-attr]
            yield from reach(inversion, recorded, each)


def reach(inversion: Inversion, recorded: Recorded, node: Bound) -> Requests:
    path = recorded.around(node)
    if recorded.error is not None:
        yield from repair(inversion, recorded)
    for outer, inner in pairwise(path):
        if isinstance(outer, nodes.Try) and inner is outer.body:
            yield from repair(inversion, recorded, inner)
        need = need_of(recorded, outer, inner)
        if need is None:
            continue
        part, wanted = need
        if isinstance(wanted, _Nonempty):
            if recorded.has_any(inner):
                continue
            items = one_item(inversion, recorded, outer) if isinstance(outer, (nodes.Lambda, nodes.Foreach)) else ["x"]
            yield from inversion.solve(recorded, part, items)
        elif isinstance(wanted, _NotNull):
            yield from inversion.solve(recorded, part, usual(inversion, recorded, part))
        elif recorded.raw(part) is not UNKNOWN and recorded.value(part) != wanted:
            yield from inversion.solve(recorded, part, wanted)
            return
    ended = recorded.last_return()
    if ended is not None and ended not in path:
        for outer, inner in reversed(list(pairwise(recorded.around(ended)))):
            if outer in path and inner in path:
                break
            if isinstance(outer, nodes.If) and inner is not outer.condition:
                yield from inversion.solve(recorded, outer.condition, inner is not outer.then)
            elif isinstance(outer, nodes.Switch):
                for label in (
                    constant for section in outer.sections if section is not inner for constant in section.constants
                ):
                    yield from inversion.solve(recorded, outer.value, label)


def avoid(inversion: Inversion, recorded: Recorded, node: Bound) -> Requests:
    path = recorded.around(node)
    for outer, inner in reversed(list(pairwise(path))):
        if isinstance(outer, nodes.If) and inner is not outer.condition and recorded.has_any(inner):
            yield from inversion.solve(recorded, outer.condition, inner is not outer.then)


def repair(inversion: Inversion, recorded: Recorded, within: Bound | None = None) -> Requests:
    """Yield requests with which an expression, or a block of one, does not throw where it did."""
    failed = recorded.failed(within)
    if failed is None:
        return
    receiver, _ = call_parts(failed)
    if isinstance(failed, nodes.PropertyAccess):
        receiver = failed.receiver
    if isinstance(failed, nodes.ArrayAccess):
        receiver = failed.array
    if receiver is not None and recorded.raw(receiver) is None and not isinstance(failed, nodes.IndexerAccess):
        yield from inversion.solve(recorded, receiver, usual(inversion, recorded, receiver))
    yield from inversion.solve(recorded, failed, usual(inversion, recorded, failed))
    for child in failed.children():
        value = recorded.value(child)
        if isinstance(value, str) and len(value) < _SHORT:
            for sample in _VALID:
                yield from inversion.solve(recorded, child, sample)
        elif isinstance(value, (bytes, list)) and len(value) < _LONG:
            yield from inversion.solve(recorded, child, resized(value, _LONG))


def throwing_requests(inversion: Inversion, recorded: Recorded) -> Requests:
    """Yield requests with which an expression throws: what it reads is null, or no text of the kind that it parses."""
    for node in recorded.body.walk() if recorded.body is not None else ():
        receiver, arguments = call_parts(node)
        if isinstance(node, nodes.PropertyAccess):
            receiver = node.receiver
        operands = [each for each in (receiver, *arguments) if each is not None and recorded.has(each)]
        if isinstance(node, nodes.Call):
            for each in operands:
                if isinstance(recorded.value(each), str):
                    yield from inversion.solve(recorded, each, "!")
        if receiver is not None and recorded.has(receiver):
            yield from inversion.solve(recorded, receiver, None)


def requests_with_plain_values(inversion: Inversion, recorded: Recorded) -> Requests:
    """Yield requests with which an expression has a value that its policy may be able to use."""
    for sample in _USABLE:
        yield from returned(inversion, recorded, sample)


def truth(inversion: Inversion, recorded: Recorded, node: Bound, *, wanted: Any) -> Requests:
    """Yield requests with which a condition has an outcome; one about null is to be None or not."""
    if not recorded.has(node):
        yield from reach(inversion, recorded, node)
    yield from inversion.solve(recorded, node, wanted)
    yield from with_another_round(inversion, recorded, node)


def with_another_round(inversion: Inversion, recorded: Recorded, node: Bound) -> Requests:
    """Yield requests with which the loops and queries around a part have one more round, like the last one."""
    for outer, inner in reversed(list(pairwise(recorded.around(node)))):
        if isinstance(outer, nodes.Loop) and outer.condition is not None and inner is outer.body:
            yield from inversion.solve(recorded, outer.condition, True)
            continue
        source: Bound | None = None
        if isinstance(outer, nodes.Foreach) and inner is outer.body:
            source = outer.collection
        elif isinstance(outer, nodes.Lambda) and (need := need_of(recorded, outer, inner)) is not None:
            source = need[0]
        items = None if source is None else recorded.value(source)
        if source is not None and isinstance(items, list) and items:
            yield from inversion.solve(recorded, source, [*items, items[-1]])


def need_of(recorded: Recorded, outer: Bound, inner: Bound) -> tuple[Bound, Any] | None:
    """Return what is to be so that a part inside another is evaluated."""
    match outer:
        case nodes.Logical() if inner is outer.right:
            return outer.left, outer.operator == "&&"
        case nodes.Conditional() if inner is not outer.condition:
            return outer.condition, inner is outer.when_true
        case nodes.If() if inner is not outer.condition:
            return outer.condition, inner is outer.then
        case nodes.Switch() if isinstance(inner, nodes.SwitchSection):
            labels = inner.constants
            return (outer.value, labels[0]) if labels else None
        case nodes.Loop() if outer.condition is not None and inner is outer.body and not recorded.has_any(inner):
            return outer.condition, True
        case nodes.Coalesce() if inner is outer.right:
            return outer.left, None
        case nodes.ConditionalAccess() if inner is outer.access and recorded.raw(outer.receiver) is None:
            return outer.receiver, _NotNull()
        case nodes.Foreach() if inner is outer.body:
            return outer.collection, _Nonempty()
        case nodes.Lambda():
            call = next(
                (enclosing for enclosing in reversed(recorded.around(outer)) if isinstance(enclosing, nodes.Call)), None
            )
            if call is not None:
                source = call.receiver or call.arguments[0]
                return source, _Nonempty()
    return None
