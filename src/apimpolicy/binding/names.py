"""Simple names and type syntax (C# specification, sections 12.8.4 and 7.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding import lookup
from apimpolicy.binding.conversions import nullable
from apimpolicy.binding.core import BinderCore
from apimpolicy.binding.nodes import Expression, Local, MethodGroup, NamespaceReference, TypeReference
from apimpolicy.binding.symbols import LocalFunctionSymbol, LocalSymbol, Scope
from apimpolicy.binding.unbound import METHOD_GROUP_TYPE, NAMESPACE_TYPE
from apimpolicy.dotnet.metadata import find_definition, named
from apimpolicy.dotnet.types import DYNAMIC, ERROR, NamedType, Type, array_of, construct, tuple_type
from apimpolicy.syntax.literals import identifier_name
from apimpolicy.syntax.nodes import Token

if TYPE_CHECKING:
    from apimpolicy.syntax.nodes import Child, Node


class NameBinder(BinderCore):
    """Names: variables first, then types, then namespaces."""

    def bind_identifier(self, node: Node) -> Expression:
        token, arguments = node.children[0], node.children[1] if len(node.children) > 1 else None
        name = identifier_name(token.text)  # type: ignore[union-attr]
        symbol = self.scope.find(name)
        if symbol is not None and arguments is None:
            return self.use_symbol(node, symbol)
        found = self.find_type(node, name, arguments, report=False)
        if found is not None:
            return TypeReference(node, found)
        if lookup.namespace_exists(name):
            return NamespaceReference(node, NAMESPACE_TYPE, name)
        later = self.scope.declared_later(name, node.start)
        if later:
            return self.failure(node, "CS0841", f"'{name}' is used before it is declared")
        return self.failure(
            node,
            "CS0103",
            f"the name '{name}' does not exist here",
            label=self.suggestion(name, self._visible_names()),
        )

    def use_symbol(self, node: Node, symbol: LocalSymbol | LocalFunctionSymbol) -> Expression:
        if isinstance(symbol, LocalFunctionSymbol):
            return MethodGroup(node, METHOD_GROUP_TYPE, symbol.name, None, (), (), (), symbol)
        if symbol.function is not self.scope.function and symbol.kind != "context":
            symbol.is_captured = True
        if symbol.type is ERROR:
            if symbol is self.being_declared:
                return self.failure(node, "CS0841", f"'{symbol.name}' is used in its own declaration")
            return self.bad(node)
        declared = symbol.declared_at
        if declared is not None and symbol.kind in ("local", "constant") and node.start < declared.start:
            return self.failure(node, "CS0841", f"'{symbol.name}' is used before it is declared")
        return Local(node, symbol)

    def _visible_names(self) -> list[str]:
        names: list[str] = []
        scope: Scope | None = self.scope
        while scope is not None:
            names.extend(scope.names)
            scope = scope.parent
        return [*names, *lookup.nearest_type_names("")]

    def find_type(self, node: Node | Token, name: str, arguments: Child, *, report: bool) -> Type | None:
        """The type of a simple name with optional type arguments; with `report`, says why there is none."""
        if isinstance(arguments, Token):  # typeof(List<>)
            definition = next(iter(lookup.types_named(name, arguments.text.count(",") + 1)), None)
            return definition.open_type if definition is not None else None
        written = [a for a in arguments.children if a is not None] if arguments is not None else []
        found = lookup.types_named(name, len(written))
        if len(found) > 1:
            self.report(
                node,
                "CS0104",
                f"'{name}' is ambiguous between '{found[0].name}' and '{found[1].name}'",
                help="write the full name",
            )
            return ERROR
        if found:
            if not written:
                return found[0].type
            return construct(found[0], tuple(self.bind_type(a) for a in written))
        if not report:
            return None
        other = next((d for arity in range(5) for d in lookup.types_named(name, arity)), None)
        if other is not None:
            self.report(node, "CS0305", f"'{name}' needs {other.arity} type argument{'s' * (other.arity != 1)}")
        else:
            self.report(
                node,
                "CS0246",
                f"there is no type '{name}'",
                label=self.suggestion(name, lookup.nearest_type_names(name)),
            )
        return ERROR

    # ---------------------------------------------------------------------------------------------- types

    def bind_type(self, node: Child) -> Type:
        """The type that type syntax denotes; `types.ERROR` after a report."""
        kind = node.kind  # type: ignore[union-attr]
        return getattr(self, f"type_{kind}")(node)  # type: ignore[no-any-return]

    def type_predefined_type(self, node: Node) -> Type:
        return named(node.children[0].text)  # type: ignore[union-attr]

    def type_named_type(self, node: Node) -> Type:
        qualifier, token, arguments = node.children
        name = identifier_name(token.text)  # type: ignore[union-attr]
        if qualifier is None:
            if name == "dynamic" and arguments is None and not lookup.types_named("dynamic", 0):
                return DYNAMIC
            return self.find_type(node, name, arguments, report=True) or ERROR
        left = self._qualifier(qualifier)
        count = len(arguments.children) if arguments is not None else 0  # type: ignore[union-attr]
        if isinstance(left, str):
            definition = lookup.qualified_type(left, name, count) if left else None
            if definition is None and not left:
                definition = next(iter(lookup.types_named(name, count)), None)
            if definition is None:
                self.report(
                    token,
                    "CS0234",
                    f"there is no type or namespace '{name}' in '{left}'",
                )
                return ERROR
            if not count:
                return definition.type
            return construct(definition, tuple(self.bind_type(a) for a in arguments.children))  # type: ignore[union-attr]
        if not isinstance(left, NamedType):
            return ERROR
        nested = lookup.nested_type(left, name, count)
        if nested is None:
            self.report(token, "CS0426", f"'{left}' has no nested type '{name}'")
            return ERROR
        return nested

    def _qualifier(self, node: Child) -> Type | str:
        """What stands before a dot in a type name: a namespace's name or a type."""
        if node.kind == "alias_qualifier":  # type: ignore[union-attr]
            return ""
        qualifier, token, arguments = node.children  # type: ignore[union-attr]
        name = identifier_name(token.text)  # type: ignore[union-attr]
        if qualifier is None:
            if arguments is None and lookup.namespace_exists(name):
                return name
            return self.find_type(node, name, arguments, report=True) or ERROR  # type: ignore[arg-type]
        left = self._qualifier(qualifier)
        if isinstance(left, str):
            full = f"{left}.{name}" if left else name
            if arguments is None and lookup.namespace_exists(full):
                return full
        return self.type_named_type(node)  # type: ignore[arg-type]

    def type_nullable_type(self, node: Node) -> Type:
        inner = self.bind_type(node.children[0])
        if inner is ERROR:
            return ERROR
        if not inner.is_value_type:
            self.report_at(
                node.end - 1,
                node.end,
                "CS8370",
                f"'{inner}?' needs nullable reference types, which are newer than C# 7.3",
                help="leave out the question mark: references can be null anyway",
            )
            return inner
        return nullable(inner)

    def type_array_type(self, node: Node) -> Type:
        element = self.bind_type(node.children[0])
        for rank in reversed(node.children[1:]):
            element = array_of(element, rank.text.count(",") + 1)  # type: ignore[union-attr]
        return element

    def type_tuple_type(self, node: Node) -> Type:
        types: list[Type] = []
        names: list[str | None] = []
        for element in node.children:
            type_node, name = element.children  # type: ignore[union-attr]
            types.append(self.bind_type(type_node))
            names.append(identifier_name(name.text) if name is not None else None)  # type: ignore[union-attr]
        return make_tuple_type(types, names)

    def type_ref_type(self, node: Node) -> Type:
        return self.bind_type(node.children[0])

    def bind_predefined_type(self, node: Node) -> Expression:
        return TypeReference(node, self.type_predefined_type(node))

    def bind_alias_qualified_name(self, node: Node) -> Expression:
        token, arguments = node.children[1], node.children[2]
        name = identifier_name(token.text)  # type: ignore[union-attr]
        if lookup.namespace_exists(name):
            return NamespaceReference(node, NAMESPACE_TYPE, name)
        return TypeReference(node, self.find_type(node, name, arguments, report=True) or ERROR)


def make_tuple_type(types: list[Type], names: list[str | None]) -> Type:
    """`(T1 a, T2 b, …)`; more than seven elements nest in the last one, as in .NET."""
    if any(type_ is ERROR for type_ in types):
        return ERROR
    definition = find_definition("System.ValueTuple", len(types))
    return tuple_type(tuple(types), tuple(names), definition)
