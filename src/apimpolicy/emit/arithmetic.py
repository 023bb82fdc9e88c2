"""Emission of operators."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from apimpolicy.binding.conversions import INTEGRAL_RANGES, is_delegate, is_enum
from apimpolicy.binding.nodes import Binary, Convert, Expression, Logical, Unary
from apimpolicy.dotnet.metadata import named
from apimpolicy.dotnet.system import arithmetic, decimals, delegates
from apimpolicy.dotnet.system.objects import reference_equals, text
from apimpolicy.dotnet.system.strings import MOST_PARTS, UNCHECKED_LENGTH, concat, long_text
from apimpolicy.dotnet.types import NULL, NamedType, Type
from apimpolicy.dotnet.values import (
    BOOL,
    CHAR,
    DECIMAL,
    DOUBLE,
    FLOAT,
    INT,
    OBJECT,
    STRING,
    UINT,
    to_single,
    wrap_int32,
)
from apimpolicy.emit import runtime
from apimpolicy.emit.conversions import ConversionEmitter
from apimpolicy.emit.core import conditional, constant, is_none, is_not_none, load, store, walrus

if TYPE_CHECKING:
    from collections.abc import Callable

_PYTHON: dict[str, ast.operator] = {
    "+": ast.Add(),
    "-": ast.Sub(),
    "*": ast.Mult(),
    "&": ast.BitAnd(),
    "|": ast.BitOr(),
    "^": ast.BitXor(),
}
_COMPARE: dict[str, ast.cmpop] = {
    "==": ast.Eq(),
    "!=": ast.NotEq(),
    "<": ast.Lt(),
    ">": ast.Gt(),
    "<=": ast.LtE(),
    ">=": ast.GtE(),
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


class ArithmeticEmitter(ConversionEmitter):
    """Unary, binary and logical operators."""

    _wrapped: tuple[ast.expr, ast.expr, Type] | None = None
    """The last result that was brought into its range: as emitted, before that, and its type."""

    def emit_logical(self, node: Logical) -> ast.expr:
        operator: ast.boolop = ast.And() if node.operator == "&&" else ast.Or()
        operands: list[ast.expr] = []
        current: Expression = node
        while (
            isinstance(current, Logical)
            and current.operator == node.operator
            and not (self.recording and current is not node)
        ):
            operands.append(self.emit(current.right))
            current = current.left
        operands.append(self.emit(current))
        return ast.BoolOp(operator, operands[::-1])

    def emit_binary(self, node: Binary) -> ast.expr:
        if node.operand_type is STRING and node.operator == "+":
            return self._concatenation(node)
        if node.operand_type is OBJECT or is_delegate(node.operand_type):
            return self._references(node)
        if node.is_lifted:
            return self._lifted(node)
        return self.operation(node, self.emit(node.left), self.emit(node.right))

    # ---------------------------------------------------------------------------------------------- strings

    def _concatenation(self, node: Binary) -> ast.expr:
        """a + b + c in one call; texts that are known not to be null are joined as they are."""
        operands: list[Expression] = []
        self._collect(node, operands)
        return self.joined([self.emit_text(operand) for operand in operands])

    def joined(self, parts: list[ast.expr]) -> ast.expr:
        """Texts in one; a long result asks for the limit."""
        if len(parts) > MOST_PARTS or self.is_deep:
            return self.run(concat, *parts)
        pieces: list[ast.expr] = [
            part if isinstance(part, ast.Constant) else ast.FormattedValue(part, -1, None) for part in parts
        ]
        name = self.fresh()
        length = self.run(len, walrus(name, ast.JoinedStr(pieces)))
        is_short = ast.Compare(length, [ast.LtE()], [constant(UNCHECKED_LENGTH)])
        return conditional(is_short, load(name), self.run(long_text, load(name)))

    def _collect(self, node: Expression, operands: list[Expression]) -> None:
        waiting = [node]
        while waiting:
            current = waiting.pop()
            is_chain = (
                isinstance(current, Binary)
                and current.operator == "+"
                and current.operand_type is STRING
                and not current.is_constant
                and (current is node or not self.recording)
            )
            if is_chain and isinstance(current, Binary):
                waiting.append(current.right)
                waiting.append(current.left)
            else:
                operands.append(current)

    def emit_text(self, operand: Expression) -> ast.expr:
        """An operand of a concatenation as a string; null is empty."""
        if isinstance(operand, Convert) and operand.conversion.kind == "boxing" and operand.type is OBJECT:
            inner = operand.operand.type
            if inner is CHAR:
                return self.emit(operand.operand)
            return self.run(text, self.emit(operand))
        if operand.type is STRING:
            value = self.emit(operand)
            if self.known_not_null(operand):
                return value
            return ast.BoolOp(ast.Or(), [value, constant("")])
        if operand.type is NULL:
            return constant("")
        return self.run(text, self.emit(operand))

    # ------------------------------------------------------------------------------------------- references

    def _references(self, node: Binary) -> ast.expr:
        left, right = node.left, node.right
        negate = node.operator == "!="
        if node.operator in ("+", "-"):
            combine = delegates.combine if node.operator == "+" else delegates.remove
            return self.run(combine, self.emit(left), self.emit(right))
        if left.is_constant and left.constant is None:
            left, right = right, left
        if right.is_constant and right.constant is None:
            value = self.emit(left)
            return is_not_none(value) if negate else is_none(value)
        equals = delegates.equals if is_delegate(node.operand_type) else reference_equals
        made: ast.expr = self.run(equals, self.emit(left), self.emit(right))
        return ast.UnaryOp(ast.Not(), made) if negate else made

    # ------------------------------------------------------------------------------------------------ lifted

    def _lifted(self, node: Binary) -> ast.expr:
        if node.operand_type is BOOL and node.operator in ("&", "|"):
            function = runtime.and_lifted if node.operator == "&" else runtime.or_lifted
            return self.run(function, self.emit(node.left), self.emit(node.right))
        if node.operator in ("==", "!="):
            for one, other in ((node.left, node.right), (node.right, node.left)):
                if (one.is_constant and one.constant is None) or one.type is NULL:
                    value = self.emit(other)
                    return is_none(value) if node.operator == "==" else is_not_none(value)
        first, second = self.fresh(), self.fresh()
        left, right = walrus(first, self.emit(node.left)), walrus(second, self.emit(node.right))
        made = self.operation(node, load(first), load(second))
        either_null = ast.BoolOp(ast.Or(), [is_none(load(first)), is_none(load(second))])
        if node.operator == "==":
            when_null: ast.expr = ast.Compare(load(first), [ast.Is()], [load(second)])
        elif node.operator == "!=":
            when_null = ast.Compare(load(first), [ast.IsNot()], [load(second)])
        elif node.type is BOOL:
            when_null = constant(False)
        else:
            when_null = constant(None)
        body = conditional(either_null, when_null, made)
        return ast.Subscript(ast.Tuple([left, right, body], ast.Load()), constant(2), ast.Load())

    # --------------------------------------------------------------------------------------------- operations

    def operation(self, node: Binary, left: ast.expr, right: ast.expr) -> ast.expr:
        """The operator on plain operands of the operation's type."""
        operator, type_ = node.operator, node.operand_type
        if node.method is not None:
            return self.emit_member_call(node.method, None, [left, right], ())
        if operator in _COMPARE:
            return ast.Compare(left, [_COMPARE[operator]], [right])
        if is_enum(type_) and isinstance(type_, NamedType):
            type_ = named(type_.definition.enum_underlying)
        if type_ is BOOL:
            return self._bools(operator, left, right)
        if type_ is DECIMAL:
            return self.run(_DECIMAL[operator], left, right)
        if type_ in (DOUBLE, FLOAT):
            made = self._floats(operator, left, right)
            return self.run(to_single, made) if type_ is FLOAT else made
        return self._integers(node, operator, type_, left, right)

    def _bools(self, operator: str, left: ast.expr, right: ast.expr) -> ast.expr:
        return ast.BinOp(left, _PYTHON[operator], right)

    def _floats(self, operator: str, left: ast.expr, right: ast.expr) -> ast.expr:
        if operator == "/":
            return self.run(arithmetic.float_divide, left, right)
        if operator == "%":
            return self.run(arithmetic.float_remainder, left, right)
        return ast.BinOp(left, _PYTHON[operator], right)

    def _integers(self, node: Binary, operator: str, type_: Type, left: ast.expr, right: ast.expr) -> ast.expr:
        name = str(type_)
        if operator in ("<<", ">>"):
            function = arithmetic.shift_left if operator == "<<" else arithmetic.shift_right
            return self.run(function, constant(name), left, right)
        if operator in ("/", "%"):
            if node.right.is_constant and node.right.constant > 0:
                return self._by_positive(operator, left, right)
            divide = arithmetic.int_divide if operator == "/" else arithmetic.int_remainder
            return self.run(divide, left, right, constant(INTEGRAL_RANGES[type_][0]))
        made = ast.BinOp(left, _PYTHON[operator], right)
        if operator in ("&", "|", "^"):
            return made
        return self.in_range(made, type_, is_checked=node.is_checked)

    def _by_positive(self, operator: str, left: ast.expr, right: ast.expr) -> ast.expr:
        """Python rounds down, C# towards zero: they agree for a dividend that is not negative."""
        python: ast.operator = ast.FloorDiv() if operator == "/" else ast.Mod()
        if isinstance(left, ast.Name) and left.id in self.non_negative:
            return ast.BinOp(left, python, right)
        name = left.id if isinstance(left, ast.Name) else self.fresh()
        negated = ast.BinOp(ast.UnaryOp(ast.USub(), load(name)), python, right)
        value = left if isinstance(left, ast.Name) else walrus(name, left)
        test = ast.Compare(value, [ast.GtE()], [constant(0)])
        return conditional(test, ast.BinOp(load(name), python, right), ast.UnaryOp(ast.USub(), negated))

    def in_range(self, value: ast.expr, type_: Type, *, is_checked: bool) -> ast.expr:
        """Bring a result back into the type's range: wrap around, or throw in a checked context."""
        name = self.fresh()
        test, outside = self._range_test(walrus(name, value), name, type_, is_checked=is_checked)
        made = conditional(test, load(name), outside)
        if not is_checked:
            self._wrapped = made, value, type_
        return made

    def _range_test(self, value: ast.expr, name: str, type_: Type, *, is_checked: bool) -> tuple[ast.Compare, ast.expr]:
        """Whether a value is surely in range; and what to do with it, now in a variable, when it may not be."""
        low, high = INTEGRAL_RANGES[type_]
        if type_ in (INT, UINT):
            low, high = max(low, -_SMALL), min(high, _SMALL)
        test = ast.Compare(constant(low), [ast.LtE(), ast.LtE()], [value, constant(high)])
        if is_checked:
            return test, self.run(arithmetic.checked, constant(str(type_)), load(name))
        if type_ is INT:
            return test, self.run(wrap_int32, load(name))
        return test, self.run(arithmetic.wrap, constant(str(type_)), load(name))

    def assigned(self, name: str, value: ast.expr) -> list[ast.stmt]:
        """`name = value`; what may have to wrap around is looked at in the variable itself."""
        if self._wrapped is None or self._wrapped[0] is not value:
            return [ast.Assign([store(name)], value)]
        _, plain, type_ = self._wrapped
        test, outside = self._range_test(load(name), name, type_, is_checked=False)
        wraps = ast.If(ast.UnaryOp(ast.Not(), test), [ast.Assign([store(name)], outside)], [])
        return [ast.Assign([store(name)], plain), wraps]

    def emit_unary(self, node: Unary) -> ast.expr:
        value = self.emit(node.operand)
        if not node.is_lifted:
            return self._unary(node, value)
        name = self.fresh()
        return conditional(is_none(walrus(name, value)), constant(None), self._unary(node, load(name)))

    def _unary(self, node: Unary, value: ast.expr) -> ast.expr:
        type_ = node.operand_type
        if is_enum(type_) and isinstance(type_, NamedType):
            type_ = named(type_.definition.enum_underlying)
        if node.operator == "!":
            return ast.UnaryOp(ast.Not(), value)
        if node.operator == "+":
            return value
        if node.operator == "~":
            made: ast.expr = ast.UnaryOp(ast.Invert(), value)
            return made if INTEGRAL_RANGES[type_][0] else self.in_range(made, type_, is_checked=False)
        if type_ is DECIMAL:
            return self.run(decimals.negate, value)
        made = ast.UnaryOp(ast.USub(), value)
        return self.in_range(made, type_, is_checked=node.is_checked) if type_ in INTEGRAL_RANGES else made
