"""Operators, conditions and tests of types.

A `double` or `float` is known by its place among all, and by whether it is NaN.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from apimpolicy.csharp.binding import nodes
from apimpolicy.reasoning.languages.patterns import WHOLE
from apimpolicy.reasoning.semantics.unknowns import Unknowns, Unsupported, is_single, key_of
from apimpolicy.reasoning.semantics.values import (
    INTEGERS,
    NOTHING,
    NULL,
    Json,
    Number,
    Opaque,
    Text,
    Truth,
    Value,
    constant_text,
    constant_truth,
    merge,
    type_of,
)
from apimpolicy.reasoning.terms import term as terms
from apimpolicy.reasoning.terms.measures import Parsed
from apimpolicy.reasoning.terms.term import Term

if TYPE_CHECKING:
    from apimpolicy.reasoning.semantics.evaluation import Evaluation


FRACTIONS = ("double", "float")
_CONSTANT = "constant fraction"
_SIGN = 1 << 63


def constant_fraction(value: float, type_: str) -> Value:
    return Opaque((_CONSTANT, repr(value)), type_, 0)


def is_fraction(value: Value) -> bool:
    return isinstance(value, Opaque) and value.type in FRACTIONS


def is_nan(unknowns: Unknowns, value: Value) -> Term:
    constant = _constant(value)
    if constant is not None:
        return terms.truth(constant != constant)
    return unknowns.truth("whether a number is NaN", ("nan", value.key))


def compared(unknowns: Unknowns, operator: str, one: Value, other: Value) -> Term:
    """Return where a comparison of two numbers is true: with NaN, `!=` alone is."""
    if operator == "!=":
        return terms.not_(compared(unknowns, "==", one, other))
    first, second = _place(unknowns, one), _place(unknowns, other)
    found = {
        "==": terms.equal(first, second),
        "<=": terms.at_most(first, second),
        ">=": terms.at_most(second, first),
        "<": terms.not_(terms.at_most(second, first)),
        ">": terms.not_(terms.at_most(first, second)),
    }[operator]
    return terms.all_of(found, *(terms.not_(is_nan(unknowns, each)) for each in (one, other)))


def _constant(value: Value) -> float | None:
    identity = value.identity if isinstance(value, Opaque) else None
    return float(identity[1]) if isinstance(identity, tuple) and identity[0] == _CONSTANT else None


def _place(unknowns: Unknowns, value: Value) -> Term:
    """Return the place of a number among all: larger numbers have larger ones, and both zeros the same."""
    constant = _constant(value)
    if constant is not None:
        return terms.number(place_of(constant))
    found = unknowns.value("long", f"the size of a {getattr(value, 'type', 'number')}", ("place", value.key))
    assert isinstance(found, Number)
    return found.term


def place_of(value: float) -> int:
    """Return the place of a number that is not NaN: its bits, as a number with a sign."""
    bits: int = struct.unpack("<Q", struct.pack("<d", value))[0]
    return bits if bits < _SIGN else -(bits - _SIGN)


_PRIMITIVES = {"bool", "string", "double", "float", "decimal", *INTEGERS}
_EQUALITIES = ("==", "!=")
_COMPARISONS = ("<", ">", "<=", ">=")


def value_logical(evaluation: Evaluation, node: nodes.Logical) -> Value:
    left = evaluation.truth(evaluation.value(node.left))
    is_and = node.operator == "&&"
    needed = left if is_and else terms.not_(left)
    right = evaluation.under(needed, lambda: Truth(evaluation.truth(evaluation.value(node.right))))
    term = right.term if isinstance(right, Truth) else terms.truth(is_and)
    return Truth(terms.all_of(left, term) if is_and else terms.any_of(left, term))


def value_conditional(evaluation: Evaluation, node: nodes.Conditional) -> Value:
    condition = evaluation.truth(evaluation.value(node.condition))
    then = evaluation.under(condition, lambda: evaluation.value(node.when_true))
    otherwise = evaluation.under(terms.not_(condition), lambda: evaluation.value(node.when_false))
    return merge(condition, then, otherwise)


def value_coalesce(evaluation: Evaluation, node: nodes.Coalesce) -> Value:
    left = evaluation.value(node.left)
    null = is_null(evaluation, left)
    evaluation.placeholders[id(node.placeholder)] = without_null(evaluation, left)
    value = evaluation.under(terms.not_(null), lambda: evaluation.value(node.value))
    return merge(null, evaluation.under(null, lambda: evaluation.value(node.right)), value)


def value_throw_expression(evaluation: Evaluation, node: nodes.ThrowExpression) -> Value:
    evaluation.value(node.exception)
    return evaluation.fail()


def is_null(evaluation: Evaluation, value: Value) -> Term:
    found = evaluation.each([value], lambda leaf: constant_truth(leaf is NULL))
    return found.term if isinstance(found, Truth) else terms.FALSE


def without_null(evaluation: Evaluation, value: Value) -> Value:
    return evaluation.each([value], lambda leaf: NOTHING if leaf is NULL else leaf)


def value_unary(evaluation: Evaluation, node: nodes.Unary) -> Value:
    type_ = str(node.type)

    def form(operand: Value) -> Value:
        if operand is NULL and node.is_lifted:
            return NULL
        if node.operator == "!" and isinstance(operand, Truth):
            return Truth(terms.not_(operand.term))
        if node.operator == "+" and isinstance(operand, Number):
            return operand
        if node.operator == "-" and isinstance(operand, Number) and not node.is_checked:
            return wrapped(terms.scaled(-1, operand.term), type_.rstrip("?"))
        return unknown_operation(evaluation, node, operand, may_throw=node.is_checked)

    return evaluation.each([evaluation.value(node.operand)], form)


def wrapped(term: Term, type_: str) -> Value:
    """Return the result of unchecked arithmetic: it wraps around at the ends of its type."""
    bounds = INTEGERS.get(type_)
    if bounds is None:
        raise Unsupported(f"arithmetic of {type_}")
    least, largest = bounds
    fits = terms.all_of(terms.at_most(terms.number(least), term), terms.at_most(term, terms.number(largest)))
    if fits is terms.TRUE:
        return Number(term, type_)
    shifted = terms.remainder(terms.total(term, terms.number(-least)), largest - least + 1)
    return Number(terms.choice(fits, term, terms.total(shifted, terms.number(least))), type_)


def unknown_operation(
    evaluation: Evaluation, node: nodes.Expression, *operands: Value, may_throw: bool = True
) -> Value:
    operator = getattr(node, "operator", node.kind)
    what = f"the operator {operator} of {getattr(node, 'operand_type', node.type)}"
    operand_type = str(getattr(node, "operand_type", ""))
    key = key_of(evaluation, "operator", operator, operand_type, str(node.type), *operands)
    if operator in _EQUALITIES and _compares_references(node) and not all(map(is_single, operands)):
        key = None
    if may_throw:
        evaluation.throw(evaluation.unknowns.truth(what, key and ("throws", key)))
    return evaluation.unknowns.value(str(node.type), what, key, null=str(node.type) not in _PRIMITIVES)


def _compares_references(node: nodes.Expression) -> bool:
    assert isinstance(node, nodes.Binary)
    return node.method is None and not node.operand_type.is_value_type


def value_binary(evaluation: Evaluation, node: nodes.Binary) -> Value:
    left, right = evaluation.value(node.left), evaluation.value(node.right)
    type_ = str(node.type)
    if type_ == "string" and node.operator == "+" and node.method is None:
        return evaluation.each([left, right], lambda one, other: _joined(evaluation, one, other))
    return evaluation.each([left, right], lambda one, other: _binary(evaluation, node, one, other))


def _joined(evaluation: Evaluation, one: Value, other: Value) -> Value:
    return evaluation.each(
        [text_of(evaluation, one), text_of(evaluation, other)],
        lambda first, second: Text(terms.joined(_term(first), _term(second))),
    )


def _term(value: Value) -> Term:
    if not isinstance(value, Text):
        raise Unsupported("a text of another type")
    return value.term


def text_of(evaluation: Evaluation, value: Value) -> Value:
    """Return a value's text in string concatenation and `ToString()`; null is empty."""
    match value:
        case Text():
            return value
        case Truth():
            return merge(value.term, constant_text("True"), constant_text("False"))
        case Number() if value.type == "char" and value.constant is not None:
            return constant_text(chr(value.constant))
        case Number() if value.type in INTEGERS and value.type != "char":
            if value.constant is not None:
                return constant_text(str(value.constant))
            text = evaluation.unknowns.value("string", "the text of a number", ("text of", value.key), null=False)
            assert isinstance(text, Text)
            is_same = terms.equal(terms.measure(Parsed(), text.term), value.term)
            evaluation.unknowns.know(text.term, terms.member(text.term, WHOLE), is_same)
            evaluation.unknowns.written_numbers[text.term] = value
            return text
        case Json() if value.born == evaluation.unknowns.heap:
            from apimpolicy.reasoning.semantics.json_trees import shown

            return shown(evaluation, value)
    if value is NULL:
        return constant_text("")
    raise Unsupported(f"the text of {type_of(value) or 'an object'}")


