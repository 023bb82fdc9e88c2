"""Unary and binary operators (C# specification, sections 12.9 to 12.14)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.binding import advice, constants, nodes, operators
from apimpolicy.csharp.binding.advice import operand_name
from apimpolicy.csharp.binding.core import Binder
from apimpolicy.csharp.binding.literals import DefaultLiteral, UnboundLambda
from apimpolicy.csharp.binding.nodes import NOT_CONSTANT, Bad, Expression
from apimpolicy.csharp.binding.reports import shown
from apimpolicy.csharp.binding.type_relations import INTEGRAL_RANGES, is_delegate, nullable, same, underlying_number
from apimpolicy.csharp.dotnet.metadata import find_definition
from apimpolicy.csharp.dotnet.types import ERROR, NULL, SpecialType, TupleType, Type, tuple_type
from apimpolicy.csharp.dotnet.values import BOOL, INT, LONG, OBJECT, STRING, VOID
from apimpolicy.csharp.syntax import shapes
from apimpolicy.csharp.syntax.literals import integer_value
from apimpolicy.csharp.syntax.nodes import Node

if TYPE_CHECKING:
    _Elements = tuple[Sequence[Expression], Sequence[Expression]]

_SMALLEST: dict[int, Type] = {-INTEGRAL_RANGES[type_][0]: type_ for type_ in (INT, LONG)}
"""Section 6.4.5.3: literals whose negation fits although they do not; the compiler takes hexadecimal ones too."""


# ------------------------------------------------------------------------------------ binary operators


def bind_binary(binder: Binder, node: shapes.Binary) -> Expression:
    # a + b + c + … is a chain to the left: bound in a loop, so that long ones do not recurse
    chain: list[shapes.Binary] = []
    current: Node = node
    while isinstance(current, shapes.Binary):
        chain.append(current)
        current = current.left
    left = binder.bind_value(current)
    for link in reversed(chain):
        right = binder.bind_value(link.right)
        left = bind_operation(binder, link, link.operator.text, left, right)
    return left


def bind_operation(binder: Binder, node: Node, operator: str, left: Expression, right: Expression) -> Expression:
    """`left operator right`; user-defined operators first, then the predefined ones."""
    if isinstance(left, Bad) or isinstance(right, Bad) or ERROR in (left.type, right.type):
        return binder.bad(node, BOOL if operator in operators.COMPARISONS else ERROR)
    if operator in ("+", "-") and (is_delegate(left.type) or is_delegate(right.type)):
        combined = _combine_delegates(binder, node, operator, left, right)
        if combined is not None:
            return combined
    if isinstance(left, nodes.MethodGroup) or isinstance(right, nodes.MethodGroup):
        return no_operator(binder, node, operator, left, right)
    if operator in ("==", "!=") and (pairs := _paired(left, right)) is not None:
        return _compare_tuples(binder, node, operator, left, right, pairs)
    user = _user_binary(binder, node, operator, left, right)
    if user is not None:
        return user
    if operator not in ("==", "!=") and (isinstance(left, DefaultLiteral) or isinstance(right, DefaultLiteral)):
        return binder.failure(node, "CS8310", f"'{operator}' can't be applied to 'default'")
    if isinstance(left, DefaultLiteral) and isinstance(right, DefaultLiteral):
        return binder.failure(node, "CS8315", f"'{operator}' is ambiguous between 'default' and 'default'")
    left, right = _typed_default(binder, left, right)
    if isinstance(left, DefaultLiteral) or isinstance(right, DefaultLiteral) or _is_untyped(left, right):
        return no_operator(binder, node, operator, left, right)
    both_null = operator == "+" and left.type is NULL and right.type is NULL
    signature = operators.Ambiguous(operator) if both_null else operators.resolve_binary(operator, left, right)
    if signature is None:
        return no_operator(binder, node, operator, left, right)
    if isinstance(signature, operators.Ambiguous):
        message = f"'{operator}' is ambiguous for '{shown(left.type)}' and '{shown(right.type)}'"
        return binder.failure(node, "CS0034", message, help="cast one of the operands")
    first, second = binder.convert(left, signature.left), binder.convert(right, signature.right)
    return _finish_binary(binder, node, operator, first, second, signature)


def _combine_delegates(
    binder: Binder, node: Node, operator: str, left: Expression, right: Expression
) -> Expression | None:
    """`f + g` and `f - g` (sections 12.10.5 and 12.10.6): both of one delegate type; None when they are not."""
    for type_ in (left.type, right.type):
        if is_delegate(type_) and all(binder.classify(side, type_) is not None for side in (left, right)):
            first, second = binder.convert(left, type_), binder.convert(right, type_)
            if isinstance(first, Bad) or isinstance(second, Bad):
                return binder.bad(node)
            return nodes.Binary(node, type_, operator, first, second, type_)
    if is_delegate(left.type) and isinstance(right, (UnboundLambda, nodes.MethodGroup)):
        return binder.convert(right, left.type)  # says what is wrong with it
    return None


def _paired(left: Expression, right: Expression) -> _Elements | None:
    """Return the elements of two tuples, written out or not; None when one operand is no tuple."""
    sides = []
    for side in (left, right):
        if isinstance(side, nodes.TupleCreation):
            sides.append(side.elements)
        elif isinstance(type_ := side.type.underlying or side.type, TupleType):
            sides.append(tuple(nodes.Placeholder(side.syntax, element) for element in type_.arguments))
        else:
            return None
    return sides[0], sides[1]


def _compare_tuples(
    binder: Binder, node: Node, operator: str, left: Expression, right: Expression, pairs: _Elements
) -> Expression:
    """Tuple equality, new in C# 7.3: element by element."""
    if len(pairs[0]) != len(pairs[1]):
        return binder.failure(node, "CS8384", "tuples of different sizes can't be compared")
    type_ = _compared_tuple(pairs)
    if type_ is None:
        return no_operator(binder, node, operator, left, right)
    is_lifted = left.type.underlying is not None or right.type.underlying is not None
    wanted = nullable(type_) if is_lifted else type_
    first, second = binder.convert(left, wanted), binder.convert(right, wanted)
    if isinstance(first, Bad) or isinstance(second, Bad):
        return binder.bad(node, BOOL)
    return nodes.Binary(node, BOOL, operator, first, second, type_, is_lifted=is_lifted)


