"""Operators, assignments, conditionals and casts (C# specification, sections 12.9 to 12.21)."""

from __future__ import annotations

from typing import Any

from apimpolicy.binding import advice, operators
from apimpolicy.binding import conversions as conv
from apimpolicy.binding.constants import FoldingError, fold_binary, fold_unary, is_foldable
from apimpolicy.binding.method_groups import MethodGroupBinder
from apimpolicy.binding.nodes import (
    NOT_CONSTANT,
    Bad,
    Binary,
    Call,
    ConditionalAccess,
    Convert,
    Dynamic,
    Expression,
    Literal,
    Logical,
    MethodGroup,
    Placeholder,
    ThrowExpression,
    Unary,
    UnknownText,
)
from apimpolicy.binding.overloads import Argument, resolve
from apimpolicy.binding.spelling import shown
from apimpolicy.binding.unbound import DEFAULT_TYPE, DefaultLiteral, UnboundLambda
from apimpolicy.dotnet.metadata import named
from apimpolicy.dotnet.types import DYNAMIC, ERROR, NULL, SpecialType, TupleType, Type, tuple_type
from apimpolicy.dotnet.values import BOOL, CHAR, INT, LONG, OBJECT, STRING, VOID
from apimpolicy.syntax import literals
from apimpolicy.syntax.nodes import Node
from apimpolicy.text.holes import has_hole

_SMALLEST: dict[str, tuple[int, Type]] = {
    "2147483648": (-2147483648, INT),
    "9223372036854775808": (-9223372036854775808, LONG),
    "9223372036854775808L": (-9223372036854775808, LONG),
}
"""Section 6.4.5.3: literals whose negation fits although they do not."""


