"""Casts, `as`, `is`, `typeof`, `default`, `checked` (C# specification, sections 12.8, 12.9 and 12.12)."""

from __future__ import annotations

from apimpolicy.binding import advice, lookup
from apimpolicy.binding import conversions as conv
from apimpolicy.binding.asynchrony import AsyncBinder
from apimpolicy.binding.core import name_of
from apimpolicy.binding.nodes import (
    AsType,
    Bad,
    Expression,
    IsType,
    Literal,
    TupleCreation,
    TypeOf,
)
from apimpolicy.binding.operations import operand_name
from apimpolicy.binding.references import ReferenceBinder
from apimpolicy.binding.spelling import shown
from apimpolicy.binding.type_relations import is_static_class
from apimpolicy.dotnet.metadata import named
from apimpolicy.dotnet.types import DYNAMIC, ERROR, NULL, SpecialType, Type, TypeParameter
from apimpolicy.dotnet.values import BOOL, INT, OBJECT
from apimpolicy.syntax.nodes import Node


class CastBinder(ReferenceBinder, AsyncBinder):
    """Expressions with a type in them."""

    def bind_cast(self, node: Node) -> Expression:
        target = self.bind_type(node.children[0])
        operand = self.bind_value(node.children[1])
        if target is ERROR or isinstance(operand, Bad):
            return self.bad(node, target)
        if is_static_class(target):
            return self.failure(node, "CS0716", f"'{shown(target)}' is a static class and can't be used as a type here")
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
                node,
                "CS0030",
                f"'{shown(operand.type)}' cannot be cast to '{shown(target)}'",
                help=advice.for_conversion(operand.type, target, operand),
            )
        return self.apply(operand, target, found, node, explicit=True)

    def bind_as_type(self, node: Node) -> Expression:
        operand = self.bind_value(node.children[0])
        target = self.bind_type(node.children[1])
        if isinstance(operand, Bad) or target.has_error:
            return self.bad(node, target)
        if target.is_value_type and target.underlying is None:
            return self.failure(
                node,
                "CS0077",
                f"'as' must be used with a type that can be null, and '{shown(target)}' can't be",
                help=f"use 'as {shown(target)}?' or a cast",
            )
        if isinstance(target, TypeParameter) and not conv.is_reference(target):
            help = f"write where {target.name} : class"
            return self.failure(
                node,
                "CS0413",
                f"'as' must be used with a type that can be null, and '{target.name}' might not be",
                help=help,
            )
        if isinstance(operand.type, SpecialType) and operand.type not in (NULL, DYNAMIC):
            return self.failure(node, "CS0837", f"{operand_name(operand)} can't be used with 'as'")
        found = conv.explicit_conversion(operand.type, target)
        if operand.type is not NULL and (found is None or found.kind in ("user", "numeric", "enum")):
            return self.failure(node, "CS0039", f"'{shown(operand.type)}' can never be a '{shown(target)}'")
        return AsType(node, target, operand)

    def bind_is_type(self, node: Node) -> Expression:
        operand = self.bind_value(node.children[0])
        type_node = node.children[1]
        if isinstance(type_node, Node) and type_node.kind == "named_type" and self._names_constant(type_node):
            return self.bind_is_constant(node, operand, type_node)
        target = self.bind_type(type_node)
        if isinstance(operand, Bad) or target is ERROR:
            return self.bad(node, BOOL)
        if isinstance(operand.type, SpecialType) and operand.type not in (NULL, DYNAMIC):
            return self.failure(node, "CS0837", f"{operand_name(operand)} can't be used with 'is'")
        return IsType(node, BOOL, operand, OBJECT if target is DYNAMIC else target)

    def bind_is_constant(self, node: Node, operand: Expression, type_node: Node) -> Expression:
        raise NotImplementedError

    def _names_constant(self, node: Node) -> bool:
        """Whether `x is Name` means a constant: no such type, but a value of that name."""
        qualifier, token, arguments = node.children
        if arguments is not None:
            return False
        name = name_of(token)
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
        self.takes_unbound = node.children[0].kind == "named_type"  # type: ignore[union-attr]
        target = self.bind_type(node.children[0])
        self.takes_unbound = False
        if target is DYNAMIC:
            return self.failure(node, "CS1962", "'typeof' can't be used with 'dynamic'", help="write 'object'")
        return self.bad(node) if target is ERROR else TypeOf(node, named("System.Type"), target)

    def bind_sizeof(self, node: Node) -> Expression:
        target = self.bind_type(node.children[0])
        sizes = {
            "byte": 1,
            "sbyte": 1,
            "bool": 1,
            "short": 2,
            "ushort": 2,
            "char": 2,
            "int": 4,
            "uint": 4,
            "float": 4,
            "long": 8,
            "ulong": 8,
            "double": 8,
            "decimal": 16,
        }
        size = sizes.get(str(target))
        if target is ERROR:
            return self.bad(node)
        if size is None and conv.is_reference(target):
            return self.failure(
                node, "CS0208", f"'{shown(target)}' is a reference type, and 'sizeof' needs a value type"
            )
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