def _compared_tuple(pairs: _Elements) -> Type | None:
    """Return the type that two tuples are compared as; None when two elements can't be compared."""
    types = [_compared_type(one, other) for one, other in zip(*pairs, strict=True)]
    found = [type_ for type_ in types if type_ is not None]
    if len(found) < len(types):
        return None
    return tuple_type(tuple(found), (None,) * len(found), find_definition("System.ValueTuple", len(found)))


def _compared_type(left: Expression, right: Expression) -> Type | None:
    pairs = _paired(left, right)
    if pairs is not None:
        return _compared_tuple(pairs) if len(pairs[0]) == len(pairs[1]) else None
    if isinstance(left, DefaultLiteral) or isinstance(right, DefaultLiteral):
        other = right.type if isinstance(left, DefaultLiteral) else left.type
        return None if isinstance(other, SpecialType) else other
    if same(left.type, right.type) and not isinstance(left.type, SpecialType):
        return left.type
    signature = operators.resolve_binary("==", left, right)
    if not isinstance(signature, operators.OperatorSignature) or signature.left is not signature.right:
        return None
    return signature.left


def _is_untyped(*operands: Expression) -> bool:
    return any(
        isinstance(o, (UnboundLambda, nodes.MethodGroup, nodes.ThrowExpression)) or o.type is VOID for o in operands
    )


def _typed_default(binder: Binder, left: Expression, right: Expression) -> tuple[Expression, Expression]:
    if isinstance(right, DefaultLiteral) and not isinstance(left.type, SpecialType):
        return left, binder.default_value(right.syntax, left.type)
    if isinstance(left, DefaultLiteral) and not isinstance(right.type, SpecialType):
        return binder.default_value(left.syntax, right.type), right
    return left, right


def _finish_binary(
    binder: Binder,
    node: Node,
    operator: str,
    left: Expression,
    right: Expression,
    signature: operators.OperatorSignature,
) -> Expression:
    constant: Any = NOT_CONSTANT
    if operator == "+" and signature.operand is STRING and _are_constant_texts(left, right):
        joined = _joined(binder, left, right)
        if joined is not None:
            return constants.Concatenation(node, signature.result, operator, left, right, STRING, constant=joined)
    elif signature.is_lifted and operator in ("==", "!=") and _null_meets_value(left, right):
        constant = operator == "!="
    elif left.is_constant and right.is_constant and not signature.is_lifted:
        constant = _fold_binary(binder, node, operator, left, right, signature)
    return nodes.Binary(
        node,
        signature.result,
        operator,
        left,
        right,
        signature.operand,
        is_lifted=signature.is_lifted,
        is_checked=bool(binder.is_checked),
        constant=constant,
    )


