"""Operator overload resolution (C# specification, section 12.4): which predefined operator two operand types select.

The binder asks here with types (and whether an operand is a constant that fits a narrower type); user-defined operators
are ordinary methods and go through overload resolution first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from apimpolicy.csharp.binding import conversions, type_relations
from apimpolicy.csharp.binding.lookup import declared_members
from apimpolicy.csharp.binding.nodes import Binary, Call, Expression
from apimpolicy.csharp.binding.reports import shown
from apimpolicy.csharp.dotnet.signatures import Method
from apimpolicy.csharp.dotnet.types import NULL, NamedType, Type
from apimpolicy.csharp.dotnet.values import BOOL, DECIMAL, DOUBLE, FLOAT, INT, LONG, OBJECT, STRING, UINT, ULONG
from apimpolicy.records import Record

if TYPE_CHECKING:
    from apimpolicy.csharp.binding.core import Binder
    from apimpolicy.csharp.syntax.nodes import Node


ARITHMETIC: tuple[Type, ...] = (INT, UINT, LONG, ULONG, FLOAT, DOUBLE, DECIMAL)
INTEGRAL: tuple[Type, ...] = (INT, UINT, LONG, ULONG)

OPERATOR_METHODS = {
    "+": "op_Addition",
    "-": "op_Subtraction",
    "*": "op_Multiply",
    "/": "op_Division",
    "%": "op_Modulus",
    "&": "op_BitwiseAnd",
    "|": "op_BitwiseOr",
    "^": "op_ExclusiveOr",
    "<<": "op_LeftShift",
    ">>": "op_RightShift",
    "==": "op_Equality",
    "!=": "op_Inequality",
    "<": "op_LessThan",
    ">": "op_GreaterThan",
    "<=": "op_LessThanOrEqual",
    ">=": "op_GreaterThanOrEqual",
}
UNARY_METHODS = {
    "+": "op_UnaryPlus",
    "-": "op_UnaryNegation",
    "~": "op_OnesComplement",
    "!": "op_LogicalNot",
    "++": "op_Increment",
    "--": "op_Decrement",
}
COMPARISONS = frozenset({"==", "!=", "<", ">", "<=", ">="})


class OperatorSignature(Record):
    """`left` and `right`: what the operands convert to (nullable when lifted); `operand`: what the operation is on."""

    left: Type
    right: Type
    operand: Type
    result: Type
    is_lifted: bool


class Ambiguous(Record):
    """More than one operator is equally good: CS0034 (CS0035 for unary ones)."""

    operator: str


def _converts(operand: Expression, target: Type) -> bool:
    source = operand.type
    if conversions.standard_implicit(source, target) is not None:
        return True
    if operand.is_constant:
        inner = target.underlying or target
        return conversions.constant_fits(operand.constant, source, inner)
    return False


def _converts_user(operand: Expression, target: Type) -> bool:
    return _converts(operand, target) or conversions.user_conversion(operand.type, target, explicit=False) is not None


def _predefined(operator: str) -> Sequence[tuple[Type, Type, Type]]:
    """(left, right, result) of the predefined operators on simple types."""
    if operator in ("*", "/", "%", "-"):
        return [(t, t, t) for t in ARITHMETIC]
    if operator == "+":
        return [
            *((t, t, t) for t in ARITHMETIC),
            (STRING, STRING, STRING),
            (STRING, OBJECT, STRING),
            (OBJECT, STRING, STRING),
        ]
    if operator in ("<<", ">>"):
        return [(t, INT, t) for t in INTEGRAL]
    if operator in ("<", ">", "<=", ">="):
        return [(t, t, BOOL) for t in ARITHMETIC]
    if operator in ("&", "|", "^"):
        return [*((t, t, t) for t in INTEGRAL), (BOOL, BOOL, BOOL)]
    if operator in ("==", "!="):
        return [*((t, t, BOOL) for t in ARITHMETIC), (BOOL, BOOL, BOOL), (STRING, STRING, BOOL), (OBJECT, OBJECT, BOOL)]
    if operator in ("&&", "||"):
        return [(BOOL, BOOL, BOOL)]
    return []


_PREDEFINED = {
    operator: tuple(_predefined(operator))
    for operator in ("*", "/", "%", "+", "-", "<<", ">>", "<", ">", "<=", ">=", "&", "|", "^", "==", "!=", "&&", "||")
}

_SIMPLE = frozenset({*ARITHMETIC, BOOL, STRING})


def resolve_binary(operator: str, left: Expression, right: Expression) -> OperatorSignature | Ambiguous | None:
    """Return the predefined operator for these operands, an Ambiguous, or None when there is none (CS0019)."""
    left_type, right_type = left.type, right.type
    if left_type is right_type and left_type in _SIMPLE:
        for first, second, result in _PREDEFINED[operator]:
            if first is left_type and second is left_type:
                return OperatorSignature(first, second, first, result, False)
    of_enum = _enum_operator(operator, left, right)
    if of_enum is not None:
        return of_enum
    candidates: list[OperatorSignature] = []
    may_lift = _is_nullable(left_type) or _is_nullable(right_type)
    for first, second, result in _PREDEFINED[operator]:
        if first is OBJECT or second is OBJECT:
            continue
        if _converts_user(left, first) and _converts_user(right, second):
            candidates.append(OperatorSignature(first, second, first, result, False))
        elif may_lift and first is not STRING and operator not in ("&&", "||"):
            lifted_left, lifted_right = type_relations.nullable(first), type_relations.nullable(second)
            if _converts_user(left, lifted_left) and _converts_user(right, lifted_right):
                lifted_result = result if operator in COMPARISONS else type_relations.nullable(result)
                candidates.append(OperatorSignature(lifted_left, lifted_right, first, lifted_result, True))
    if candidates:
        best = _best(candidates, left, right)
        if best is None:
            return Ambiguous(operator)
        if not (operator == "+" and best.operand is STRING):
            return best
    if operator == "+" and STRING in (left_type, right_type):
        return _concatenation(left, right)
    if candidates:
        return candidates[0] if len(candidates) == 1 else best
    if operator in ("==", "!="):
        return _reference_equality(left_type, right_type)
    return None


def _concatenation(left: Expression, right: Expression) -> OperatorSignature | None:
    """String concatenation takes anything that converts to object on the other side."""
    for operand in (left, right):
        if conversions.standard_implicit(operand.type, OBJECT) is None and operand.type is not NULL:
            return None
    first = STRING if left.type is STRING or left.type is NULL else OBJECT
    second = STRING if right.type is STRING or right.type is NULL else OBJECT
    return OperatorSignature(first, second, STRING, STRING, False)


def _is_nullable(type_: Type) -> bool:
    return type_ is NULL or type_.underlying is not None


def _reference_equality(left: Type, right: Type) -> OperatorSignature | None:
    """Section 12.12.7: both references, with a conversion between them; or `T? == null`."""
    if left is NULL and right is NULL:
        return OperatorSignature(OBJECT, OBJECT, OBJECT, BOOL, False)
    if left is NULL or right is NULL:
        other = right if left is NULL else left
        if other.underlying is not None:
            return OperatorSignature(other, other, other.underlying, BOOL, True)
        return OperatorSignature(OBJECT, OBJECT, OBJECT, BOOL, False) if type_relations.may_be_null(other) else None
    if not (type_relations.is_reference(left) and type_relations.is_reference(right)):
        return None
    if type_relations.is_delegate(left) and type_relations.is_delegate(right):
        return OperatorSignature(left, left, left, BOOL, False) if type_relations.same(left, right) else None
    between = conversions.explicit_conversion(left, right) or conversions.explicit_conversion(right, left)
    if between is None or between.kind == "user":
        return None
    return OperatorSignature(OBJECT, OBJECT, OBJECT, BOOL, False)


def _enum_operator(operator: str, left: Expression, right: Expression) -> OperatorSignature | None:
    """Sections 12.10.5, 12.12.6 and 12.13.3: enums compare, combine, and are offset by their underlying type."""
    left_bare, right_bare = left.type.underlying or left.type, right.type.underlying or right.type
    if not (type_relations.is_enum(left_bare) or type_relations.is_enum(right_bare)):
        return None
    lifted = _is_nullable(left.type) or _is_nullable(right.type)
    enum = left_bare if type_relations.is_enum(left_bare) else right_bare

    def signature(first: Type, second: Type, result: Type) -> OperatorSignature:
        if lifted:
            return OperatorSignature(
                type_relations.nullable(first),
                type_relations.nullable(second),
                enum,
                result if result is BOOL else type_relations.nullable(result),
                True,
            )
        return OperatorSignature(first, second, enum, result, False)

    def is_this(operand: Expression, bare: Type) -> bool:
        return bare is enum or bare is NULL or (operand.is_constant and operand.constant == 0 and operand.type is INT)

    underlying = type_relations.underlying_number(enum)
    if is_this(left, left_bare) and is_this(right, right_bare):
        if operator in COMPARISONS:
            return signature(enum, enum, BOOL)
        if operator in ("&", "|", "^"):
            return signature(enum, enum, enum)
        if operator == "-" and left_bare is enum and right_bare is enum:
            return signature(enum, enum, underlying)
    if operator in ("+", "-") and left_bare is enum and _converts(right, underlying):
        return signature(enum, underlying, enum)
    if operator == "+" and right_bare is enum and _converts(left, underlying):
        return signature(underlying, enum, enum)
    return None


def _best(candidates: list[OperatorSignature], left: Expression, right: Expression) -> OperatorSignature | None:
    for candidate in candidates:
        if all(other is candidate or _is_better(candidate, other, left, right) for other in candidates):
            return candidate
    return None


def _is_better(mine: OperatorSignature, other: OperatorSignature, left: Expression, right: Expression) -> bool:
    first = _better_conversion(left, mine.left, other.left)
    second = _better_conversion(right, mine.right, other.right)
    if first >= 0 and second >= 0 and first + second > 0:
        return True
    # an unlifted operator is better than its lifted form
    return first == 0 and second == 0 and not mine.is_lifted and other.is_lifted


def _better_conversion(operand: Expression, mine: Type, other: Type) -> int:
    if type_relations.same(mine, other):
        return 0
    if type_relations.same(operand.type, mine):
        return 1
    if type_relations.same(operand.type, other):
        return -1
    return conversions.better_target(mine, other)


def resolve_unary(operator: str, operand: Expression) -> OperatorSignature | Ambiguous | None:
    """Return the predefined unary operator for this operand; `++` and `--` keep the operand's own type."""
    type_ = operand.type
    bare = type_.underlying or type_
    lifted = type_.underlying is not None
    if operator == "!":
        choices: Sequence[Type] = (BOOL,)
    elif operator == "~":
        if type_relations.is_enum(bare):
            return OperatorSignature(type_, type_, bare, type_, lifted)
        choices = INTEGRAL
    elif operator == "-":
        choices = (INT, LONG, FLOAT, DOUBLE, DECIMAL)
    else:
        choices = ARITHMETIC
    if type_ is NULL:
        return None
    candidates: list[OperatorSignature] = []
    for choice in choices:
        operand_type = type_relations.nullable(choice) if lifted else choice
        if _converts_user(operand, operand_type):
            candidates.append(OperatorSignature(operand_type, operand_type, choice, operand_type, lifted))
    if operator == "-" and bare is ULONG:
        return None
    if not candidates:
        return None
    return _best(candidates, operand, operand) or Ambiguous(operator)


