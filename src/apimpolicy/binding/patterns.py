"""Patterns, tuples on the left of `=`, and query expressions (C# specification, sections 11, 12.7 and 12.20)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.binding import conversions as conv
from apimpolicy.binding import lookup
from apimpolicy.binding.lambdas import LambdaBinder
from apimpolicy.binding.names import make_tuple_type
from apimpolicy.binding.nodes import (
    Bad,
    DeconstructCall,
    Deconstruction,
    Expression,
    IsPattern,
    Local,
    MethodGroup,
    Pattern,
    Placeholder,
    TupleCreation,
    TypeReference,
)
from apimpolicy.binding.operations import operand_name
from apimpolicy.binding.spelling import shown
from apimpolicy.binding.symbols import LocalSymbol
from apimpolicy.binding.unbound import UnboundLambda
from apimpolicy.dotnet.signatures import Method
from apimpolicy.dotnet.types import DYNAMIC, ERROR, NULL, NamedType, SpecialType, TupleType, Type
from apimpolicy.dotnet.values import BOOL
from apimpolicy.syntax import literals
from apimpolicy.syntax.nodes import Node, Token

if TYPE_CHECKING:
    from apimpolicy.syntax.nodes import Child


class PatternBinder(LambdaBinder):
    """`is` and `case` patterns, and deconstruction."""

    def bind_is_pattern(self, node: Node) -> Expression:
        operand = self.bind_value(node.children[0])
        pattern_node = node.children[1]
        if isinstance(operand, (UnboundLambda, MethodGroup)):
            operand = self.failure(node, "CS0837", f"{operand_name(operand)} cannot stand before 'is'")
        elif isinstance(operand.type, SpecialType) and operand.type not in (ERROR, DYNAMIC):
            operand = self.failure(node.children[0], "CS8117", f"{operand_name(operand)} is no value to be matched")
        if isinstance(operand, Bad):
            self._declare_after_error(pattern_node)
            return operand
        pattern = self.bind_pattern(pattern_node, operand.type)  # type: ignore[arg-type]
        return self.bad(node) if pattern is None else IsPattern(node, BOOL, operand, pattern)

    def bind_is_constant(self, node: Node, operand: Expression, type_node: Node) -> Expression:
        if isinstance(operand, Bad):
            return operand
        value = self.bind_value(_name_expression(type_node))
        pattern = self._constant_pattern(type_node, value, operand.type)
        return self.bad(node) if pattern is None else IsPattern(node, BOOL, operand, pattern)

    def _declare_after_error(self, node: Child) -> None:
        if isinstance(node, Node) and node.kind == "declaration_pattern":
            token = node.children[1]
            type_ = ERROR if self.is_var(node.children[0]) else self.bind_type(node.children[0])
            self._pattern_variable(token, type_)  # type: ignore[arg-type]

    def _pattern_variable(self, token: Token, type_: Type) -> LocalSymbol | None:
        name = literals.identifier_name(token.text)
        if name == "_":
            return None
        symbol = LocalSymbol(name, type_, "pattern", token, self.scope.function)
        self.declare(symbol, token)
        return symbol

    def bind_pattern(self, node: Node, input_type: Type) -> Pattern | None:
        """A pattern against a value of this type; None after a report."""
        if node.kind == "declaration_pattern":
            type_node, token = node.children
            if self.is_var(type_node):
                return Pattern(node, None, self._pattern_variable(token, input_type))  # type: ignore[arg-type]
            target = self.bind_type(type_node)
            symbol = self._pattern_variable(token, target)  # type: ignore[arg-type]
            if target is ERROR or not self._may_match(type_node, input_type, target):  # type: ignore[arg-type]
                return None
            return Pattern(node, target, symbol)
        value = self.bind_value(node.children[0])
        return self._constant_pattern(node.node(0), value, input_type)

    def _may_match(self, node: Node, source: Type, target: Type) -> bool:
        if isinstance(source, SpecialType):
            if source is NULL:
                self.report(node, "CS8117", "null cannot be matched against a type")
                return False
            return True
        if target.underlying is not None:
            self.report(
                node,
                "CS8116",
                f"'{shown(target)}' cannot be a pattern's type",
                help=f"match '{shown(target.underlying)}'",
            )
            return False
        found = conv.explicit_conversion(source, target)
        if found is None or found.kind in ("user", "numeric", "enum"):
            self.report(node, "CS8121", f"a value of type '{shown(source)}' can never be '{shown(target)}'")
            return False
        return True

    def _constant_pattern(self, node: Node, value: Expression, input_type: Type) -> Pattern | None:
        if isinstance(value, Bad):
            return None
        target = input_type.underlying or input_type
        if value.type is NULL:
            if not (conv.is_reference(input_type) or input_type.underlying is not None):
                self.report(node, "CS0037", f"'{shown(input_type)}' cannot be null")
                return None
            return Pattern(node, None, None, value)
        if not value.is_constant:
            self.report(node, "CS0150", "a constant is needed here")
            return None
        if self.classify(value, target) is None or conv.is_reference(target):
            found = conv.explicit_conversion(target, value.type)
            if not conv.is_reference(target) or found is None:
                self.convert(value, target, node)
                return None
            return Pattern(node, None, None, value)
        return Pattern(node, None, None, self.convert(value, target))

    # ------------------------------------------------------------------------------------ deconstruction

    def bind_deconstruction(self, node: Node) -> Expression:
        left, right = node.children
        value = self.bind_value(right)
        if isinstance(value, Bad):
            self._targets(left, None)
            return value
        return self.deconstruct(node, left, value)

    def deconstruct(self, node: Node, left: Child, value: Expression) -> Expression:
        """`(a, b) = value`, `var (a, b) = value`."""
        if isinstance(value, TupleCreation) and isinstance(value.type, SpecialType):
            value = self._typed_by_targets(left, value)
        value = self._deconstructed(left, value)
        type_ = value.type
        if type_ is ERROR:
            self._targets(left, None)
            return self.bad(node)
        if not isinstance(type_, TupleType):
            self._targets(left, None)
            for target in self._target_nodes(left):
                if isinstance(target, Token) and self.is_var(left.children[0]):  # type: ignore[union-attr]
                    self.report(target, "CS8130", f"'{target.text}' cannot take its type from this value")
            return self.failure(
                node.children[1] if len(node.children) > 1 else node,
                "CS8129",
                f"a value of type '{shown(type_)}' cannot be taken apart into {len(self._target_nodes(left))} values",
            )
        nodes = self._target_nodes(left)
        if len(nodes) != len(type_.arguments):
            self._targets(left, None)
            return self.failure(
                node,
                "CS8132",
                f"a tuple of {len(type_.arguments)} elements cannot be taken apart into {len(nodes)} values",
            )
        targets = self._targets(left, type_)
        placeholders = [Placeholder(node, element) for element in type_.arguments]
        elements: list[Expression] = []
        for target, placeholder in zip(targets, placeholders, strict=True):
            if isinstance(target, Bad):
                return target
            elements.append(placeholder if target is None else self.convert(placeholder, target.type))
        if any(isinstance(e, Bad) for e in elements):
            return self.bad(node)
        return Deconstruction(node, type_, targets, placeholders, elements, value)

    def _deconstructed(self, left: Child, value: Expression) -> Expression:
        """A value whose type has a Deconstruct method, as the tuple that the method gives."""
        count = len(self._target_nodes(left))
        if isinstance(value.type, TupleType) or not isinstance(value.type, NamedType):
            return value
        for method in lookup.find_members(value.type, "Deconstruct"):
            if isinstance(method, Method) and [p.mode for p in method.parameters] == ["out"] * count:
                made = make_tuple_type([p.type for p in method.parameters], [None] * count)
                return DeconstructCall(value.syntax, made, value, method)
        return value

    def _typed_by_targets(self, left: Child, value: TupleCreation) -> Expression:
        """Elements without a type (null, default) take the types of existing targets."""
        nodes = self._target_nodes(left)
        if not isinstance(left, Node) or left.kind != "tuple" or len(nodes) != len(value.elements):
            return value
        types: list[Type] = []
        for target_node, element in zip(nodes, value.elements, strict=True):
            if isinstance(element.type, SpecialType):
                target = self.bind_value(target_node)
                types.append(target.type)
            else:
                types.append(element.type)
        target_type = make_tuple_type(types, [None] * len(types))
        return value if target_type is ERROR else self.convert(value, target_type)

    def _target_nodes(self, left: Child) -> list[Any]:
        if isinstance(left, Node) and left.kind == "tuple":
            return [element.children[1] for element in left.children]  # type: ignore[union-attr]
        designation = left.children[1] if isinstance(left, Node) else None
        return list(designation.children) if isinstance(designation, Node) else [designation]

    def _targets(self, left: Child, type_: TupleType | None) -> list[Expression | None]:
        """The targets, declared where they declare; None for a discard."""
        is_tuple = isinstance(left, Node) and left.kind == "tuple"
        declared: Type | None = None
        if not is_tuple and isinstance(left, Node) and not self.is_var(left.children[0]):
            declared = self.bind_type(left.children[0])
        targets: list[Expression | None] = []
        for index, target in enumerate(self._target_nodes(left)):
            element = type_.arguments[index] if type_ is not None else ERROR
            if not is_tuple:
                targets.append(self._declared_target(target, declared or element))
            elif isinstance(target, Node) and target.kind == "declaration_expression":
                own = element if self.is_var(target.children[0]) else self.bind_type(target.children[0])
                targets.append(self._declared_target(target.children[1], own))
            elif self._is_discard(target):
                targets.append(None)
            else:
                bound = self.bind_value(target)
                targets.append(bound if self.check_assignable(bound, target) else self.bad(target))
        return targets

    def _declared_target(self, designation: Any, type_: Type) -> Expression | None:
        if not isinstance(designation, Token):
            return self.failure(
                designation, "CS8370", "nested deconstruction is not supported; take the parts one by one"
            )
        name = literals.identifier_name(designation.text)
        if name == "_":
            return None
        symbol = LocalSymbol(name, type_, "local", designation, self.scope.function)
        self.declare(symbol, designation)
        return Local(designation, symbol)

    def bind_declaration_expression(self, node: Node) -> Expression:
        return self.failure(node, "CS8185", "a declaration is not allowed here")


def _name_expression(node: Node) -> Node:
    """A named type's syntax read as an expression: `A.B` as member access."""
    qualifier, token, arguments = node.children
    if qualifier is None:
        return Node("identifier", [token, arguments], node.start, node.end)
    return Node("member_access", [_name_expression(qualifier), token, arguments], node.start, node.end)  # type: ignore[arg-type]


__all__ = ["PatternBinder", "TypeReference"]