def _binary(evaluation: Evaluation, node: nodes.Binary, one: Value, other: Value) -> Value:
    operator = node.operator
    is_comparison = operator in _EQUALITIES or operator in _COMPARISONS
    if is_comparison and str(node.operand_type).rstrip("?") in FRACTIONS and is_fraction(one) and is_fraction(other):
        return Truth(compared(evaluation.unknowns, operator, one, other))
    if operator in _EQUALITIES:
        is_equal = _equal(evaluation, node, one, other)
        return Truth(is_equal if operator == "==" else terms.not_(is_equal))
    if NULL in (one, other):
        if not node.is_lifted:
            return unknown_operation(evaluation, node, one, other)
        if operator in ("&", "|") and str(node.operand_type).rstrip("?") == "bool":
            return _three_valued(operator, other if one is NULL else one)
        return constant_truth(False) if operator in _COMPARISONS else NULL
    if node.method is not None:
        return unknown_operation(evaluation, node, one, other)
    if isinstance(one, Truth) and isinstance(other, Truth):
        match operator:
            case "&":
                return Truth(terms.all_of(one.term, other.term))
            case "|":
                return Truth(terms.any_of(one.term, other.term))
            case "^":
                return Truth(terms.not_(terms.iff(one.term, other.term)))
    if isinstance(one, Number) and isinstance(other, Number):
        return _arithmetic(evaluation, node, one, other)
    return unknown_operation(evaluation, node, one, other, may_throw=operator not in _COMPARISONS)