def user_operators(name: str, types: Sequence[Type]) -> list[Method]:
    found: list[Method] = []
    for type_ in types:
        bare = type_.underlying or type_
        if not isinstance(bare, NamedType) or bare in _SIMPLE or bare.kind in ("interface", "enum", "delegate"):
            continue
        current: NamedType | None = bare
        while current is not None:
            own = [m for m in declared_members(current, name) if isinstance(m, Method) and m not in found]
            if own:
                found.extend(own)
                break
            current = current.base
    return found


# Operators that types declare (C# specification, sections 12.4.4 and 12.4.5).


def binary_call(
    binder: Binder, node: Node, operator: str, left: Expression, right: Expression, methods: list[Method]
) -> Expression | None:
    """Return the call of the operator that fits best; None when none does."""
    from apimpolicy.csharp.binding.arguments import finish_arguments  # most operators are predefined
    from apimpolicy.csharp.binding.overloads import Argument, resolve

    lifted = any(side.type is NULL or side.type.underlying is not None for side in (left, right))
    arguments = [Argument(left, left.syntax), Argument(right, right.syntax)]
    found = resolve(methods, arguments, (), binder)
    if found.best is not None:
        values = finish_arguments(binder, node, found.best, arguments)
        return Call(node, found.best.returns(), None, found.best.method, tuple(values))
    if found.ambiguous is not None:
        message = f"'{operator}' is ambiguous for '{shown(left.type)}' and '{shown(right.type)}'"
        return binder.failure(node, "CS0034", message)
    if lifted:
        return _lifted_user_binary(binder, node, operator, left, right, methods)
    return None


