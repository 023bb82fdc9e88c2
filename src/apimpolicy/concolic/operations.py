"""The terms of operators, type tests and conversions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.binding import nodes
from apimpolicy.binding.conditions import unconverted
from apimpolicy.concolic import json_casts, solver, symbolic_json, throwing
from apimpolicy.concolic.forms import Call, form_of
from apimpolicy.concolic.origins import Origin
from apimpolicy.concolic.replayer import Replayer, Thrown, handles
from apimpolicy.concolic.strings import compared_with_null, concatenated, same_terms, same_text
from apimpolicy.concolic.values import ConcolicValue, term_of

if TYPE_CHECKING:
    from apimpolicy.concolic.solver import Term

_RANGES = {"int": 31, "long": 63, "short": 15, "sbyte": 7}
_UNSIGNED = {"uint": 32, "ulong": 64, "ushort": 16, "byte": 8}
_REAL = ("double", "float", "decimal")
_NUMBERS = (*_RANGES, *_UNSIGNED, *_REAL)


@handles(nodes.Logical)
def logical(replayer: Replayer, node: nodes.Logical) -> ConcolicValue:
    taken, left = replayer.decide(node.left)
    if taken is (node.operator == "||"):
        return (
            ConcolicValue(taken)
            if term_of(left) is not None
            else ConcolicValue(unsupported=left.unsupported, origin=left.origin)
        )
    _, right = replayer.decide(node.right)
    return right


@handles(nodes.Conditional)
def conditional(replayer: Replayer, node: nodes.Conditional) -> ConcolicValue:
    taken, _ = replayer.decide(node.condition)
    return replayer.evaluate(node.when_true if taken else node.when_false)


def decide_null(replayer: Replayer, concolic: ConcolicValue, place: nodes.Expression) -> bool:
    """Return whether a value is null, and branch on it."""
    is_null = concolic.value is None
    if concolic.null is not None:
        replayer.path.add_branch(concolic.null, is_null, (place, "null"))
    elif concolic.unsupported is not None:
        is_one = ConcolicValue(is_null, unsupported=concolic.unsupported, origin=Origin("is null", place, [concolic]))
        replayer.path.add_branch(None, is_null, (place, "null"), concolic.unsupported, value=is_one)
    return is_null


@handles(nodes.Coalesce)
def coalesce(replayer: Replayer, node: nodes.Coalesce) -> ConcolicValue:
    left = replayer.evaluate(node.left)
    if decide_null(replayer, left, unconverted(node.left)):
        return replayer.evaluate(node.right)
    replayer.placeholders[node.placeholder] = _not_null(left)
    return replayer.evaluate(node.value)


@handles(nodes.ConditionalAccess)
def conditional_access(replayer: Replayer, node: nodes.ConditionalAccess) -> ConcolicValue:
    receiver = replayer.evaluate(node.receiver)
    if decide_null(replayer, receiver, unconverted(node.receiver)):
        return ConcolicValue(None)
    replayer.placeholders[node.placeholder] = _not_null(receiver)
    return replayer.evaluate(node.access)


def _not_null(concolic: ConcolicValue) -> ConcolicValue:
    """Return a value on a path where it is not null."""
    return ConcolicValue(
        concolic.value, concolic.term, form=concolic.form, unsupported=concolic.unsupported, origin=concolic.origin
    )


@handles(nodes.Unary)
def unary(replayer: Replayer, node: nodes.Unary) -> ConcolicValue:
    operand = replayer.evaluate(node.operand)
    term = term_of(operand)
    if operand.is_constant:
        return ConcolicValue()
    if term is not None and node.operator == "!" and not node.is_lifted:
        return ConcolicValue(term=solver.not_(term))
    if term is not None and node.operator == "+":
        return operand
    if term is not None and node.operator == "-" and not node.is_lifted:
        return fitting(replayer, node, -term, str(node.type))
    return replayer.opaque(f"operator {node.operator}", node, [operand])


@handles(nodes.Binary)
def binary(replayer: Replayer, node: nodes.Binary) -> ConcolicValue:
    left, right = replayer.evaluate(node.left), replayer.evaluate(node.right)
    kind = str(node.operand_type)
    if left.is_constant and right.is_constant:
        return ConcolicValue()
    found: ConcolicValue | None = None
    if node.method is None:
        if kind == "string" and node.operator == "+":
            found = concatenated(replayer, [left, right])
        elif node.operator in ("==", "!="):
            found = _equality(left, right, kind)
            if found is not None and node.operator == "!=" and found.term is not None:
                found = ConcolicValue(term=solver.not_(found.term))
        else:
            found = _ordinary(replayer, node, left, right, kind)
    else:
        form = form_of(node.method.declaring.name, node.method.signature)
        found = None if form is None else form(Call(replayer, node, node.method, None, [left, right]))
    if found is not None:
        return found
    name = f"{node.method.declaring.name} {node.operator}" if node.method is not None else f"{kind} {node.operator}"
    return replayer.opaque(name, node, [left, right], may_throw=throwing.operator_may_throw(node))


def _equality(left: ConcolicValue, right: ConcolicValue, kind: str) -> ConcolicValue | None:
    if kind == "string":
        return same_text(left, right)
    for one, other in ((left, right), (right, left)):
        if one.is_constant and one.value is None:  # a comparison with null
            return compared_with_null(other)
    if kind == "object":
        return _same_object(left, right)
    return same_terms(left, right)


def _same_object(left: ConcolicValue, right: ConcolicValue) -> ConcolicValue | None:
    """Return `==` of references: an input string and a constant are the same object only if both are empty."""
    for one, other in ((left, right), (right, left)):
        if not (other.is_constant and isinstance(other.value, str)):
            continue
        tree = one.form
        if isinstance(tree, symbolic_json.SymbolicJson) and not tree.is_token:
            is_empty = solver.all_of(tree.kind == symbolic_json.TEXT, solver.equal(tree.text, solver.constant("")))
            return ConcolicValue(term=is_empty) if not other.value else ConcolicValue(False)
        term = term_of(one)
        if term is not None and solver.is_string(term) and one.form is None:
            return (
                ConcolicValue(term=solver.equal(term, solver.constant(""))) if not other.value else ConcolicValue(False)
            )
    return None


def _ordinary(
    replayer: Replayer, node: nodes.Binary, left: ConcolicValue, right: ConcolicValue, kind: str
) -> ConcolicValue | None:
    one, two = term_of(left), term_of(right)
    if one is None or two is None:
        return None
    if kind == "bool" and not node.is_lifted:
        made = {"&": solver.all_of, "|": solver.any_of}.get(node.operator)
        return (
            ConcolicValue(term=made(one, two))
            if made is not None
            else ConcolicValue(term=one != two)
            if node.operator == "^"
            else None
        )
    if kind not in _NUMBERS:
        return None
    if node.operator in ("<", ">", "<=", ">="):
        asked = _comparison(node.operator, one, two)
        if node.is_lifted:
            asked = solver.all_of(solver.not_(left.is_null), solver.not_(right.is_null), asked)
        return ConcolicValue(term=asked)
    if node.is_lifted or kind in _REAL:
        return None
    return _arithmetic(replayer, node, one, two, str(node.type))


def _comparison(operator: str, one: Term, two: Term) -> Term:
    return {"<": one < two, ">": one > two, "<=": one <= two, ">=": one >= two}[operator]


def _arithmetic(replayer: Replayer, node: nodes.Binary, one: Term, two: Term, kind: str) -> ConcolicValue | None:
    if node.operator in ("/", "%"):
        replayer.guard(two != 0)
        quotient = solver.if_else(
            two > 0,
            solver.if_else(one >= 0, one / two, -((-one) / two)),
            solver.if_else(one >= 0, -(one / (-two)), (-one) / (-two)),
        )
        return fitting(replayer, node, quotient if node.operator == "/" else one - two * quotient, kind)
    made = {"+": lambda: one + two, "-": lambda: one - two, "*": lambda: one * two}.get(node.operator)
    return None if made is None else fitting(replayer, node, made(), kind)


def fitting(replayer: Replayer, node: nodes.Expression, term: Term, kind: str) -> ConcolicValue:
    """Return a number; where it may overflow its type, it has its value from the run."""
    least, most = limits_of(kind)
    fits = solver.all_of(term >= least, term <= most)
    value = replayer.inputs.value(fits, replayer.path.assignment)
    if value is not True:
        return replayer.unsupported_value(None, f"overflow of {kind}", node)
    replayer.path.add_branch(fits, True, "guard")
    return ConcolicValue(term=term)


def limits_of(kind: str) -> tuple[int, int]:
    """Return the least and the largest number of an integral type."""
    if kind in _UNSIGNED:
        return 0, 2 ** _UNSIGNED[kind] - 1
    bits = _RANGES.get(kind, 63)
    return -(2**bits), 2**bits - 1


# Conversions


@handles(nodes.Convert)
def convert(replayer: Replayer, node: nodes.Convert) -> ConcolicValue:
    operand = replayer.evaluate(node.operand)
    found = converted(replayer, node, operand, node.conversion)
    if found.value is None and found is not operand and not node.is_explicit:
        found.value = operand.value
    return found


def converted(replayer: Replayer, node: nodes.Expression, operand: ConcolicValue, conversion: Any) -> ConcolicValue:
    """Return the value after a conversion."""
    kind = conversion.kind
    if kind == "reference" and conversion.is_implicit:
        return operand  # the same object, so that whoever changes it changes that one
    if operand.is_constant:
        return ConcolicValue()
    if kind in ("identity", "null", "default", "boxing", "enum", "constant", "nullable", "interpolated"):
        return _carried(operand)
    source, target = str(getattr(node, "operand", node).type), str(node.type)
    if kind == "numeric":
        return _numeric(replayer, node, operand, source, target)
    if isinstance(operand.form, symbolic_json.SymbolicJson) and kind in ("reference", "unboxing"):
        return json_casts.cast(replayer, operand, target)
    if isinstance(operand.form, symbolic_json.Token) and kind == "user" and source.startswith("Newtonsoft.Json.Linq."):
        return symbolic_json.explicit(replayer, operand, target)
    if kind in ("reference", "unboxing"):
        return _carried(operand)  # the run shows the type, which is the same in every run with this path
    if (
        kind == "user"
        and target.startswith("Newtonsoft.Json.Linq.")
        and operand.form is None
        and operand.unsupported is None
    ):
        return ConcolicValue(term=operand.term, null=operand.null, form=symbolic_json.JsonScalar(operand))
    if conversion.method is not None:
        form = form_of(conversion.method.declaring.name, conversion.method.signature)
        found = None if form is None else form(Call(replayer, node, conversion.method, None, [operand]))
        if found is not None:
            return found
    return replayer.opaque(f"conversion from {source} to {target}", node, [operand])


def _carried(operand: ConcolicValue) -> ConcolicValue:
    return operand.as_value(None)


def _numeric(
    replayer: Replayer, node: nodes.Expression, operand: ConcolicValue, source: str, target: str
) -> ConcolicValue:
    term = term_of(operand)
    what, may_throw = f"conversion from {source} to {target}", "decimal" in (source, target)
    if term is None or source == "char" or target == "char":
        return replayer.opaque(what, node, [operand], may_throw=may_throw)
    if target in _REAL or source not in _REAL:
        return (
            _carried(operand) if target in _REAL or _widens(source, target) else fitting(replayer, node, term, target)
        )
    return replayer.opaque(what, node, [operand], may_throw=may_throw)


def _widens(source: str, target: str) -> bool:
    least, most = limits_of(source)
    lowest, highest = limits_of(target)
    return lowest <= least and most <= highest


@handles(nodes.AsType)
def as_type(replayer: Replayer, node: nodes.AsType) -> ConcolicValue:
    operand = replayer.evaluate(node.operand)
    if operand.is_constant:
        return ConcolicValue()
    if isinstance(operand.form, symbolic_json.SymbolicJson):
        return json_casts.as_type(replayer, operand, str(node.type))
    return _carried(operand)


@handles(nodes.IsType)
def is_type(replayer: Replayer, node: nodes.IsType) -> ConcolicValue:
    operand = replayer.evaluate(node.operand)
    if operand.is_constant:
        return ConcolicValue()
    if isinstance(operand.form, symbolic_json.SymbolicJson):
        return ConcolicValue(term=json_casts.is_type(operand, str(node.target)))
    if operand.unsupported is None and operand.null is not None:
        return ConcolicValue(term=solver.not_(operand.null))
    return replayer.opaque(f"is {node.target}", node, [operand])


@handles(nodes.IsPattern)
def is_pattern(replayer: Replayer, node: nodes.IsPattern) -> ConcolicValue:
    operand = replayer.evaluate(node.operand)
    return matched(replayer, node, operand, node.pattern)


def matched(
    replayer: Replayer, node: nodes.Expression | nodes.Bound, operand: ConcolicValue, pattern: nodes.Pattern
) -> ConcolicValue:
    """Return whether a value matches a pattern, and set the pattern's variable."""
    found: ConcolicValue | None = None
    if pattern.value is not None:
        value = replayer.evaluate(pattern.value)
        kind = str(getattr(node, "operand", pattern.value).type)
        found = _equality(operand, value, "string" if isinstance(value.value, str) else kind)
    elif pattern.target is not None and isinstance(operand.form, symbolic_json.SymbolicJson):
        found = ConcolicValue(term=json_casts.is_type(operand, str(pattern.target)))
    if pattern.symbol is not None:
        replayer.locals[pattern.symbol] = (
            json_casts.cast_silently(operand, str(pattern.target))
            if isinstance(operand.form, symbolic_json.SymbolicJson)
            else operand
        )
    if found is not None:
        return found
    return ConcolicValue() if operand.is_constant else replayer.opaque("pattern", node, [operand])


@handles(nodes.ThrowExpression)
def throw_expression(replayer: Replayer, node: nodes.ThrowExpression) -> ConcolicValue:
    replayer.evaluate(node.exception)
    raise Thrown


@handles(nodes.InterpolatedString)
def interpolated(replayer: Replayer, node: nodes.InterpolatedString) -> ConcolicValue:
    parts: list[ConcolicValue] = []
    is_plain = True
    for part in node.parts:
        if isinstance(part, str):
            parts.append(ConcolicValue(part))
        else:
            is_plain = is_plain and part.alignment is None and part.format is None
            parts.append(replayer.evaluate(part.value))
    found = concatenated(replayer, parts) if is_plain else None
    return found if found is not None else replayer.opaque("interpolated string", node, parts, may_throw=False)
