"""Emission of what is done with numbers: operators, conversions; and `&`, `|` and `^`."""

from __future__ import annotations

import ast
from collections.abc import Callable
from decimal import Decimal

from apimpolicy.csharp.binding.nodes import Binary, Unary
from apimpolicy.csharp.binding.type_relations import INTEGRAL_RANGES, underlying_number
from apimpolicy.csharp.dotnet.system import arithmetic, decimals
from apimpolicy.csharp.dotnet.types import Type
from apimpolicy.csharp.dotnet.values import BOOL, CHAR, DECIMAL, DOUBLE, FLOAT, INT, UINT, to_single, wrap_int32
from apimpolicy.csharp.emit.building import compare, conditional, constant, load, walrus
from apimpolicy.csharp.emit.core import Emitter

_PYTHON: dict[str, ast.operator] = {
    "+": ast.Add(),
    "-": ast.Sub(),
    "*": ast.Mult(),
    "&": ast.BitAnd(),
    "|": ast.BitOr(),
    "^": ast.BitXor(),
}
_DECIMAL: dict[str, Callable[..., object]] = {
    "+": decimals.add,
    "-": decimals.subtract,
    "*": decimals.multiply,
    "/": decimals.divide,
    "%": decimals.remainder,
}
_SMALL = (1 << 30) - 1
"""Python compares integers of one digit faster; what is beyond them goes to the function that brings it into range."""


def calculated(emitter: Emitter, node: Binary, left: ast.expr, right: ast.expr) -> ast.expr:
    operator, type_ = node.operator, underlying_number(node.operand_type)
    if type_ is BOOL:
        return ast.BinOp(left, _PYTHON[operator], right)
    if type_ is DECIMAL:
        return emitter.run(_DECIMAL[operator], left, right)
    if type_ in (DOUBLE, FLOAT):
        made = _floats(emitter, operator, left, right)
        return emitter.run(to_single, made) if type_ is FLOAT else made
    return _integers(emitter, node, operator, type_, left, right)


def negated(emitter: Emitter, node: Unary, value: ast.expr) -> ast.expr:
    """`-` and `~` on a plain operand of the operation's type."""
    type_ = underlying_number(node.operand_type)
    if node.operator == "~":
        inverted = ast.UnaryOp(ast.Invert(), value)
        return inverted if INTEGRAL_RANGES[type_][0] else _in_range(emitter, inverted, type_, is_checked=False)
    if type_ is DECIMAL:
        return emitter.run(decimals.negate, value)
    made = ast.UnaryOp(ast.USub(), value)
    return _in_range(emitter, made, type_, is_checked=node.is_checked) if type_ in INTEGRAL_RANGES else made


def _floats(emitter: Emitter, operator: str, left: ast.expr, right: ast.expr) -> ast.expr:
    if operator == "/":
        return emitter.run(arithmetic.float_divide, left, right)
    if operator == "%":
        return emitter.run(arithmetic.float_remainder, left, right)
    return ast.BinOp(left, _PYTHON[operator], right)


def _integers(emitter: Emitter, node: Binary, operator: str, type_: Type, left: ast.expr, right: ast.expr) -> ast.expr:
    name = str(type_)
    if operator in ("<<", ">>"):
        function = arithmetic.shift_left if operator == "<<" else arithmetic.shift_right
        return emitter.run(function, constant(name), left, right)
    if operator in ("/", "%"):
        if node.right.is_constant and node.right.constant > 0:
            return _by_positive(emitter, operator, left, right)
        divide = arithmetic.int_divide if operator == "/" else arithmetic.int_remainder
        return emitter.run(divide, left, right, constant(INTEGRAL_RANGES[type_][0]))
    made = ast.BinOp(left, _PYTHON[operator], right)
    if operator in ("&", "|", "^"):
        return made
    return _in_range(emitter, made, type_, is_checked=node.is_checked)


def _by_positive(emitter: Emitter, operator: str, left: ast.expr, right: ast.expr) -> ast.expr:
    """Python rounds down, C# towards zero: they agree for a dividend that is not negative."""
    python: ast.operator = ast.FloorDiv() if operator == "/" else ast.Mod()
    if isinstance(left, ast.Name) and left.id in emitter.non_negative:
        return ast.BinOp(left, python, right)
    name = left.id if isinstance(left, ast.Name) else emitter.fresh()
    negated = ast.BinOp(ast.UnaryOp(ast.USub(), load(name)), python, right)
    value = left if isinstance(left, ast.Name) else walrus(name, left)
    test = compare(value, ast.GtE(), constant(0))
    return conditional(test, ast.BinOp(load(name), python, right), ast.UnaryOp(ast.USub(), negated))


def _in_range(emitter: Emitter, value: ast.expr, type_: Type, *, is_checked: bool) -> ast.expr:
    """Bring a result back into the type's range: wrap around, or throw in a checked context."""
    name = emitter.fresh()
    test, outside = range_test(emitter, walrus(name, value), name, type_, is_checked=is_checked)
    made = conditional(test, load(name), outside)
    if not is_checked:
        emitter.wrapped = made, value, type_
    return made


def range_test(
    emitter: Emitter, value: ast.expr, name: str, type_: Type, *, is_checked: bool
) -> tuple[ast.Compare, ast.expr]:
    """Return whether a value is surely in range; and what to do with it, now in a variable, when it may not be."""
    low, high = INTEGRAL_RANGES[type_]
    if type_ in (INT, UINT):
        low, high = max(low, -_SMALL), min(high, _SMALL)
    test = ast.Compare(constant(low), [ast.LtE(), ast.LtE()], [value, constant(high)])
    if is_checked:
        return test, emitter.run(arithmetic.checked, constant(str(type_)), load(name))
    if type_ is INT:
        return test, emitter.run(wrap_int32, load(name))
    return test, emitter.run(arithmetic.wrap, constant(str(type_)), load(name))


# ----------------------------------------------------------------------------------------- conversions


def converted_number(emitter: Emitter, value: ast.expr, source: Type, target: Type, *, is_checked: bool) -> ast.expr:
    source, target = underlying_number(source), underlying_number(target)
    if source is target:
        return value
    if source is CHAR:
        value = emitter.run(ord, value)
    if target in INTEGRAL_RANGES:
        made = _to_integer(emitter, value, source, target, is_checked=is_checked)
        return emitter.run(chr, made) if target is CHAR else made
    if target is DOUBLE:
        if source is DECIMAL:
            return emitter.run(decimals.to_double, value)
        return value if source is FLOAT else emitter.run(float, value)
    if target is FLOAT:
        if source is DECIMAL:
            return emitter.run(decimals.to_float, value)
        return emitter.run(to_single if source is DOUBLE else arithmetic.int_to_single, value)
    if source in (DOUBLE, FLOAT):
        return emitter.run(decimals.from_double if source is DOUBLE else decimals.from_single, value)
    return emitter.run(Decimal, value)


def _to_integer(emitter: Emitter, value: ast.expr, source: Type, target: Type, *, is_checked: bool) -> ast.expr:
    name = constant(str(target))
    if source in (DOUBLE, FLOAT):
        return emitter.run(arithmetic.double_to_int, name, value, constant(is_checked))
    if source is DECIMAL:
        return emitter.run(arithmetic.decimal_to_int, name, value)
    low, high = INTEGRAL_RANGES[source]
    wanted_low, wanted_high = INTEGRAL_RANGES[target]
    if wanted_low <= low and high <= wanted_high:
        return value
    return emitter.run(arithmetic.checked if is_checked else arithmetic.wrap, name, value)