class OperationBinder(MethodGroupBinder):
    """Everything with an operator in it."""

    # --------------------------------------------------------------------------------------------- literals

    def _bind_literal(self, node: Node) -> Expression:
        text = node.token(0).text
        if node.kind in ("string_literal", "verbatim_string_literal") and has_hole(text):
            return UnknownText(node, STRING)
        if node.kind == "string_literal":
            return Literal(node, STRING, literals.string_value(text))
        if node.kind == "verbatim_string_literal":
            return Literal(node, STRING, literals.verbatim_string_value(text))
        if node.kind == "character_literal":
            return Literal(node, CHAR, literals.character_value(text))
        value, type_ = literals.integer_value(text) if node.kind == "integer_literal" else literals.real_value(text)
        return Literal(node, named(type_), value)

    bind_integer_literal = _bind_literal
    bind_real_literal = _bind_literal
    bind_character_literal = _bind_literal
    bind_string_literal = _bind_literal
    bind_verbatim_string_literal = _bind_literal

    def bind_true_literal(self, node: Node) -> Expression:
        return Literal(node, BOOL, True)

    def bind_false_literal(self, node: Node) -> Expression:
        return Literal(node, BOOL, False)

    def bind_null_literal(self, node: Node) -> Expression:
        return Literal(node, NULL, None)

    def bind_default_literal(self, node: Node) -> Expression:
        return DefaultLiteral(node, DEFAULT_TYPE)

    def bind_parenthesized(self, node: Node) -> Expression:
        return self.bind(node.children[0])

    def bind_this_expression(self, node: Node) -> Expression:
        return self.failure(node, "CS0026", "'this' can't be used in a policy expression", help="use 'context'")

    def bind_base_expression(self, node: Node) -> Expression:
        return self.failure(node, "CS1511", "'base' can't be used in a policy expression")

    # ------------------------------------------------------------------------------------ binary operators

    def bind_binary(self, node: Node) -> Expression:
        # a + b + c + … is a chain to the left: bound in a loop, so that long ones do not recurse
        chain: list[Node] = []
        current: Any = node
        while isinstance(current, Node) and current.kind == "binary":
            chain.append(current)
            current = current.children[0]
        left = self.bind_value(current)
        for link in reversed(chain):
            right = self.bind_value(link.children[2])
            left = self.binary(link, link.token(1).text, left, right)
        return left

    def binary(self, node: Node, operator: str, left: Expression, right: Expression) -> Expression:
        """`left operator right`; user-defined operators first, then the predefined ones."""
        if isinstance(left, Bad) or isinstance(right, Bad) or ERROR in (left.type, right.type):
            return self.bad(node, BOOL if operator in operators.COMPARISONS else ERROR)
        if left.type is DYNAMIC or right.type is DYNAMIC:
            return self._dynamic_binary(node, operator, left, right)
        if operator in ("+", "-") and (conv.is_delegate(left.type) or conv.is_delegate(right.type)):
            combined = self._combine_delegates(node, operator, left, right)
            if combined is not None:
                return combined
        if isinstance(left, MethodGroup) or isinstance(right, MethodGroup):
            return self._no_operator(node, operator, left, right)
        if isinstance(left.type, TupleType) and isinstance(right.type, TupleType) and operator in ("==", "!="):
            return self._compare_tuples(node, operator, left, right)
        user = self._user_binary(node, operator, left, right)
        if user is not None:
            return user
        if operator not in ("==", "!=") and (isinstance(left, DefaultLiteral) or isinstance(right, DefaultLiteral)):
            return self.failure(node, "CS8310", f"'{operator}' can't be applied to 'default'")
        if isinstance(left, DefaultLiteral) and isinstance(right, DefaultLiteral):
            return self.failure(node, "CS8315", f"'{operator}' is ambiguous between 'default' and 'default'")
        left, right = self._typed_default(left, right)
        if isinstance(left, DefaultLiteral) or isinstance(right, DefaultLiteral) or self._is_untyped(left, right):
            return self._no_operator(node, operator, left, right)
        both_null = operator == "+" and left.type is NULL and right.type is NULL
        signature = operators.Ambiguous(operator) if both_null else operators.resolve_binary(operator, left, right)
        if signature is None:
            return self._no_operator(node, operator, left, right)
        if isinstance(signature, operators.Ambiguous):
            return self.failure(
                node,
                "CS0034",
                f"'{operator}' is ambiguous for '{shown(left.type)}' and '{shown(right.type)}'",
                help="cast one of the operands",
            )
        first, second = self.convert(left, signature.left), self.convert(right, signature.right)
        return self._finish_binary(node, operator, first, second, signature)

    def _combine_delegates(self, node: Node, operator: str, left: Expression, right: Expression) -> Expression | None:
        """`f + g` and `f - g` (sections 12.10.5 and 12.10.6): both of one delegate type; None when they are not."""
        for type_ in (left.type, right.type):
            if conv.is_delegate(type_) and all(self.classify(side, type_) is not None for side in (left, right)):
                first, second = self.convert(left, type_), self.convert(right, type_)
                if isinstance(first, Bad) or isinstance(second, Bad):
                    return self.bad(node)
                return Binary(node, type_, operator, first, second, type_)
        if conv.is_delegate(left.type) and isinstance(right, (UnboundLambda, MethodGroup)):
            return self.convert(right, left.type)  # says what is wrong with it
        return None

    def _compare_tuples(self, node: Node, operator: str, left: Expression, right: Expression) -> Expression:
        """Tuple equality, new in C# 7.3: element by element."""
        for one, other in ((left, right), (right, left)):
            found = self.classify(one, other.type)
            if found is not None:
                first, second = self.convert(left, other.type), self.convert(right, other.type)
                return Binary(node, BOOL, operator, first, second, other.type)
        if len(left.type.arguments) != len(right.type.arguments):  # type: ignore[attr-defined]
            return self.failure(node, "CS8384", "tuples of different sizes can't be compared")
        type_ = _compared_type(node, left.type, right.type)
        if type_ is None:
            return self._no_operator(node, operator, left, right)
        return Binary(node, BOOL, operator, self.convert(left, type_), self.convert(right, type_), type_)

    def _is_untyped(self, *operands: Expression) -> bool:
        return any(isinstance(o, (UnboundLambda, MethodGroup, ThrowExpression)) or o.type is VOID for o in operands)

    def _typed_default(self, left: Expression, right: Expression) -> tuple[Expression, Expression]:
        if isinstance(right, DefaultLiteral) and not isinstance(left.type, SpecialType):
            return left, self.default_value(right.syntax, left.type)
        if isinstance(left, DefaultLiteral) and not isinstance(right.type, SpecialType):
            return self.default_value(left.syntax, right.type), right
        return left, right

    def _finish_binary(
        self, node: Node, operator: str, left: Expression, right: Expression, signature: operators.OperatorSignature
    ) -> Expression:
        constant: Any = NOT_CONSTANT
        if signature.is_lifted and operator in ("==", "!=") and _null_meets_value(left, right):
            constant = operator == "!="
        elif left.is_constant and right.is_constant and not signature.is_lifted:
            constant = self._fold_binary(node, operator, left, right, signature)
        return Binary(
            node,
            signature.result,
            operator,
            left,
            right,
            signature.operand,
            is_lifted=signature.is_lifted,
            is_checked=bool(self.is_checked),
            constant=constant,
        )

    def _fold_binary(
        self, node: Node, operator: str, left: Expression, right: Expression, signature: operators.OperatorSignature
    ) -> Any:
        operand = signature.operand
        if operand is OBJECT or conv.is_delegate(operand):
            if left.constant is None and right.constant is None:
                return operator == "=="
            return NOT_CONSTANT
        if operand is STRING:
            if operator == "+" and not (left.type in (STRING, NULL) and right.type in (STRING, NULL)):
                return NOT_CONSTANT
            return fold_binary(operator, STRING, left.constant, right.constant, checked=True)
        if conv.is_enum(operand):
            operand = named(operand.definition.enum_underlying)  # type: ignore[attr-defined]
        if not is_foldable(operand):
            return NOT_CONSTANT
        try:
            return fold_binary(operator, operand, left.constant, right.constant, checked=self.is_checked is not False)
        except FoldingError as error:
            self.report(
                node,
                error.code,
                error.message,
                help="put it in unchecked(…) to wrap around, or use a wider type" if error.code == "CS0220" else "",
            )
            return NOT_CONSTANT

    def _user_binary(self, node: Node, operator: str, left: Expression, right: Expression) -> Expression | None:
        name = operators.OPERATOR_METHODS.get(operator)
        if name is None or isinstance(left, UnboundLambda) or isinstance(right, UnboundLambda):
            return None
        methods = operators.user_operators(name, (left.type, right.type))
        if not methods:
            return None
        lifted = any(side.type is NULL or side.type.underlying is not None for side in (left, right))
        arguments = [Argument(left, left.syntax), Argument(right, right.syntax)]
        found = resolve(methods, arguments, (), self)
        if found.best is not None:
            values = self.finish_arguments(node, found.best, arguments)
            return Call(node, found.best.returns(), None, found.best.method, values)
        if found.ambiguous is not None:
            return self.failure(
                node, "CS0034", f"'{operator}' is ambiguous for '{shown(left.type)}' and '{shown(right.type)}'"
            )
        if lifted:
            return self._lifted_user_binary(node, operator, left, right, methods)
        return None

    def _lifted_user_binary(
        self, node: Node, operator: str, left: Expression, right: Expression, methods: list[Any]
    ) -> Expression | None:
        for method in methods:
            first, second = method.parameters[0].type, method.parameters[1].type
            if not (first.is_value_type and second.is_value_type):
                continue
            lifted_first, lifted_second = conv.nullable(first), conv.nullable(second)
            if self.classify(left, lifted_first) is None or self.classify(right, lifted_second) is None:
                continue
            result = method.returns if operator in operators.COMPARISONS else conv.nullable(method.returns)
            return Binary(
                node,
                result,
                operator,
                self.convert(left, lifted_first),
                self.convert(right, lifted_second),
                first,
                is_lifted=True,
                method=method,
            )
        return None

    def _no_operator(self, node: Node, operator: str, left: Expression, right: Expression) -> Expression:
        if left.type.has_error or right.type.has_error:
            return self.bad(node)
        first, second = operand_name(left), operand_name(right)
        help_ = advice.for_operator(operator, left, right)
        return self.failure(node, "CS0019", f"'{operator}' can't be applied to {first} and {second}", help=help_)

    def _bind_logical(self, node: Node) -> Expression:
        operator = "&&" if node.kind == "logical_and" else "||"
        chain: list[Node] = []
        current: Any = node
        while isinstance(current, Node) and current.kind == node.kind:
            chain.append(current)
            current = current.children[0]
        left = self.bind_value(current)
        for link in reversed(chain):
            right = self.bind_value(link.children[1])
            left = self._logical(link, operator, left, right)
        return left

    bind_logical_and = _bind_logical
    bind_logical_or = _bind_logical

    def _dynamic_binary(self, node: Node, operator: str, left: Expression, right: Expression) -> Expression:
        """An operator that is chosen when it runs; what has no type cannot take part."""
        if any(isinstance(e, (UnboundLambda, MethodGroup, DefaultLiteral)) or e.type is VOID for e in (left, right)):
            return self._no_operator(node, operator, left, right)
        return Dynamic(node, DYNAMIC, "binary", [left, right], operator)

    def _logical(self, node: Node, operator: str, left: Expression, right: Expression) -> Expression:
        if isinstance(left, Bad) or isinstance(right, Bad):
            return self.bad(node, BOOL)
        left, right = self._typed_default(left, right)
        if self.classify(left, BOOL) is None or self.classify(right, BOOL) is None or self._is_untyped(left, right):
            return self._no_operator(node, operator, left, right)
        first, second = self.convert(left, BOOL), self.convert(right, BOOL)
        constant: Any = NOT_CONSTANT
        if first.is_constant and second.is_constant:
            constant = (first.constant and second.constant) if operator == "&&" else (first.constant or second.constant)
        return Logical(node, BOOL, operator, first, second, constant)

    # ------------------------------------------------------------------------------------- unary operators

    def bind_unary(self, node: Node) -> Expression:
        operator = node.token(0).text
        operand_node = node.children[1]
        if operator == "-" and isinstance(operand_node, Node) and operand_node.kind == "integer_literal":
            smallest = _SMALLEST.get(operand_node.token(0).text.replace("_", ""))
            if smallest is not None:
                return Literal(node, smallest[1], smallest[0])
        return self.unary(node, operator, self.bind_value(operand_node))

    def bind_logical_not(self, node: Node) -> Expression:
        return self.unary(node, "!", self.bind_value(node.children[0]))

    def bind_bitwise_not(self, node: Node) -> Expression:
        return self.unary(node, "~", self.bind_value(node.children[0]))

    def _lifted_user_unary(self, node: Node, operator: str, operand: Expression, inner: Type) -> Expression:
        """`-x` of a `TimeSpan?` (section 12.4.8): null of null, else the operator of the value."""
        placeholder = Placeholder(operand.syntax, inner)
        value = self.unary(node, operator, placeholder)
        if isinstance(value, Bad):
            return value
        return ConditionalAccess(node, conv.nullable(value.type), operand, placeholder, value)

    def unary(self, node: Node, operator: str, operand: Expression) -> Expression:
        if isinstance(operand, Bad) or operand.type is ERROR:
            return self.bad(node, BOOL if operator == "!" else ERROR)
        if operand.type is DYNAMIC:
            return Dynamic(node, DYNAMIC, "unary", [operand], operator)
        if isinstance(operand, DefaultLiteral):
            return self.failure(operand.syntax, "CS8716", "'default' needs a type here", help="write default(…)")
        if operand.type is NULL:
            return self.failure(node, "CS8310", f"'{operator}' can't be applied to null")
        if isinstance(operand.type, SpecialType) or operand.type is VOID:
            return self.failure(node, "CS0023", f"'{operator}' can't be applied to {operand_name(operand)}")
        methods = operators.user_operators(operators.UNARY_METHODS[operator], (operand.type,))
        if methods:
            arguments = [Argument(operand, operand.syntax)]
            found = resolve(methods, arguments, (), self)
            if found.best is not None:
                return Call(
                    node,
                    found.best.returns(),
                    None,
                    found.best.method,
                    self.finish_arguments(node, found.best, arguments),
                )
            inner = operand.type.underlying
            if inner is not None:
                return self._lifted_user_unary(node, operator, operand, inner)
        signature = operators.resolve_unary(operator, operand)
        if isinstance(signature, operators.Ambiguous):
            return self.failure(node, "CS0035", f"'{operator}' is ambiguous for '{shown(operand.type)}'")
        if signature is None:
            help_ = ""
            if operator == "!":
                is_cast = operand.type is OBJECT or advice.is_json(operand.type)
                help_ = "cast it: !(bool)…" if is_cast else "compare it with a value to get a bool"
            return self.failure(node, "CS0023", f"'{operator}' can't be applied to {operand_name(operand)}", help=help_)
        value = self.convert(operand, signature.left)
        constant: Any = NOT_CONSTANT
        if value.is_constant and is_foldable(signature.operand):
            underlying = signature.operand
            if conv.is_enum(underlying):
                underlying = named(underlying.definition.enum_underlying)  # type: ignore[attr-defined]
            try:
                constant = fold_unary(operator, underlying, value.constant, checked=self.is_checked is not False)
            except FoldingError as error:
                self.report(node, error.code, error.message)
        return Unary(
            node,
            signature.result,
            operator,
            value,
            signature.operand,
            is_lifted=signature.is_lifted,
            is_checked=bool(self.is_checked),
            constant=constant,
        )