def _lifted_user_binary(
    binder: Binder, node: Node, operator: str, left: Expression, right: Expression, methods: list[Method]
) -> Expression | None:
    for method in methods:
        first, second = method.parameters[0].type, method.parameters[1].type
        if not (first.is_value_type and second.is_value_type):
            continue
        lifted_first, lifted_second = type_relations.nullable(first), type_relations.nullable(second)
        if binder.classify(left, lifted_first) is None or binder.classify(right, lifted_second) is None:
            continue
        result = method.returns if operator in COMPARISONS else type_relations.nullable(method.returns)
        return Binary(
            node,
            result,
            operator,
            binder.convert(left, lifted_first),
            binder.convert(right, lifted_second),
            first,
            is_lifted=True,
            method=method,
        )
    return None


def unary_call(binder: Binder, node: Node, operand: Expression, methods: list[Method]) -> Expression | None:
    """Return the call of the operator that fits; None when none does."""
    from apimpolicy.csharp.binding.arguments import finish_arguments
    from apimpolicy.csharp.binding.overloads import Argument, resolve

    arguments = [Argument(operand, operand.syntax)]
    found = resolve(methods, arguments, (), binder)
    if found.best is None:
        return None
    values = finish_arguments(binder, node, found.best, arguments)
    return Call(node, found.best.returns(), None, found.best.method, tuple(values))
