"""What operators, tests and conversions mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.binding import nodes
from apimpolicy.symbolic import solver, totality, tree_types, trees
from apimpolicy.symbolic.forms import Call, form_of
from apimpolicy.symbolic.origins import Origin
from apimpolicy.symbolic.texts import as_text, concatenated, same_text
from apimpolicy.symbolic.values import Dual, obstacle_in, term_of
from apimpolicy.symbolic.walker import Walker, walks

if TYPE_CHECKING:
    from apimpolicy.symbolic.solver import Term

_RANGES = {"int": 31, "long": 63, "short": 15, "sbyte": 7}
_UNSIGNED = {"uint": 32, "ulong": 64, "ushort": 16, "byte": 8}
_REAL = ("double", "float", "decimal")
_NUMBERS = (*_RANGES, *_UNSIGNED, *_REAL)


@walks(nodes.Logical)
def logical(walker: Walker, node: nodes.Logical) -> Dual:
    taken, left = walker.decide(node.left)
    if taken is (node.operator == "||"):
        return Dual(taken) if term_of(left) is not None else Dual(lost=left.lost, origin=left.origin)
    _, right = walker.decide(node.right)
    return right


@walks(nodes.Conditional)
def conditional(walker: Walker, node: nodes.Conditional) -> Dual:
    taken, _ = walker.decide(node.condition)
    return walker.evaluate(node.when_true if taken else node.when_false)


def decide_null(walker: Walker, dual: Dual, place: nodes.Expression) -> bool:
    """Whether a value is null, which decides the way."""
    is_null = dual.value is None
    if dual.null is not None:
        walker.path.hold(dual.null, is_null, (place, "null"))
    elif dual.lost is not None:
        is_one = Dual(is_null, lost=dual.lost, origin=Origin("is null", place, [dual]))
        walker.path.hold(None, is_null, (place, "null"), dual.lost, value=is_one)
    return is_null


@walks(nodes.Coalesce)
def coalesce(walker: Walker, node: nodes.Coalesce) -> Dual:
    left = walker.evaluate(node.left)
    if decide_null(walker, left, _unconverted(node.left)):
        return walker.evaluate(node.right)
    walker.placeholders[node.placeholder] = _not_null(left)
    return walker.evaluate(node.value)


@walks(nodes.ConditionalAccess)
def conditional_access(walker: Walker, node: nodes.ConditionalAccess) -> Dual:
    receiver = walker.evaluate(node.receiver)
    if decide_null(walker, receiver, _unconverted(node.receiver)):
        return Dual(None)
    walker.placeholders[node.placeholder] = _not_null(receiver)
    return walker.evaluate(node.access)


def _unconverted(node: nodes.Expression) -> nodes.Expression:
    from apimpolicy.binding.conditions import unconverted

    return unconverted(node)


def _not_null(dual: Dual) -> Dual:
    """The value on a way on which it is not null."""
    return Dual(dual.value, dual.term, form=dual.form, lost=dual.lost, origin=dual.origin)


@walks(nodes.Unary)
def unary(walker: Walker, node: nodes.Unary) -> Dual:
    operand = walker.evaluate(node.operand)
    term = term_of(operand)
    if operand.is_constant:
        return Dual()
    if term is not None and node.operator == "!" and not node.is_lifted:
        return Dual(term=solver.no(term))
    if term is not None and node.operator == "+":
        return operand
    if term is not None and node.operator == "-" and not node.is_lifted:
        return fitting(walker, node, -term, str(node.type))
    return walker.opaque(f"operator {node.operator}", node, [operand])


@walks(nodes.Binary)
def binary(walker: Walker, node: nodes.Binary) -> Dual:
    left, right = walker.evaluate(node.left), walker.evaluate(node.right)
    kind = str(node.operand_type)
    if left.is_constant and right.is_constant:
        return Dual()
    found: Dual | None = None
    if node.method is None:
        if kind == "string" and node.operator == "+":
            found = concatenated(walker, [left, right])
        elif node.operator in ("==", "!="):
            found = _equality(left, right, kind, is_lifted=node.is_lifted)
            if found is not None and node.operator == "!=" and found.term is not None:
                found = Dual(term=solver.no(found.term))
        else:
            found = _ordinary(walker, node, left, right, kind)
    else:
        form = form_of(node.method.declaring.name, node.method.signature)
        found = None if form is None else form(Call(walker, node, node.method, None, [left, right]))
    if found is not None:
        return found
    name = f"{node.method.declaring.name} {node.operator}" if node.method is not None else f"{kind} {node.operator}"
    return walker.opaque(name, node, [left, right], may_throw=totality.operator_may_throw(node))


def _equality(left: Dual, right: Dual, kind: str, *, is_lifted: bool) -> Dual | None:
    if kind == "string":
        return same_text(left, right)
    for one, other in ((left, right), (right, left)):
        if one.is_constant and one.value is None:  # a comparison with null
            if other.null is not None:
                return Dual(term=other.null)
            return None if other.lost is not None else Dual(other.value is None)
    if kind == "object":
        return _same_object(left, right)
    first, second = term_of(left), term_of(right)
    if first is None or second is None:
        return None
    same = solver.equal(first, second)
    if not is_lifted and left.null is None and right.null is None:
        return Dual(term=same)
    nulls = left.is_null, right.is_null
    return Dual(term=solver.some(solver.every(*nulls), solver.every(*map(solver.no, nulls), same)))


def _same_object(left: Dual, right: Dual) -> Dual | None:
    """`==` of references: a text that came from outside is the same object as a constant only where both are empty."""
    for one, other in ((left, right), (right, left)):
        if not (other.is_constant and isinstance(other.value, str)):
            continue
        tree = one.form
        if isinstance(tree, trees.Tree) and not tree.is_token:
            is_empty = solver.every(tree.kind == trees.TEXT, solver.equal(tree.text, solver.constant("")))
            return Dual(term=is_empty) if not other.value else Dual(False)
        term = term_of(one)
        if term is not None and solver.is_text(term) and one.form is None:
            return Dual(term=solver.equal(term, solver.constant(""))) if not other.value else Dual(False)
    return None


def _ordinary(walker: Walker, node: nodes.Binary, left: Dual, right: Dual, kind: str) -> Dual | None:
    one, two = term_of(left), term_of(right)
    if one is None or two is None:
        return None
    if kind == "bool" and not node.is_lifted:
        made = {"&": solver.every, "|": solver.some}.get(node.operator)
        return (
            Dual(term=made(one, two)) if made is not None else Dual(term=one != two) if node.operator == "^" else None
        )
    if kind not in _NUMBERS:
        return None
    if node.operator in ("<", ">", "<=", ">="):
        asked = _comparison(node.operator, one, two)
        if node.is_lifted:
            asked = solver.every(solver.no(left.is_null), solver.no(right.is_null), asked)
        return Dual(term=asked)
    if node.is_lifted or kind in _REAL:
        return None
    return _arithmetic(walker, node, one, two, str(node.type))


def _comparison(operator: str, one: Term, two: Term) -> Term:
    return {"<": one < two, ">": one > two, "<=": one <= two, ">=": one >= two}[operator]


def _arithmetic(walker: Walker, node: nodes.Binary, one: Term, two: Term, kind: str) -> Dual | None:
    if node.operator in ("/", "%"):
        walker.guard(two != 0)
        quotient = solver.choice(
            two > 0,
            solver.choice(one >= 0, one / two, -((-one) / two)),
            solver.choice(one >= 0, -(one / (-two)), (-one) / (-two)),
        )
        return fitting(walker, node, quotient if node.operator == "/" else one - two * quotient, kind)
    made = {"+": lambda: one + two, "-": lambda: one - two, "*": lambda: one * two}.get(node.operator)
    return None if made is None else fitting(walker, node, made(), kind)


def fitting(walker: Walker, node: nodes.Expression, term: Term, kind: str) -> Dual:
    """A number that may be too large for its type; then it is what it was."""
    least, most = limits_of(kind)
    fits = solver.every(term >= least, term <= most)
    value = walker.inputs.value(fits, walker.path.assignment)
    if value is not True:
        return walker.lose(None, f"overflow of {kind}", node)
    walker.path.hold(fits, True, "guard")
    return Dual(term=term)


def limits_of(kind: str) -> tuple[int, int]:
    """The least and the largest number of an integral type."""
    if kind in _UNSIGNED:
        return 0, 2 ** _UNSIGNED[kind] - 1
    bits = _RANGES.get(kind, 63)
    return -(2**bits), 2**bits - 1


# Conversions


@walks(nodes.Convert)
def convert(walker: Walker, node: nodes.Convert) -> Dual:
    operand = walker.evaluate(node.operand)
    found = converted(walker, node, operand, node.conversion)
    if found.value is None and found is not operand and not node.is_explicit:
        found.value = operand.value
    return found


def converted(walker: Walker, node: nodes.Expression, operand: Dual, conversion: Any) -> Dual:
    """The value after a conversion."""
    kind = conversion.kind
    if kind == "reference" and conversion.is_implicit:
        return operand  # the same object, so that whoever changes it changes that one
    if operand.is_constant:
        return Dual()
    if kind in ("identity", "null", "default", "boxing", "enum", "constant", "nullable", "interpolated"):
        return _carried(operand)
    source, target = str(getattr(node, "operand", node).type), str(node.type)
    if kind == "numeric":
        return _numeric(walker, node, operand, source, target)
    if kind == "reference" and conversion.is_implicit:
        return _carried(operand)
    if isinstance(operand.form, trees.Tree) and kind in ("reference", "unboxing"):
        return tree_types.cast(walker, operand, target)
    if isinstance(operand.form, trees.Token) and kind == "user" and source.startswith("Newtonsoft.Json.Linq."):
        return trees.explicit(walker, operand, target)
    if kind in ("reference", "unboxing"):
        return _carried(operand)  # the run says that the type is right, and it is the same in every run of this way
    if kind == "user" and target.startswith("Newtonsoft.Json.Linq.") and operand.form is None and operand.lost is None:
        return Dual(term=operand.term, null=operand.null, form=trees.Scalar(operand))
    if conversion.method is not None:
        form = form_of(conversion.method.declaring.name, conversion.method.signature)
        found = None if form is None else form(Call(walker, node, conversion.method, None, [operand]))
        if found is not None:
            return found
    return walker.opaque(f"conversion from {source} to {target}", node, [operand])


def _carried(operand: Dual) -> Dual:
    return operand.as_value(None)


def _numeric(walker: Walker, node: nodes.Expression, operand: Dual, source: str, target: str) -> Dual:
    term = term_of(operand)
    what, may_throw = f"conversion from {source} to {target}", "decimal" in (source, target)
    if term is None or source == "char" or target == "char":
        return walker.opaque(what, node, [operand], may_throw=may_throw)
    if target in _REAL or source not in _REAL:
        return _carried(operand) if target in _REAL or _widens(source, target) else fitting(walker, node, term, target)
    return walker.opaque(what, node, [operand], may_throw=may_throw)


def _widens(source: str, target: str) -> bool:
    least, most = limits_of(source)
    lowest, highest = limits_of(target)
    return lowest <= least and most <= highest


@walks(nodes.AsType)
def as_type(walker: Walker, node: nodes.AsType) -> Dual:
    operand = walker.evaluate(node.operand)
    if operand.is_constant:
        return Dual()
    if isinstance(operand.form, trees.Tree):
        return tree_types.as_type(walker, operand, str(node.type))
    return _carried(operand)


@walks(nodes.IsType)
def is_type(walker: Walker, node: nodes.IsType) -> Dual:
    operand = walker.evaluate(node.operand)
    if operand.is_constant:
        return Dual()
    if isinstance(operand.form, trees.Tree):
        return Dual(term=tree_types.is_type(operand, str(node.target)))
    if operand.lost is None and operand.null is not None:
        return Dual(term=solver.no(operand.null))
    return walker.opaque(f"is {node.target}", node, [operand])


@walks(nodes.IsPattern)
def is_pattern(walker: Walker, node: nodes.IsPattern) -> Dual:
    operand = walker.evaluate(node.operand)
    return matched(walker, node, operand, node.pattern)


def matched(walker: Walker, node: nodes.Expression | nodes.Bound, operand: Dual, pattern: nodes.Pattern) -> Dual:
    """Whether a value matches; its variable gets the value."""
    found: Dual | None = None
    if pattern.value is not None:
        value = walker.evaluate(pattern.value)
        kind = str(getattr(node, "operand", pattern.value).type)
        found = _equality(operand, value, "string" if isinstance(value.value, str) else kind, is_lifted=True)
    elif pattern.target is not None and isinstance(operand.form, trees.Tree):
        found = Dual(term=tree_types.is_type(operand, str(pattern.target)))
    if pattern.symbol is not None:
        walker.locals[pattern.symbol] = (
            tree_types.cast_silently(operand, str(pattern.target)) if isinstance(operand.form, trees.Tree) else operand
        )
    if found is not None:
        return found
    return Dual() if operand.is_constant else walker.opaque("pattern", node, [operand])


@walks(nodes.ThrowExpression)
def throw_expression(walker: Walker, node: nodes.ThrowExpression) -> Dual:
    from apimpolicy.symbolic.walker import Thrown

    walker.evaluate(node.exception)
    raise Thrown


@walks(nodes.InterpolatedString)
def interpolated(walker: Walker, node: nodes.InterpolatedString) -> Dual:
    parts: list[Dual] = []
    is_plain = True
    for part in node.parts:
        if isinstance(part, str):
            parts.append(Dual(part))
        else:
            is_plain = is_plain and part.alignment is None and part.format is None
            parts.append(walker.evaluate(part.value))
    found = concatenated(walker, parts) if is_plain else None
    return found if found is not None else walker.opaque("interpolated string", node, parts, may_throw=False)


__all__ = ["as_text", "converted", "decide_null", "limits_of", "matched", "obstacle_in"]