def _are_constant_texts(left: Expression, right: Expression) -> bool:
    return left.is_constant and right.is_constant and left.type in (STRING, NULL) and right.type in (STRING, NULL)


def _joined(binder: Binder, left: Expression, right: Expression) -> constants.JoinedText | None:
    """Return two constant texts in one; None when it is too long, or all texts of the expression together are."""
    first, second = constants.part_of(left), constants.part_of(right)
    length = constants.length_of(first) + constants.length_of(second)
    if length > constants.MAX_STRING:
        binder.has_stopped_folding = True
        return None
    if isinstance(first, constants.JoinedText) and first.count == len(first.parts):
        binder.folded_length += constants.length_of(second)
    else:
        binder.folded_length += length
    if binder.folded_length > constants.MAX_FOLDED:
        binder.has_stopped_folding = True
        return None
    return (
        first.followed_by(second)
        if isinstance(first, constants.JoinedText)
        else constants.JoinedText([first, second], length)
    )


def _fold_binary(
    binder: Binder,
    node: Node,
    operator: str,
    left: Expression,
    right: Expression,
    signature: operators.OperatorSignature,
) -> Any:
    operand = signature.operand
    if operand is OBJECT or is_delegate(operand):
        if left.constant is None and right.constant is None:
            return operator == "=="
        return NOT_CONSTANT
    if operand is STRING:
        if operator == "+":
            return NOT_CONSTANT  # of two constant texts it is a Concatenation
        return constants.fold_binary(operator, STRING, left.constant, right.constant, checked=True)
    operand = underlying_number(operand)
    if not constants.is_foldable(operand):
        return NOT_CONSTANT
    try:
        return constants.fold_binary(
            operator, operand, left.constant, right.constant, checked=binder.is_checked is not False
        )
    except constants.FoldingError as error:
        binder.report(
            node,
            error.code,
            error.message,
            help="put it in unchecked(…) to wrap around, or use a wider type" if error.code == "CS0220" else "",
        )
        return NOT_CONSTANT


def _user_binary(binder: Binder, node: Node, operator: str, left: Expression, right: Expression) -> Expression | None:
    name = operators.OPERATOR_METHODS.get(operator)
    if name is None or isinstance(left, UnboundLambda) or isinstance(right, UnboundLambda):
        return None
    methods = operators.user_operators(name, (left.type, right.type))
    if not methods:
        return None
    return operators.binary_call(binder, node, operator, left, right, methods)


def no_operator(binder: Binder, node: Node, operator: str, left: Expression, right: Expression) -> Expression:
    if left.type.has_error or right.type.has_error:
        return binder.bad(node)
    first, second = operand_name(left), operand_name(right)
    help_ = advice.for_operator(operator, left, right)
    return binder.failure(node, "CS0019", f"'{operator}' can't be applied to {first} and {second}", help=help_)


def _bind_logical(binder: Binder, node: shapes.LogicalAnd | shapes.LogicalOr) -> Expression:
    operator = "&&" if isinstance(node, shapes.LogicalAnd) else "||"
    chain: list[shapes.LogicalAnd | shapes.LogicalOr] = []
    current: Node = node
    while isinstance(current, (shapes.LogicalAnd, shapes.LogicalOr)) and current.kind == node.kind:
        chain.append(current)
        current = current.left
    left = binder.bind_value(current)
    for link in reversed(chain):
        right = binder.bind_value(link.right)
        left = _logical(binder, link, operator, left, right)
    return left


bind_logical_and = _bind_logical


bind_logical_or = _bind_logical


def _logical(binder: Binder, node: Node, operator: str, left: Expression, right: Expression) -> Expression:
    if isinstance(left, Bad) or isinstance(right, Bad):
        return binder.bad(node, BOOL)
    left, right = _typed_default(binder, left, right)
    if binder.classify(left, BOOL) is None or binder.classify(right, BOOL) is None or _is_untyped(left, right):
        return no_operator(binder, node, operator, left, right)
    first, second = binder.convert(left, BOOL), binder.convert(right, BOOL)
    constant: Any = NOT_CONSTANT
    if first.is_constant and second.is_constant:
        constant = (first.constant and second.constant) if operator == "&&" else (first.constant or second.constant)
    return nodes.Logical(node, BOOL, operator, first, second, constant=constant)


