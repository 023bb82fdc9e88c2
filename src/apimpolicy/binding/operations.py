"""Operators, assignments, conditionals and casts (C# specification, sections 12.9 to 12.21)."""

from __future__ import annotations

from typing import Any

from apimpolicy.binding import conversions as conv
from apimpolicy.binding import lookup, operators
from apimpolicy.binding.access import AccessBinder
from apimpolicy.binding.complaints import shown
from apimpolicy.binding.constants import FoldingError, fold_binary, fold_unary, is_foldable
from apimpolicy.binding.nodes import (
    NOT_CONSTANT,
    AnonymousMember,
    ArrayAccess,
    Assignment,
    AsType,
    Bad,
    Binary,
    Call,
    Coalesce,
    CompoundAssignment,
    Conditional,
    Expression,
    FieldAccess,
    IndexerAccess,
    IsType,
    Literal,
    Local,
    Logical,
    MethodGroup,
    Placeholder,
    PropertyAccess,
    ThrowExpression,
    TupleCreation,
    TupleElement,
    TypeOf,
    Unary,
)
from apimpolicy.binding.overloads import Argument, resolve
from apimpolicy.binding.unbound import DEFAULT_TYPE, THROW_TYPE, DefaultLiteral, UnboundLambda
from apimpolicy.dotnet.metadata import named
from apimpolicy.dotnet.types import DYNAMIC, ERROR, NULL, SpecialType, TupleType, Type
from apimpolicy.dotnet.values import BOOL, CHAR, INT, LONG, OBJECT, STRING, VOID
from apimpolicy.syntax import literals
from apimpolicy.syntax.nodes import Node


_SMALLEST: dict[str, tuple[int, Type]] = {
    "2147483648": (-2147483648, INT),
    "9223372036854775808": (-9223372036854775808, LONG),
    "9223372036854775808L": (-9223372036854775808, LONG),
}
"""Section 6.4.5.3: literals whose negation fits although they do not."""


