"""Member access, calls and indexing (C# specification, sections 12.8.7 to 12.8.11)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.binding import complaints, lookup
from apimpolicy.binding.conversions import nullable
from apimpolicy.binding.names import NameBinder
from apimpolicy.binding.nodes import (
    AnonymousMember,
    Bad,
    ConditionalAccess,
    Dynamic,
    Expression,
    FieldAccess,
    MethodGroup,
    NamespaceReference,
    Placeholder,
    PropertyAccess,
    TupleElement,
    TypeReference,
)
from apimpolicy.binding.unbound import METHOD_GROUP_TYPE, UnboundLambda
from apimpolicy.dotnet.signatures import Field, Method
from apimpolicy.dotnet.types import (
    DYNAMIC,
    ERROR,
    NULL,
    AnonymousType,
    NamedType,
    SpecialType,
    TupleType,
    Type,
    array_of,
    construct,
)
from apimpolicy.dotnet.values import VOID
from apimpolicy.syntax.literals import identifier_name
from apimpolicy.syntax.nodes import Node, Token

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.syntax.nodes import Child

_CONDITIONAL = frozenset({"conditional_member_access", "conditional_element_access"})
_CHAIN = frozenset({"member_access", "element_access", "invocation", *_CONDITIONAL})


class AccessBinder(NameBinder):
    """Dots, calls, indexes, and the `?.` chains over them."""

    _receiver: tuple[Node, Expression] | None = None
    """The node whose value is already known: the receiver inside a `?.` chain."""

    # ------------------------------------------------------------------------------------------ `?.` chains

    def _innermost_conditional(self, node: Node) -> Node | None:
        """The first `?.` of the chain that this node ends, or None."""
        found = None
        current: Any = node
        while isinstance(current, Node) and current.kind in _CHAIN:
            if self._receiver is not None and current is self._receiver[0]:
                break
            if current.kind in _CONDITIONAL:
                found = current
            current = current.children[0]
        return found

    def _bind_chain(self, node: Node) -> Expression | None:
        """Bind a chain with a `?.` in it as one ConditionalAccess; None when there is no `?.`."""
        first = self._innermost_conditional(node)
        if first is None:
            return None
        receiver = self.require_typed(self.bind_value(first.children[0]))
        if isinstance(receiver, Bad):
            return receiver
        inner = receiver.type.underlying or receiver.type
        if isinstance(receiver.type, SpecialType) or (receiver.type.is_value_type and receiver.type.underlying is None):
            written: Any = first.children[0]
            mark = self.excerpt.text.find("?", written.end)
            return self.failure_at(
                mark,
                mark + 1,
                first,
                "CS0023",
                f"'?.' cannot follow a value of type '{receiver.type}', which is never null",
            )
        placeholder = Placeholder(first.children[0] or first, inner)
        kind = "member_access" if first.kind == "conditional_member_access" else "element_access"
        plain = Node(kind, first.children, first.start, first.end)
        saved = self._receiver
        self._receiver = (first.children[0], placeholder)  # type: ignore[assignment]
        rebuilt = _replace(node, first, plain)
        try:
            access = self.require_value(self.bind(rebuilt))
        finally:
            self._receiver = saved
        if isinstance(access, Bad):
            return access
        if isinstance(access, MethodGroup):
            return self.failure(node, "CS0119", f"'{access.name}' is a method: add parentheses to call it")
        type_ = access.type
        if type_ is not VOID and type_.is_value_type and type_.underlying is None:
            type_ = nullable(type_)
        return ConditionalAccess(node, type_, receiver, placeholder, access)

    def bind_receiver(self, node: Child) -> Expression:
        if self._receiver is not None and node is self._receiver[0]:
            return self._receiver[1]
        return self.bind(node)

    def bind_conditional_member_access(self, node: Node) -> Expression:
        return self._bind_chain(node) or self.bad(node)

    def bind_conditional_element_access(self, node: Node) -> Expression:
        return self._bind_chain(node) or self.bad(node)

    # --------------------------------------------------------------------------------------- member access

    def bind_member_access(self, node: Node) -> Expression:
        chain = self._bind_chain(node)
        if chain is not None:
            return chain
        receiver = self.bind_receiver(node.children[0])
        return self.access_member(node, receiver, node.children[1], node.children[2])  # type: ignore[arg-type]

    def access_member(self, node: Node, receiver: Expression, token: Token, arguments: Child) -> Expression:
        """`receiver.name`; everything a name after a dot can be."""
        name = identifier_name(token.text)
        if isinstance(receiver, Bad):
            return receiver
        if isinstance(receiver, NamespaceReference):
            return self._in_namespace(node, receiver, token, name, arguments)
        types = tuple(self.bind_type(a) for a in arguments.children) if arguments is not None else ()  # type: ignore[union-attr]
        if isinstance(receiver, TypeReference):
            return self._static_member(node, receiver, token, name, types)
        if isinstance(receiver, (MethodGroup, UnboundLambda)):
            shown = receiver.name if isinstance(receiver, MethodGroup) else "lambda"
            return self.failure(
                node if isinstance(receiver, UnboundLambda) else receiver.syntax,
                "CS0119" if isinstance(receiver, MethodGroup) else "CS0023",
                f"'{shown}' is a method, which has no members",
                help="add parentheses to call it",
            )
        return self._instance_member(node, receiver, token, name, types)

    def _in_namespace(
        self, node: Node, receiver: NamespaceReference, token: Token, name: str, arguments: Child
    ) -> Expression:
        full = f"{receiver.name}.{name}"
        count = len(arguments.children) if arguments is not None else 0  # type: ignore[union-attr]
        definition = lookup.qualified_type(receiver.name, name, count)
        if definition is not None:
            if not count:
                return TypeReference(node, definition.type)
            types = tuple(self.bind_type(a) for a in arguments.children)  # type: ignore[union-attr]
            return TypeReference(node, construct(definition, types))
        if lookup.namespace_exists(full):
            return NamespaceReference(node, receiver.type, full)
        return self.failure(node, "CS0234", f"there is no type or namespace '{name}' in '{receiver.name}'")

    def _static_member(
        self, node: Node, receiver: TypeReference, token: Token, name: str, types: tuple[Type, ...]
    ) -> Expression:
        type_ = receiver.type
        if type_ is ERROR:
            return self.bad(node)
        members = lookup.find_members(type_, name)
        if not members:
            if isinstance(type_, NamedType):
                nested = lookup.nested_type(type_, name, len(types))
                if nested is not None:
                    return TypeReference(node, nested)
            return self.failure(
                token,
                "CS0117",
                f"'{complaints.shown(type_)}' has no member '{name}'",
                label=self.suggestion(name, lookup.member_names(type_)),
            )
        first = members[0]
        if isinstance(first, Method):
            methods = [m for m in members if isinstance(m, Method)]
            return MethodGroup(node, METHOD_GROUP_TYPE, name, receiver, methods, (), types)
        if not first.is_static:
            return self.failure(
                node,
                "CS0120",
                f"'{name}' belongs to a value of type '{complaints.shown(type_)}', not to the type itself",
            )
        return self._member_value(node, None, first)

    def _instance_member(
        self, node: Node, receiver: Expression, token: Token, name: str, types: tuple[Type, ...]
    ) -> Expression:
        type_ = receiver.type
        if type_ is ERROR:
            return self.bad(node)
        if type_ is VOID:
            return self.failure(node, "CS0023", "the call before the dot returns nothing")
        if type_ is DYNAMIC:
            return Dynamic(node, DYNAMIC, receiver)
        if isinstance(type_, SpecialType):
            return self.failure(node, "CS0023", f"'{type_}' has no members")
        if isinstance(type_, TupleType):
            element = self._tuple_element(node, receiver, type_, name)
            if element is not None:
                return element
        if isinstance(type_, AnonymousType):
            for index, (member, member_type) in enumerate(type_.members):
                if member == name:
                    return AnonymousMember(node, member_type, receiver, index)
        members = lookup.find_members(type_, name)
        if members and not isinstance(members[0], Method):
            if members[0].is_static:
                return self.failure(
                    node,
                    "CS0176",
                    f"'{name}' belongs to the type '{complaints.shown(type_)}', not to a value of it",
                    help=f"write {complaints.shown(type_)}.{name}",
                )
            return self._member_value(node, receiver, members[0])
        extensions = lookup.extension_methods(name)
        methods = [m for m in members if isinstance(m, Method)]
        if not methods and not self._may_extend(receiver, extensions):
            names = [*lookup.member_names(type_), *lookup.extension_method_names()]
            if isinstance(type_, AnonymousType):
                names = [member for member, _ in type_.members]
            return self.failure(
                token,
                "CS1061",
                f"'{complaints.shown(type_)}' has no member '{name}'",
                label=self.suggestion(name, names),
            )
        return MethodGroup(node, METHOD_GROUP_TYPE, name, receiver, methods, extensions, types)

    def _may_extend(self, receiver: Expression, extensions: Sequence[Method]) -> bool:
        return bool(extensions)

    def _tuple_element(self, node: Node, receiver: Expression, type_: TupleType, name: str) -> Expression | None:
        if name in type_.names:
            index = type_.names.index(name)
        elif name.startswith("Item") and name[4:].isdigit() and 1 <= int(name[4:]) <= len(type_.arguments):
            index = int(name[4:]) - 1
        else:
            return None
        return TupleElement(node, type_.arguments[index], receiver, index)

    def _member_value(self, node: Node, receiver: Expression | None, member: Any) -> Expression:
        if isinstance(member, Field):
            if member.is_constant:
                return FieldAccess(node, member.type, receiver, member, member.value)
            return FieldAccess(node, member.type, receiver, member)
        return PropertyAccess(node, member.type, receiver, member)

    def is_var(self, node: Child) -> bool:
        """Whether type syntax is `var` meaning an inferred type."""
        return (
            isinstance(node, Node)
            and node.kind == "named_type"
            and node.children[0] is None
            and node.children[2] is None
            and node.children[1].text == "var"  # type: ignore[union-attr]
        )


def _replace(node: Node, old: Node, new: Node) -> Node:
    """The chain `node` with one of its links replaced; links above it are copied."""
    path: list[Node] = []
    current = node
    while current is not old:
        path.append(current)
        current = current.children[0]  # type: ignore[assignment]
    result = new
    for link in reversed(path):
        result = Node(link.kind, [result, *link.children[1:]], link.start, link.end)
    return result


__all__ = ["NULL", "AccessBinder", "array_of"]