def _three_valued(operator: str, other: Value) -> Value:
    """Return `null & other` or `null | other`: false and true decide alone, as in SQL."""
    if not isinstance(other, Truth):
        return NULL
    decides = other.term if operator == "|" else terms.not_(other.term)
    return merge(decides, constant_truth(operator == "|"), NULL)


def _equal(evaluation: Evaluation, node: nodes.Binary, one: Value, other: Value) -> Term:
    if NULL in (one, other):
        return terms.truth(one is other)
    if node.method is None:
        if isinstance(one, Truth) and isinstance(other, Truth) and str(node.operand_type) != "object":
            return terms.iff(one.term, other.term)
        if isinstance(one, Number) and isinstance(other, Number) and str(node.operand_type) != "object":
            return terms.equal(one.term, other.term)
        if isinstance(one, Text) and isinstance(other, Text) and str(node.operand_type) == "string":
            return terms.same(one.term, other.term)
    found = unknown_operation(evaluation, node, *sorted((one, other), key=lambda each: str(each.key)), may_throw=False)
    negated = node.operator == "!="
    assert isinstance(found, Truth)
    return terms.not_(found.term) if negated else found.term


def _arithmetic(evaluation: Evaluation, node: nodes.Binary, one: Number, other: Number) -> Value:
    operator, type_ = node.operator, str(node.operand_type).rstrip("?")
    if operator in _COMPARISONS and type_ in INTEGERS:
        first, second = (one.term, other.term) if operator in ("<=", ">") else (other.term, one.term)
        result = terms.at_most(first, second)
        return Truth(result if operator in ("<=", ">=") else terms.not_(result))
    if node.is_checked or type_ not in INTEGERS:
        return unknown_operation(evaluation, node, one, other)
    constant = other.constant
    match operator:
        case "+":
            return wrapped(terms.total(one.term, other.term), type_)
        case "-":
            return wrapped(terms.total(one.term, terms.scaled(-1, other.term)), type_)
        case "*" if constant is not None or one.constant is not None:
            factor = constant if constant is not None else one.constant
            assert factor is not None
            return wrapped(terms.scaled(factor, one.term if constant is not None else other.term), type_)
        case "/" | "%" if constant is not None and constant > 0:
            down = terms.quotient(one.term, constant)
            up = terms.scaled(-1, terms.quotient(terms.scaled(-1, one.term), constant))
            result = terms.choice(terms.at_most(terms.number(0), one.term), down, up)
            if operator == "%":
                result = terms.total(one.term, terms.scaled(-constant, result))
            return Number(result, type_)
    return unknown_operation(evaluation, node, one, other)


