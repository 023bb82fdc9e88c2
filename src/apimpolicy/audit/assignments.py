"""The values that set-variable assigns: constants under conditions, or a value with an origin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.audit.conditions import Condition, Reader
from apimpolicy.audit.origins import constant, is_null, receiver_of
from apimpolicy.audit.sources import OF_GATEWAY, of_text, returned
from apimpolicy.audit.states import ALWAYS, Alternatives, both
from apimpolicy.audit.values import UNKNOWN, Parts, Value
from apimpolicy.binding import nodes

if TYPE_CHECKING:
    from apimpolicy.audit.variables import Knowledge
    from apimpolicy.binding.nodes import Bound
    from apimpolicy.checks.expressions import ExpressionCheck
    from apimpolicy.text.document import Characters

MOST_DEPTH = 8


def assigned(written: Characters, knowledge: Knowledge, check: ExpressionCheck) -> Value:
    """Return the value of a variable from the attribute that sets it."""
    excerpt = written.expression
    if excerpt is None:
        if "{{" in written.text:
            return Value("unknown", parts=((ALWAYS, OF_GATEWAY),))
        return Value.constant(written.text, of_text(written.text))
    _, compiled = check.compile(excerpt)
    if compiled.bound is None or not compiled.nodes:
        return UNKNOWN
    reader = Reader(Condition(excerpt, knowledge), compiled.nodes)
    body = compiled.bound.body
    return _value(reader, body, str(compiled.bound.type))._replace(parts=parts_of(reader, body))


def _value(reader: Reader, body: Bound, of_type: str) -> Value:
    if str(getattr(body, "type", "")) == "bool" or of_type == "bool":
        found = reader.body(body)
        outcomes = ((found.if_true, "True"), (found.if_false, "False"))
        return Value("cases", tuple(case for case in outcomes if case[0]))
    if isinstance(body, nodes.Block):
        return UNKNOWN
    if isinstance(body, nodes.Conditional):
        chosen = [None if is_null(each) else constant(each) for each in (body.when_true, body.when_false)]
        if all(isinstance(each, (str, int, type(None))) for each in chosen) and chosen != [None, None]:
            found = reader.truth(body.condition)
            both_cases = ((found.if_true, chosen[0]), (found.if_false, chosen[1]))
            cases = tuple((proven, None if one is None else str(one)) for proven, one in both_cases if proven)
            return Value("cases", cases)
    value = constant(body)
    if value is not None:
        return Value("cases", ((ALWAYS, str(value)),))
    origin = reader.origins.of(body)
    if origin.kind == "variable" and origin.name in reader.known.variables and not origin.members:
        return reader.known.variables[origin.name]
    if origin.kind in ("header", "query") and reader.known.is_written(origin):
        kept = reader.known.written_to(origin)
        return kept if not origin.members else Value("unknown")
    return Value("origin", origin=origin) if origin.kind else UNKNOWN


def parts_of(reader: Reader, node: Bound | None, depth: int = 0) -> Parts:
    """Return the sources of a value, apart where conditions, defaults or assignments choose between them."""
    node = reader.origins.resolved_once(node)
    if depth < MOST_DEPTH and (several := _several(reader, node)):
        return _guarded(*((ALWAYS, parts_of(reader, each, depth + 1)) for each in several))
    match node:
        case nodes.Conditional():
            found = reader.truth(node.condition)
            return _guarded(
                (found.if_true, parts_of(reader, node.when_true, depth)),
                (found.if_false, parts_of(reader, node.when_false, depth)),
            )
        case nodes.Coalesce():
            return _with_default(
                reader, node.left, parts_of(reader, node.left, depth), parts_of(reader, node.right, depth)
            )
        case nodes.Call():
            receiver, arguments = receiver_of(node)
            origin = reader.origins.of(node)
            if node.method.name == "GetValueOrDefault" and origin.kind in ("header", "query"):
                found_parts = reader.known.parts_of(origin)
                default = parts_of(reader, arguments[1], depth) if len(arguments) > 1 else ()
                return _with_default(reader, node, found_parts, default) if default else found_parts
            if receiver is not None and not reader.sources.of_all(arguments):
                return parts_of(reader, receiver, depth)
        case nodes.Binary() if node.operator == "+":
            for one, other in ((node.left, node.right), (node.right, node.left)):
                if not reader.sources.of(one):
                    return parts_of(reader, other, depth)
        case nodes.Local() | nodes.IndexerAccess() | nodes.PropertyAccess():
            origin = reader.origins.of(node)
            if origin.kind in ("header", "query", "variable") and origin.name is not None:
                return reader.known.parts_of(origin)
    return ((ALWAYS, reader.sources.of(node)),)


def _several(reader: Reader, node: Bound | None) -> list[Bound]:
    """Return the values that a block returns, or that are assigned to a local variable, if there are several."""
    if isinstance(node, nodes.Block):
        return returned(node)
    if not isinstance(node, nodes.Local):
        return []
    found = reader.origins.definitions.get(id(node.symbol), [])
    return found if len(found) > 1 else []


def _guarded(*given: tuple[Alternatives, Parts]) -> Parts:
    found = [(both(guard, proven), sources) for guard, parts in given for proven, sources in parts]
    return tuple((proven, sources) for proven, sources in found if proven)


def _with_default(reader: Reader, node: Bound | None, parts: Parts, default: Parts) -> Parts:
    """Return the sources of a value with a default: the default's are those of requests without the value."""
    origin = reader.origins.of(node)._replace(default=None, is_open=False)
    absent = reader.known.absence(origin)
    if absent is None:
        return _guarded((ALWAYS, parts), (ALWAYS, default))
    return _guarded((absent.if_false, parts), (absent.if_true, default))