# ------------------------------------------------------------------------------------- unary operators


def bind_unary(binder: Binder, node: shapes.Unary) -> Expression:
    operator = node.operator.text
    operand_node = node.operand
    if operator == "-" and isinstance(operand_node, shapes.IntegerLiteral):
        text = operand_node.literal.text
        smallest = _SMALLEST.get(integer_value(text)[0])
        if smallest is not None and "U" not in text.upper() and (smallest is LONG or "L" not in text.upper()):
            return nodes.Literal(node, smallest, INTEGRAL_RANGES[smallest][0])
    return unary(binder, node, operator, binder.bind_value(operand_node))


def bind_logical_not(binder: Binder, node: shapes.LogicalNot) -> Expression:
    return unary(binder, node, "!", binder.bind_value(node.operand))


def bind_bitwise_not(binder: Binder, node: shapes.BitwiseNot) -> Expression:
    return unary(binder, node, "~", binder.bind_value(node.operand))


def _lifted_user_unary(binder: Binder, node: Node, operator: str, operand: Expression, inner: Type) -> Expression:
    """`-x` of a `TimeSpan?` (section 12.4.8): null of null, else the operator of the value."""
    placeholder = nodes.Placeholder(operand.syntax, inner)
    value = unary(binder, node, operator, placeholder)
    if isinstance(value, Bad):
        return value
    return nodes.ConditionalAccess(node, nullable(value.type), operand, placeholder, value)


def unary(binder: Binder, node: Node, operator: str, operand: Expression) -> Expression:
    if isinstance(operand, Bad) or operand.type is ERROR:
        return binder.bad(node, BOOL if operator == "!" else ERROR)
    if isinstance(operand, DefaultLiteral):
        return binder.failure(operand.syntax, "CS8716", "'default' needs a type here", help="write default(…)")
    if operand.type is NULL:
        return binder.failure(node, "CS8310", f"'{operator}' can't be applied to null")
    if isinstance(operand.type, SpecialType) or operand.type is VOID:
        return binder.failure(node, "CS0023", f"'{operator}' can't be applied to {operand_name(operand)}")
    methods = operators.user_operators(operators.UNARY_METHODS[operator], (operand.type,))
    if methods:
        from apimpolicy.csharp.binding.operators import unary_call

        call = unary_call(binder, node, operand, methods)
        if call is not None:
            return call
        inner = operand.type.underlying
        if inner is not None:
            return _lifted_user_unary(binder, node, operator, operand, inner)
    signature = operators.resolve_unary(operator, operand)
    if isinstance(signature, operators.Ambiguous):
        return binder.failure(node, "CS0035", f"'{operator}' is ambiguous for '{shown(operand.type)}'")
    if signature is None:
        help_ = ""
        if operator == "!":
            is_cast = operand.type is OBJECT or advice.is_json(operand.type)
            help_ = "cast it: !(bool)…" if is_cast else "compare it with a value to get a bool"
        return binder.failure(node, "CS0023", f"'{operator}' can't be applied to {operand_name(operand)}", help=help_)
    value = binder.convert(operand, signature.left)
    constant: Any = NOT_CONSTANT
    if value.is_constant and constants.is_foldable(signature.operand):
        operand_type, checked = underlying_number(signature.operand), binder.is_checked is not False
        try:
            constant = constants.fold_unary(operator, operand_type, value.constant, checked=checked)
        except constants.FoldingError as error:
            binder.report(node, error.code, error.message)
    return nodes.Unary(
        node,
        signature.result,
        operator,
        value,
        signature.operand,
        is_lifted=signature.is_lifted,
        is_checked=bool(binder.is_checked),
        constant=constant,
    )


def _null_meets_value(left: Expression, right: Expression) -> bool:
    """Return whether `==` compares a `(T?)null` with a constant, so that the compiler knows the answer."""
    return (_is_null(left) and _is_value(right)) or (_is_null(right) and _is_value(left))


def _is_null(expression: Expression) -> bool:
    while isinstance(expression, nodes.Convert):
        expression = expression.operand
    return expression.type is NULL


def _is_value(expression: Expression) -> bool:
    while isinstance(expression, nodes.Convert):
        expression = expression.operand
    return expression.is_constant and expression.constant is not None
