"""Inverses of operators, conversions, tests and queries over collections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.binding.nodes import Bound, Expression
from apimpolicy.reasoning.proposing.inversion.core import one_item, sample, unconverted, usual
from apimpolicy.reasoning.proposing.inversion.inverses import inverse
from apimpolicy.reasoning.proposing.inversion.recorded import UNKNOWN, Recorded, Ticks
from apimpolicy.reasoning.proposing.inversion.values import SECOND, different, resized, with_member

if TYPE_CHECKING:
    from apimpolicy.reasoning.proposing.inversion.core import Inversion, Requests


NEGATED = {"<": ">=", ">": "<=", "<=": ">", ">=": "<", "==": "!=", "!=": "=="}
_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}


def invert_convert(inversion: Inversion, recorded: Recorded, node: Any, wanted: Any) -> Requests:
    yield from inversion.solve(recorded, node.operand, wanted)


invert_as_type = invert_convert


def invert_assignment(inversion: Inversion, recorded: Recorded, node: Any, wanted: Any) -> Requests:
    yield from inversion.solve(recorded, node.value, wanted)


def invert_unary(inversion: Inversion, recorded: Recorded, node: nodes.Unary, wanted: Any) -> Requests:
    if node.operator == "!":
        yield from inversion.solve(recorded, node.operand, not wanted)
    elif node.operator == "-" and isinstance(wanted, (int, float)):
        yield from inversion.solve(recorded, node.operand, -wanted)


def invert_logical(inversion: Inversion, recorded: Recorded, node: nodes.Logical, wanted: Any) -> Requests:
    is_and = node.operator == "&&"
    if bool(wanted) == is_and:  # both: the first that differs
        for part in (node.left, node.right):
            if recorded.raw(part) is not wanted:
                yield from inversion.solve(recorded, part, wanted)
    elif recorded.has(node.right):
        yield from inversion.solve(recorded, node.right, wanted)
        yield from inversion.solve(recorded, node.left, wanted)
    else:
        yield from inversion.solve(recorded, node.left, wanted)
        yield from inversion.solve(recorded, node.right, wanted)


def invert_binary(inversion: Inversion, recorded: Recorded, node: nodes.Binary, wanted: Any) -> Requests:
    left, right, operator = node.left, node.right, node.operator
    if operator in NEGATED:
        yield from compared(inversion, recorded, left, right, operator if wanted else NEGATED[operator])
        return
    one, other = recorded.value(left), recorded.value(right)
    if operator in ("&", "|", "^") and isinstance(wanted, bool):
        yield from inversion.solve(recorded, left, wanted)
        yield from inversion.solve(recorded, right, wanted)
    elif operator == "+" and (isinstance(wanted, str) or str(node.type) == "string"):
        yield from by_operands(inversion, recorded, "Concat", [*_joined(left), *_joined(right)], wanted)
    elif isinstance(wanted, (int, float)):
        for number, known in ((0, other), (1, one)):
            if isinstance(known, (int, float)) and not isinstance(known, bool):
                for value in arithmetic(operator, number, known, wanted, (one, other)[number]):
                    yield from inversion.solve(recorded, (left, right)[number], value)


def _joined(node: Expression) -> list[Expression]:
    if isinstance(node, nodes.Binary) and node.operator == "+" and str(node.type) == "string":
        return [*_joined(node.left), *_joined(node.right)]
    return [node]


def compared(inversion: Inversion, recorded: Recorded, left: Expression, right: Expression, operator: str) -> Requests:
    one, other = recorded.value(left), recorded.value(right)
    if operator == "==":
        yield from same_containers(inversion, recorded, left, right)
    for node, known, around, sign in ((left, other, left, operator), (right, one, right, _MIRRORED[operator])):
        if known is UNKNOWN:
            continue
        for value in meeting(inversion, recorded, around, known, sign):
            yield from inversion.solve(recorded, node, value)


def meeting(inversion: Inversion, recorded: Recorded, node: Expression, known: Any, sign: str) -> list[Any]:
    if sign == "==":
        return [known]
    if sign == "!=":
        return [usual(inversion, recorded, node)] if known is None else different(known)
    if not isinstance(known, (int, float)) or isinstance(known, bool):
        return []
    step: Any = 60 * SECOND if isinstance(known, Ticks) else 1
    values = {"<": [known - step], ">": [known + step], "<=": [known, known - step], ">=": [known, known + step]}
    made = values[sign]
    return [Ticks(each) for each in made] if isinstance(known, Ticks) else made


def same_containers(inversion: Inversion, recorded: Recorded, left: Expression, right: Expression) -> Requests:
    """Yield requests in which the arrays or texts are equal of which parts or lengths are compared."""
    pair = [unconverted(left), unconverted(right)]
    if all(isinstance(each, (nodes.ArrayAccess, nodes.IndexerAccess, nodes.PropertyAccess)) for each in pair):
        holders = [each.array if isinstance(each, nodes.ArrayAccess) else each.receiver for each in pair]
        if all(each is not None and recorded.has(each) for each in holders):
            values = [recorded.value(each) for each in holders]
            if all(isinstance(each, (bytes, str, list)) for each in values) and values[0] != values[1]:
                yield from inversion.solve(recorded, holders[0], values[1])
                yield from inversion.solve(recorded, holders[1], values[0])


def invert_conditional(inversion: Inversion, recorded: Recorded, node: nodes.Conditional, wanted: Any) -> Requests:
    taken = recorded.raw(node.condition)
    if taken is UNKNOWN:
        yield from inversion.solve(recorded, node.condition, True)
        return
    here, there = (node.when_true, node.when_false) if taken else (node.when_false, node.when_true)
    if there.is_constant and there.constant == wanted:
        yield from inversion.solve(recorded, node.condition, not taken)
    yield from inversion.solve(recorded, here, wanted)
    if not there.is_constant:
        yield from inversion.solve(recorded, node.condition, not taken)


def invert_coalesce(inversion: Inversion, recorded: Recorded, node: nodes.Coalesce, wanted: Any) -> Requests:
    yield from inversion.solve(recorded, node.left, wanted)
    if recorded.raw(node.left) is None:
        yield from inversion.solve(recorded, node.right, wanted)


def invert_conditional_access(
    inversion: Inversion, recorded: Recorded, node: nodes.ConditionalAccess, wanted: Any
) -> Requests:
    if wanted is None:
        yield from inversion.solve(recorded, node.receiver, None)
    elif recorded.raw(node.receiver) is None:
        yield from inversion.solve(recorded, node.receiver, usual(inversion, recorded, node.receiver))
    yield from inversion.solve(recorded, node.access, wanted)


def invert_placeholder(inversion: Inversion, recorded: Recorded, node: nodes.Placeholder, wanted: Any) -> Requests:
    holder = recorded.holder(node)
    if holder is not None:
        yield from inversion.solve(recorded, holder, wanted)


def invert_is_type(inversion: Inversion, recorded: Recorded, node: Any, wanted: Any) -> Requests:
    target = node.target if isinstance(node, nodes.IsType) else node.pattern.target
    if isinstance(node, nodes.IsPattern) and node.pattern.value is not None:
        known = recorded.value(node.pattern.value)
        yield from (
            each
            for value in ([known] if wanted else different(known))
            for each in inversion.solve(recorded, node.operand, value)
        )
    elif wanted:
        yield from inversion.solve(recorded, node.operand, sample(str(target)))
    else:
        others: list[Any] = [None, "x", {}]
        for value in others:
            yield from inversion.solve(recorded, node.operand, value)


invert_is_pattern = invert_is_type


def invert_compound_assignment(
    inversion: Inversion, recorded: Recorded, node: nodes.CompoundAssignment, wanted: Any
) -> Requests:
    """Yield requests with which the last change of a variable makes up the difference."""
    change, current = unconverted(node.result), recorded.value(node)
    if isinstance(change, nodes.Binary) and isinstance(current, (int, float)) and isinstance(wanted, (int, float)):
        value = recorded.value(change.right)
        if change.operator in ("+", "-") and isinstance(value, (int, float)):
            difference = wanted - current
            yield from inversion.solve(
                recorded, change.right, value + (difference if change.operator == "+" else -difference)
            )
    elif isinstance(change, nodes.Binary) and isinstance(current, str) and isinstance(wanted, str):
        part = recorded.value(change.right)
        if isinstance(part, str):
            yield from inversion.solve(recorded, change.right, wanted.removeprefix(current.removesuffix(part)))


def invert_interpolated_string(
    inversion: Inversion, recorded: Recorded, node: nodes.InterpolatedString, wanted: Any
) -> Requests:
    parts = [each.value if isinstance(each, nodes.Interpolation) else each for each in node.parts]
    values = [each if isinstance(each, str) else recorded.value(each) for each in parts]
    for index, value in inverse("Concat", values, wanted):
        if not isinstance(part := parts[index], str):
            yield from inversion.solve(recorded, part, value)


def by_operands(
    inversion: Inversion, recorded: Recorded, name: str, operands: Sequence[Expression], wanted: Any
) -> Requests:
    values = [recorded.value(each) for each in operands]
    flat: list[Any] = list(operands)
    if name == "Format" and len(flat) == 2 and isinstance(inner := unconverted(flat[1]), nodes.ArrayCreation):
        flat = [flat[0], *(inner.items or ())]
        values = [recorded.value(each) for each in flat]
    for number, value in inverse(name, values, wanted):
        if 0 <= number < len(flat) and not flat[number].is_constant:
            yield from inversion.solve(recorded, flat[number], value)


def arithmetic(operator: str, number: int, known: Any, wanted: Any, current: Any) -> list[Any]:
    """Return operands with which an operator gives a number; `known` is the other one."""
    try:
        match operator, number:
            case "+", _:
                return [wanted - known]
            case "-", 0:
                return [wanted + known]
            case "-", 1:
                return [known - wanted]
            case "*", _:
                return [wanted // known, -(-wanted // known)] if known else []
            case "/", 0:
                return [wanted * known]
            case "%", 0:
                base = current if isinstance(current, int) else 0
                return [base - base % known + wanted] if known else []
            case "&" | "|", _:
                return [wanted]
            case "<<", 0:
                return [wanted >> known]
            case ">>", 0:
                return [wanted << known]
    except (ArithmeticError, TypeError, ValueError):
        pass
    return []


_LINQ = {"Exists": "Any", "TrueForAll": "All", "Find": "FirstOrDefault", "FindAll": "Where"}
"""Members of arrays and lists that are queries by another name."""


def query(
    inversion: Inversion,
    recorded: Recorded,
    node: nodes.Call,
    operands: list[Expression],
    test: nodes.Lambda,
    wanted: Any,
) -> Requests:
    """Yield requests with which a query over a collection has another result."""
    name, source = _LINQ.get(node.method.name, node.method.name), operands[0]
    items, body = recorded.value(source), test.body
    has_run = recorded.has_any(body)
    if not has_run:
        first = one_item(inversion, recorded, test)
        if not (name in ("All", "Any", "Count") and wanted in (False, 0) and name != "All"):
            yield from inversion.solve(recorded, source, first)
        return
    if not isinstance(body, nodes.Expression):
        return
    match name:
        case "Any" | "All":
            yield from inversion.solve(recorded, body, wanted)
            if isinstance(items, list):
                if bool(wanted) == (name == "Any"):
                    yield from inversion.solve(recorded, source, [*items, *items[-1:]])
                else:
                    yield from inversion.solve(recorded, source, [])
        case "First" | "FirstOrDefault" | "Single" | "SingleOrDefault" | "Last" | "LastOrDefault":
            current = recorded.value(node)
            if wanted is None:
                yield from inversion.solve(recorded, body, False)
            elif current is None or current is UNKNOWN:
                yield from inversion.solve(recorded, body, True)
            elif isinstance(items, list) and current in items:
                yield from inversion.solve(recorded, source, with_member(items, [items.index(current)], wanted))
            else:
                if not isinstance(items, list):
                    yield from inversion.solve(recorded, source, [wanted])
                yield from inversion.solve(recorded, body, False)
                yield from inversion.solve(recorded, body, True)
        case "Select" | "Sum" | "Max" | "Min" | "Average":
            outer = recorded.parents.get(id(node))
            current = recorded.value(outer) if isinstance(outer, nodes.Call) else recorded.value(node)
            if isinstance(wanted, list) and isinstance(current, list) and len(wanted) == len(current):
                inversion.place = next((i for i, item in enumerate(wanted) if item != current[i]), None)
                try:
                    yield from inversion.solve(recorded, body, wanted[inversion.place or 0] if wanted else None)
                finally:
                    inversion.place = None
                return
            yield from inversion.solve(recorded, body, wanted[-1] if isinstance(wanted, list) and wanted else wanted)
            if isinstance(wanted, list) and isinstance(items, list) and len(wanted) != len(items):
                yield from inversion.solve(recorded, source, resized(items, len(wanted)))
        case "Where" | "Count" | "TakeWhile" | "SkipWhile":
            size = len(wanted) if isinstance(wanted, list) else int(wanted) if isinstance(wanted, (int, float)) else 1
            if size:
                yield from inversion.solve(recorded, body, True)
                if isinstance(wanted, list):
                    yield from inversion.solve(recorded, source, wanted)
                if size > 1 and isinstance(items, list):
                    yield from inversion.solve(recorded, source, [*items[-1:]] * size)
            else:
                yield from inversion.solve(recorded, body, False)
        case "ToDictionary" if isinstance(wanted, dict):
            yield from to_dictionary(inversion, recorded, node, operands, wanted)
        case "GroupBy" if isinstance(wanted, list):
            groups = (group if isinstance(group, list) else [group] for group in wanted)
            yield from inversion.solve(recorded, source, [item for group in groups for item in group])
        case "OrderBy" | "OrderByDescending" | "ThenBy":
            yield from inversion.solve(recorded, source, wanted)


def to_dictionary(
    inversion: Inversion, recorded: Recorded, node: nodes.Call, operands: list[Expression], wanted: dict[Any, Any]
) -> Requests:
    current = recorded.value(node)
    known = list(current) if isinstance(current, dict) else []
    of_key, *of_value = [inner.body for each in operands if isinstance(inner := unconverted(each), nodes.Lambda)]
    for key, value in wanted.items():
        if key not in known:
            yield from inversion.solve(recorded, of_key, key)
        elif current[key] != value and of_value:
            inversion.place = known.index(key)
            try:
                yield from inversion.solve(recorded, of_value[0], value)
            finally:
                inversion.place = None


def key_of_group(inversion: Inversion, recorded: Recorded, group: Bound, wanted: Any) -> Requests:
    node = unconverted(group)
    sources = recorded.sources.get(id(node.symbol), []) if isinstance(node, nodes.Local) else [node]
    for source in sources:
        for each in source.walk():
            if isinstance(each, nodes.Call) and each.method.name == "GroupBy":
                selector = unconverted(each.arguments[0 if each.receiver is not None else 1])
                if isinstance(selector, nodes.Lambda):
                    yield from inversion.solve(recorded, selector.body, wanted)


def tested_by_method(
    inversion: Inversion, recorded: Recorded, source: Expression, name: str, is_all: bool, wanted: Any
) -> Requests:
    """Yield requests with which a method is true of all items, or of any; or isn't."""
    given = recorded.value(source)
    items = list(given) if isinstance(given, (str, list)) and given else ["x"]
    for place in range(len(items)) if bool(wanted) == is_all else [len(items) - 1]:
        items[place] = next((value for _, value in inverse(name, [items[place]], bool(wanted))), items[place])
    yield from inversion.solve(recorded, source, "".join(map(str, items)) if isinstance(given, str) else items)