class OperationBinder(AccessBinder):
    """Everything with an operator in it."""

    # --------------------------------------------------------------------------------------------- literals

    def _bind_literal(self, node: Node) -> Expression:
        text = node.children[0].text  # type: ignore[union-attr]
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
        return self.failure(node, "CS0026", "'this' means nothing in a policy expression", help="use 'context'")

    def bind_base_expression(self, node: Node) -> Expression:
        return self.failure(node, "CS1511", "'base' means nothing in a policy expression")

    # ------------------------------------------------------------------------------------ binary operators

    def bind_binary(self, node: Node) -> Expression:
        # a + b + c + … is a chain to the left: bound in a loop, so that long ones do not recurse
        chain: list[Node] = []
        current: Any = node
        while isinstance(current, Node) and current.kind == "binary":
            chain.append(current)
            current = current.children[0]
        left = self.require_typed(self.bind_value(current))
        for link in reversed(chain):
            right = self.require_typed(self.bind_value(link.children[2]))
            left = self.binary(link, link.children[1].text, left, right)  # type: ignore[union-attr]
        return left

    def binary(self, node: Node, operator: str, left: Expression, right: Expression) -> Expression:
        """`left operator right`; user-defined operators first, then the predefined ones."""
        if isinstance(left, Bad) or isinstance(right, Bad) or ERROR in (left.type, right.type):
            return self.bad(node)
        if left.type is DYNAMIC or right.type is DYNAMIC:
            result: Type = BOOL if operator in operators.COMPARISONS else DYNAMIC
            return Binary(node, result, operator, left, right, DYNAMIC)
        if operator in ("+", "-") and conv.is_delegate(left.type) and isinstance(right, (UnboundLambda, MethodGroup)):
            right = self.convert(right, left.type)
            return right if isinstance(right, Bad) else Binary(node, left.type, operator, left, right, left.type)
        if isinstance(left.type, TupleType) and isinstance(right.type, TupleType) and operator in ("==", "!="):
            return self._compare_tuples(node, operator, left, right)
        user = self._user_binary(node, operator, left, right)
        if user is not None:
            return user
        left, right = self._typed_default(left, right)
        if isinstance(left, DefaultLiteral) or isinstance(right, DefaultLiteral) or self._is_untyped(left, right):
            return self._no_operator(node, operator, left, right)
        both_null = operator == "+" and left.type is NULL and right.type is NULL
        signature = operators.Ambiguous(operator) if both_null else operators.resolve_binary(operator, left, right)
        if signature is None:
            return self._no_operator(node, operator, left, right)
        if isinstance(signature, operators.Ambiguous):
            return self.failure(
                node, "CS0034", f"'{operator}' is ambiguous for '{shown(left.type)}' and '{shown(right.type)}'",
                help="cast one of the operands",
            )
        first, second = self.convert(left, signature.left), self.convert(right, signature.right)
        return self._finish_binary(node, operator, first, second, signature)

    def _compare_tuples(self, node: Node, operator: str, left: Expression, right: Expression) -> Expression:
        """Tuple equality, new in C# 7.3: element by element."""
        for one, other in ((left, right), (right, left)):
            found = self.classify(one, other.type)
            if found is not None:
                first, second = self.convert(left, other.type), self.convert(right, other.type)
                return Binary(node, BOOL, operator, first, second, other.type)
        return self._no_operator(node, operator, left, right)

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
        constant = NOT_CONSTANT
        if left.is_constant and right.is_constant and not signature.is_lifted:
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
        if operand is OBJECT:
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
                node, error.code, error.message,
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
        lifted = left.type.underlying is not None or right.type.underlying is not None
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
                node, result, operator, self.convert(left, lifted_first), self.convert(right, lifted_second), first,
                is_lifted=True, method=method,
            )
        return None

    def _no_operator(self, node: Node, operator: str, left: Expression, right: Expression) -> Expression:
        first, second = _operand_name(left), _operand_name(right)
        help_ = ""
        if operator in ("&&", "||") and "string" in (first, second):
            help_ = "compare with a value to get a bool"
        elif operator in ("==", "!=") and NULL in (left.type, right.type):
            other = left if right.type is NULL else right
            help_ = f"'{shown(other.type)}' is never null"
        elif operator in operators.COMPARISONS and {first, second} & {"string"} and {first, second} & {"int", "bool"}:
            help_ = "convert one side: .ToString(), int.Parse(…), or write the literal with (or without) quotes"
        return self.failure(
            node, "CS0019", f"'{operator}' does not exist between {first} and {second}", help=help_
        )

    def _bind_logical(self, node: Node) -> Expression:
        operator = "&&" if node.kind == "logical_and" else "||"
        chain: list[Node] = []
        current: Any = node
        while isinstance(current, Node) and current.kind == node.kind:
            chain.append(current)
            current = current.children[0]
        left = self.require_typed(self.bind_value(current))
        for link in reversed(chain):
            right = self.require_typed(self.bind_value(link.children[1]))
            left = self._logical(link, operator, left, right)
        return left

    bind_logical_and = _bind_logical
    bind_logical_or = _bind_logical

    def _logical(self, node: Node, operator: str, left: Expression, right: Expression) -> Expression:
        if isinstance(left, Bad) or isinstance(right, Bad):
            return self.bad(node)
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
        operator = node.children[0].text  # type: ignore[union-attr]
        operand_node = node.children[1]
        if operator == "-" and isinstance(operand_node, Node) and operand_node.kind == "integer_literal":
            smallest = _SMALLEST.get(operand_node.children[0].text.replace("_", ""))  # type: ignore[union-attr]
            if smallest is not None:
                return Literal(node, smallest[1], smallest[0])
        return self._unary(node, operator, self.require_typed(self.bind_value(operand_node)))

    def bind_logical_not(self, node: Node) -> Expression:
        return self._unary(node, "!", self.require_typed(self.bind_value(node.children[0])))

    def bind_bitwise_not(self, node: Node) -> Expression:
        return self._unary(node, "~", self.require_typed(self.bind_value(node.children[0])))

    def _unary(self, node: Node, operator: str, operand: Expression) -> Expression:
        if isinstance(operand, Bad) or operand.type is ERROR:
            return self.bad(node)
        if operand.type is DYNAMIC:
            return Unary(node, DYNAMIC, operator, operand, DYNAMIC)
        if isinstance(operand.type, SpecialType) or operand.type is VOID:
            return self.failure(node, "CS0023", f"'{operator}' cannot be applied to {_operand_name(operand)}")
        methods = operators.user_operators(operators.UNARY_METHODS[operator], (operand.type,))
        if methods:
            arguments = [Argument(operand, operand.syntax)]
            found = resolve(methods, arguments, (), self)
            if found.best is not None:
                return Call(
                    node, found.best.returns(), None, found.best.method, self.finish_arguments(node, found.best, arguments)
                )
        signature = operators.resolve_unary(operator, operand)
        if isinstance(signature, operators.Ambiguous):
            return self.failure(node, "CS0035", f"'{operator}' is ambiguous for '{shown(operand.type)}'")
        if signature is None:
            help_ = "compare with a value to get a bool" if operator == "!" else ""
            return self.failure(
                node, "CS0023", f"'{operator}' cannot be applied to {_operand_name(operand)}", help=help_
            )
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
            node, signature.result, operator, value, signature.operand,
            is_lifted=signature.is_lifted, is_checked=bool(self.is_checked), constant=constant,
        )

    def bind_prefix_increment(self, node: Node) -> Expression:
        return self._increment(node, node.children[0].text, node.children[1], is_postfix=False)  # type: ignore[union-attr, arg-type]

    def bind_postfix_increment(self, node: Node) -> Expression:
        return self._increment(node, node.children[1].text, node.children[0], is_postfix=True)  # type: ignore[union-attr, arg-type]

    def _increment(self, node: Node, operator: str, target_node: Node, *, is_postfix: bool) -> Expression:
        target = self.require_typed(self.bind_value(target_node))
        if isinstance(target, Bad):
            return target
        if not self.check_assignable(target, target_node, code="CS1059"):
            return self.bad(node)
        bare = target.type.underlying or target.type
        if bare not in conv.NUMERIC and not conv.is_enum(bare):
            return self.failure(node, "CS0023", f"'{operator}' cannot be applied to {_operand_name(target)}")
        placeholder = Placeholder(target_node, target.type)
        one = Literal(node, INT, 1)
        result = self._compound_result(node, operator[0], target, placeholder, one)
        if isinstance(result, Bad):
            return result
        return CompoundAssignment(node, target.type, target, placeholder, result, is_postfix=is_postfix)

    # --------------------------------------------------------------------------------------- assignments

    def check_assignable(self, target: Expression, node: Node, *, code: str = "CS0131") -> bool:
        """Whether something can be assigned to this expression; reports why not."""
        if isinstance(target, Bad):
            return False
        if isinstance(target, Local):
            if target.symbol.is_readonly:
                kinds = {"foreach": "foreach iteration variable", "using": "using variable"}
                if target.symbol.kind == "range":
                    self.report(node, "CS1947", f"'{target.symbol.name}' is a range variable and cannot be assigned")
                elif target.symbol.kind in kinds:
                    self.report(
                        node, "CS1656", f"'{target.symbol.name}' is a {kinds[target.symbol.kind]} and cannot be assigned"
                    )
                elif target.symbol.kind == "constant":
                    self.report(node, "CS0131", f"'{target.symbol.name}' is a constant and cannot be assigned")
                else:
                    self.report(node, "CS0200", f"'{target.symbol.name}' cannot be assigned")
                return False
            return True
        if isinstance(target, (PropertyAccess, IndexerAccess)):
            if not target.property.has_setter:
                what = f"'{shown(target.property.container)}.{target.property.name}'"
                if isinstance(target, IndexerAccess):
                    what = f"the index of '{shown(target.property.container)}'"
                self.report(node, "CS0200", f"{what} can only be read", help=_readonly_help(target))
                return False
            return True
        if isinstance(target, FieldAccess):
            if target.field.is_constant:
                self.report(node, "CS0131", f"'{target.field.name}' is a constant and cannot be assigned")
                return False
            if target.field.is_readonly:
                self.report(node, "CS0198", f"'{target.field.name}' can only be read")
                return False
            return True
        if isinstance(target, AnonymousMember):
            self.report(node, "CS0200", "a property of an anonymous object can only be read")
            return False
        if isinstance(target, (ArrayAccess, TupleElement)):
            return True
        if isinstance(target, MethodGroup):
            self.report(node, "CS1656", f"'{target.name}' is a method and cannot be assigned")
            return False
        self.report(node, code, "only a variable, a property or an indexed element can be assigned")
        return False

    def bind_assignment(self, node: Node) -> Expression:
        left_node, right_node = node.children
        if isinstance(left_node, Node) and left_node.kind in ("tuple", "declaration_expression"):
            return self.bind_deconstruction(node)
        if self._is_discard(left_node):
            value = self.require_typed(self.bind_value(right_node))
            return value if isinstance(value, Bad) else Assignment(node, value.type, value, value)
        target = self.bind_value(left_node)
        value = self.bind_value(right_node)
        if isinstance(target, Bad) or not self.check_assignable(target, left_node):  # type: ignore[arg-type]
            return self.bad(node)
        converted = self.convert(value, target.type)
        if isinstance(converted, Bad):
            return converted
        return Assignment(node, target.type, target, converted)

    def _is_discard(self, node: Any) -> bool:
        return (
            isinstance(node, Node)
            and node.kind == "identifier"
            and node.children[0].text == "_"  # type: ignore[union-attr]
            and self.scope.find("_") is None
        )

    def bind_deconstruction(self, node: Node) -> Expression:
        raise NotImplementedError

    def bind_compound_assignment(self, node: Node) -> Expression:
        left_node, operator_token, right_node = node.children
        target = self.bind_value(left_node)
        value = self.require_typed(self.bind_value(right_node))
        if isinstance(target, Bad) or isinstance(value, Bad):
            return self.bad(node)
        if not self.check_assignable(target, left_node):  # type: ignore[arg-type]
            return self.bad(node)
        operator = operator_token.text[:-1]  # type: ignore[union-attr]
        placeholder = Placeholder(left_node, target.type)  # type: ignore[arg-type]
        result = self._compound_result(node, operator, target, placeholder, value)
        if isinstance(result, Bad):
            return result
        return CompoundAssignment(node, target.type, target, placeholder, result)

    def _compound_result(
        self, node: Node, operator: str, target: Expression, placeholder: Placeholder, value: Expression
    ) -> Expression:
        """`target op value` converted back to the target's type (section 12.21.4)."""
        result = self.binary(node, operator, placeholder, value)
        if isinstance(result, Bad):
            return result
        conversion = self.classify(result, target.type)
        if conversion is not None:
            return self.apply(result, target.type, conversion)
        explicit = conv.explicit_conversion(result.type, target.type)
        shift = operator in ("<<", ">>")
        fits = shift or self.classify(value, target.type) is not None or conv.is_enum(target.type)
        if explicit is not None and explicit.kind != "user" and fits:
            return self.apply(result, target.type, explicit, explicit=True)
        if isinstance(value, Literal) and value.constant == 1 and target.type in conv.NUMERIC and explicit is not None:
            return self.apply(result, target.type, explicit, explicit=True)
        return self.convert(result, target.type, node)

    # ---------------------------------------------------------------------------------------- conditional

    def bind_conditional(self, node: Node) -> Expression:
        condition = self.convert_condition(self.bind_value(node.children[0]))
        when_true = self.bind_value(node.children[1])
        when_false = self.bind_value(node.children[2])
        if any(isinstance(e, Bad) for e in (condition, when_true, when_false)):
            return self.bad(node)
        type_ = self._conditional_type(node, when_true, when_false)
        if type_ is None:
            return self.bad(node)
        first, second = self.convert(when_true, type_), self.convert(when_false, type_)
        constant: Any = NOT_CONSTANT
        if condition.is_constant and first.is_constant and second.is_constant:
            constant = first.constant if condition.constant else second.constant
        return Conditional(node, type_, condition, first, second, constant)

    def _conditional_type(self, node: Node, first: Expression, second: Expression) -> Type | None:
        """Section 12.18: one branch converts to the other's type, and not the other way round."""
        one, two = first.type, second.type
        if not isinstance(one, SpecialType) and one is two:
            return one
        to_two = not isinstance(two, SpecialType) and self.classify(first, two) is not None
        to_one = not isinstance(one, SpecialType) and self.classify(second, one) is not None
        if VOID in (one, two):
            to_one = to_two = False
        if to_two and to_one:
            if conv.same(one, two):
                return one
            exact_one = conv.standard_implicit(one, two) is not None
            exact_two = conv.standard_implicit(two, one) is not None
            if exact_one != exact_two:
                return two if exact_one else one
            self.report(
                node, "CS0172", f"the branches '{shown(one)}' and '{shown(two)}' convert to each other",
                help="cast one of them",
            )
            return None
        if to_two:
            return two
        if to_one:
            return one
        if isinstance(one, SpecialType) and isinstance(two, SpecialType) and one is NULL and two is NULL:
            self.report(node, "CS0173", "both branches are null, so the expression has no type")
            return None
        for branch in (first, second):
            if isinstance(branch, UnboundLambda):
                self.report(branch.syntax, "CS1660", "a lambda cannot be one of two branches", help="cast it to a delegate type")
                return None
        self.report(
            node,
            "CS0173",
            f"the branches have different types: {_operand_name(first)} and {_operand_name(second)}",
            help="cast one of them to the type that is meant",
        )
        return None

    def bind_coalesce(self, node: Node) -> Expression:
        left = self.bind_value(node.children[0])
        right = self.bind_value(node.children[1])
        if isinstance(left, Bad) or isinstance(right, Bad):
            return self.bad(node)
        left_type = left.type
        inner = left_type.underlying
        may_be_null = inner is not None or conv.is_reference(left_type) or left_type is NULL
        if not may_be_null or (isinstance(left_type, SpecialType) and left_type is not NULL):
            return self._no_operator(node, "??", left, right)
        for result in self._coalesce_types(left, right, inner):
            placeholder = Placeholder(left.syntax, inner if inner is not None and result is not left_type else left_type)
            conversion = self.classify(placeholder, result)
            if conversion is None or self.classify(right, result) is None:
                continue
            value = self.apply(placeholder, result, conversion)
            return Coalesce(node, result, left, placeholder, value, self.convert(right, result))
        return self._no_operator(node, "??", left, right)

    def _coalesce_types(self, left: Expression, right: Expression, inner: Type | None) -> list[Type]:
        """Section 12.15: the types to try for the result, in order."""
        types: list[Type] = []
        if inner is not None:
            types.append(inner)
        if left.type is not NULL:
            types.append(left.type)
        if not isinstance(right.type, SpecialType):
            types.append(right.type)
        return types

    def bind_throw_expression(self, node: Node) -> Expression:
        exception = self.convert(self.bind_typed(node.children[0]), named("System.Exception"))
        return exception if isinstance(exception, Bad) else ThrowExpression(node, THROW_TYPE, exception)

    def bind_ref_expression(self, node: Node) -> Expression:
        return self.failure(node, "CS8370", "ref expressions are not supported in policy expressions")

    def bind_await_expression(self, node: Node) -> Expression:
        return self.failure(node, "CS4032", "'await' can only stand in an async method; policy expressions are not async")

    # ----------------------------------------------------------------------------------- casts and types

    def bind_cast(self, node: Node) -> Expression:
        target = self.bind_type(node.children[0])
        operand = self.bind_value(node.children[1])
        if target is ERROR or isinstance(operand, Bad):
            return self.bad(node)
        return self.cast(node, operand, target)

    def cast(self, node: Node, operand: Expression, target: Type) -> Expression:
        """`(target)operand`."""
        if isinstance(operand, TupleCreation):
            conversion = self.classify(operand, target)
            if conversion is not None:
                return self.apply(operand, target, conversion, node, explicit=True)
        if isinstance(operand.type, SpecialType) and operand.type not in (NULL, DYNAMIC):
            return self.convert(operand, target, node)
        found = conv.explicit_conversion(operand.type, target)
        if found is None and self.classify(operand, target) is not None:
            found = self.classify(operand, target)
        if found is None:
            if operand.type is NULL:
                return self.failure(node, "CS0037", f"'{shown(target)}' cannot be null", help=f"use '{shown(target)}?'")
            return self.failure(
                node, "CS0030", f"'{shown(operand.type)}' cannot be cast to '{shown(target)}'",
                help=_cast_help(operand.type, target),
            )
        return self.apply(operand, target, found, node, explicit=True)

    def bind_as_type(self, node: Node) -> Expression:
        operand = self.bind_typed(node.children[0])
        target = self.bind_type(node.children[1])
        if isinstance(operand, Bad) or target is ERROR:
            return self.bad(node)
        if target.is_value_type and target.underlying is None:
            return self.failure(
                node, "CS0077", f"'as' needs a type that can be null, and '{shown(target)}' cannot",
                help=f"use 'as {shown(target)}?' or a cast",
            )
        if isinstance(operand.type, SpecialType) and operand.type not in (NULL, DYNAMIC):
            return self.failure(node, "CS0837", f"{_operand_name(operand)} cannot stand before 'as'")
        found = conv.explicit_conversion(operand.type, target)
        if operand.type is not NULL and (found is None or found.kind in ("user", "numeric", "enum")):
            return self.failure(
                node, "CS0039", f"'{shown(operand.type)}' can never be a '{shown(target)}'"
            )
        return AsType(node, target, operand)

    def bind_is_type(self, node: Node) -> Expression:
        operand = self.bind_typed(node.children[0])
        type_node = node.children[1]
        if isinstance(type_node, Node) and type_node.kind == "named_type" and self._names_constant(type_node):
            return self.bind_is_constant(node, operand, type_node)
        target = self.bind_type(type_node)
        if isinstance(operand, Bad) or target is ERROR:
            return self.bad(node)
        if isinstance(operand.type, SpecialType) and operand.type not in (NULL, DYNAMIC):
            return self.failure(node, "CS0837", f"{_operand_name(operand)} cannot stand before 'is'")
        return IsType(node, BOOL, operand, target)

    def bind_is_constant(self, node: Node, operand: Expression, type_node: Node) -> Expression:
        raise NotImplementedError

    def _names_constant(self, node: Node) -> bool:
        """Whether `x is Name` means a constant: no such type, but a value of that name."""
        qualifier, token, arguments = node.children
        if arguments is not None:
            return False
        name = literals.identifier_name(token.text)  # type: ignore[union-attr]
        if qualifier is None:
            return self.scope.find(name) is not None or (
                not lookup.types_named(name, 0) and lookup.namespace_exists(name) is False and False
            )
        saved, self.diagnostics = self.diagnostics, []
        try:
            left = self._qualifier(qualifier)
            reported = bool(self.diagnostics)
        finally:
            self.diagnostics = saved
        if isinstance(left, str) or reported or left is ERROR:
            return False
        return bool(lookup.find_members(left, name))

    def bind_typeof(self, node: Node) -> Expression:
        target = self.bind_type(node.children[0])
        return self.bad(node) if target is ERROR else TypeOf(node, named("System.Type"), target)

    def bind_sizeof(self, node: Node) -> Expression:
        target = self.bind_type(node.children[0])
        sizes = {"byte": 1, "sbyte": 1, "bool": 1, "short": 2, "ushort": 2, "char": 2, "int": 4, "uint": 4, "float": 4,
                 "long": 8, "ulong": 8, "double": 8, "decimal": 16}
        size = sizes.get(str(target))
        if size is None:
            return self.failure(node, "CS0233", f"'sizeof({shown(target)})' is only allowed in unsafe code")
        return Literal(node, INT, size)

    def bind_default_expression(self, node: Node) -> Expression:
        target = self.bind_type(node.children[0])
        return self.bad(node) if target is ERROR else self.default_value(node, target)

    def bind_checked_expression(self, node: Node) -> Expression:
        return self._within(node, checked=True)

    def bind_unchecked_expression(self, node: Node) -> Expression:
        return self._within(node, checked=False)

    def _within(self, node: Node, *, checked: bool) -> Expression:
        saved, self.is_checked = self.is_checked, checked
        try:
            return self.bind(node.children[0])
        finally:
            self.is_checked = saved


def _operand_name(expression: Expression) -> str:
    if isinstance(expression, UnboundLambda):
        return "a lambda"
    if isinstance(expression, MethodGroup):
        return f"the method '{expression.name}'"
    if expression.type is NULL:
        return "null"
    return f"'{shown(expression.type)}'"


def _readonly_help(target: Expression) -> str:
    container = getattr(getattr(target, "property", None), "container", None)
    if container is not None and "IReadOnlyDictionary" in str(container):
        return "headers, variables and the like are changed by policies: set-header, set-variable, …"
    return ""


def _cast_help(source: Type, target: Type) -> str:
    if source is STRING and target in conv.NUMERIC and target is not CHAR:
        return f"parse the text: {shown(target)}.Parse(…)"
    if target is STRING and (source in conv.NUMERIC or source is BOOL):
        return "write .ToString()"
    return ""