# Tests of types


def fits(evaluation: Evaluation, value: Value, target: str) -> Term:
    if isinstance(value, Json):
        from apimpolicy.reasoning.semantics.json_trees import is_of_type

        return is_of_type(evaluation.unknowns, value, target)
    known = type_of(value)
    if target == "object" or known == target or target == f"{known}?":
        return terms.TRUE
    is_sealed = known in _PRIMITIVES
    if is_sealed and target.rstrip("?") in _PRIMITIVES:
        return terms.FALSE
    return evaluation.unknowns.truth(f"whether an object is a {target}", ("is", value.key, target.rstrip("?")))


def seen_as(evaluation: Evaluation, value: Value, target: str) -> Value:
    target = target.rstrip("?")
    if isinstance(value, Json):
        return value
    if type_of(value) == target or target == "object":
        return value
    if not isinstance(value, Opaque):
        return evaluation.unknowns.value(target, f"an object as {target}", ("as", value.key, target), null=False)
    if target in _PRIMITIVES:
        key = ("as", value.identity, target)
        return evaluation.unknowns.value(target, f"an object as {target}", key, null=False)
    return Opaque(("as", value.identity, target), target, value.born)


def cast(evaluation: Evaluation, value: Value, target: str, *, is_value_type: bool) -> Value:
    """Return an explicit conversion from object: it throws as unboxing and reference conversions do."""
    if value is NULL:
        return evaluation.fail() if is_value_type and not target.endswith("?") else NULL
    evaluation.throw(terms.not_(fits(evaluation, value, target)))
    return seen_as(evaluation, value, target)


def value_is_type(evaluation: Evaluation, node: nodes.IsType) -> Value:
    def form(value: Value) -> Value:
        return constant_truth(False) if value is NULL else Truth(fits(evaluation, value, str(node.target)))

    return evaluation.each([evaluation.value(node.operand)], form)


def value_as_type(evaluation: Evaluation, node: nodes.AsType) -> Value:
    def form(value: Value) -> Value:
        if value is NULL:
            return NULL
        target = str(node.type)
        return merge(fits(evaluation, value, target), seen_as(evaluation, value, target), NULL)

    return evaluation.each([evaluation.value(node.operand)], form)


def value_is_pattern(evaluation: Evaluation, node: nodes.IsPattern) -> Value:
    pattern = node.pattern
    value = evaluation.value(node.operand)
    if pattern.value is not None:
        return evaluation.each(
            [value, evaluation.value(pattern.value)], lambda one, other: _matches(evaluation, one, other)
        )
    if pattern.target is None:
        raise Unsupported("the pattern var")
    target = str(pattern.target)
    found = evaluation.each(
        [value], lambda each: constant_truth(False) if each is NULL else Truth(fits(evaluation, each, target))
    )
    matched = evaluation.truth(found)
    if pattern.symbol is not None:
        evaluation.variables[pattern.symbol] = evaluation.each(
            [value], lambda each: NOTHING if each is NULL else seen_as(evaluation, each, target)
        )
    return Truth(matched)


def _matches(evaluation: Evaluation, one: Value, other: Value) -> Value:
    if NULL in (one, other):
        return constant_truth(one is other)
    if isinstance(one, Text) and isinstance(other, Text):
        return Truth(terms.same(one.term, other.term))
    if isinstance(one, Number) and isinstance(other, Number) and one.type == other.type:
        return Truth(terms.equal(one.term, other.term))
    if isinstance(one, Truth) and isinstance(other, Truth):
        return Truth(terms.iff(one.term, other.term))
    return Truth(evaluation.unknowns.truth("a constant pattern", ("matches", one.key, other.key)))