def _compared_type(node: Node, left: Type, right: Type) -> Type | None:
    """The type that two tuples are compared as, element by element; None when two elements cannot be compared."""
    if conv.same(left, right):
        return left
    if isinstance(left, TupleType) and isinstance(right, TupleType) and len(left.arguments) == len(right.arguments):
        types = [_compared_type(node, one, other) for one, other in zip(left.arguments, right.arguments, strict=True)]
        found = [type_ for type_ in types if type_ is not None]
        return tuple_type(tuple(found), (None,) * len(found), left.definition) if len(found) == len(types) else None
    signature = operators.resolve_binary("==", Placeholder(node, left), Placeholder(node, right))
    if not isinstance(signature, operators.OperatorSignature) or signature.left is not signature.right:
        return None
    return signature.left


def operand_name(expression: Expression) -> str:
    if isinstance(expression, UnboundLambda):
        return "a lambda"
    if isinstance(expression, MethodGroup):
        return f"the method '{expression.name}'"
    if expression.type is NULL:
        return "null"
    return f"'{shown(expression.type)}'"


def _null_meets_value(left: Expression, right: Expression) -> bool:
    """Whether `==` compares a `(T?)null` with a constant, so that the compiler knows the answer."""
    return (_is_null(left) and _is_value(right)) or (_is_null(right) and _is_value(left))


def _is_null(expression: Expression) -> bool:
    while isinstance(expression, Convert):
        expression = expression.operand
    return expression.type is NULL


def _is_value(expression: Expression) -> bool:
    while isinstance(expression, Convert):
        expression = expression.operand
    return expression.is_constant and expression.constant is not None
