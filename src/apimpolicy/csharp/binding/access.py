"""Member access, and the `?.` chains over members, calls and indexes (C# specification, 12.8.7 and 12.8.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.binding import lookup, nodes
from apimpolicy.csharp.binding.core import Binder
from apimpolicy.csharp.binding.literals import METHOD_GROUP_TYPE, UnboundLambda
from apimpolicy.csharp.binding.names import no_generic, no_type_arguments
from apimpolicy.csharp.binding.nodes import Bad, Expression
from apimpolicy.csharp.binding.reports import name_token, shown
from apimpolicy.csharp.binding.type_relations import is_delegate, nullable
from apimpolicy.csharp.dotnet.metadata import find_definition
from apimpolicy.csharp.dotnet.signatures import Field, Method
from apimpolicy.csharp.dotnet.types import ERROR, AnonymousType, NamedType, SpecialType, TupleType, Type, construct
from apimpolicy.csharp.dotnet.values import VOID
from apimpolicy.csharp.syntax import shapes
from apimpolicy.csharp.syntax.literals import identifier_name
from apimpolicy.csharp.syntax.nodes import Child, Node, Token
from apimpolicy.text.source import has_hole

if TYPE_CHECKING:
    _ConditionalLink = shapes.ConditionalMemberAccess | shapes.ConditionalElementAccess
    _Link = shapes.MemberAccess | shapes.ElementAccess | shapes.Invocation | _ConditionalLink


_CONDITIONAL_LINKS = (shapes.ConditionalMemberAccess, shapes.ConditionalElementAccess)
_LINKS = (shapes.MemberAccess, shapes.ElementAccess, shapes.Invocation, *_CONDITIONAL_LINKS)


# ------------------------------------------------------------------------------------------ `?.` chains


def _conditional_links(binder: Binder, node: _Link) -> list[_ConditionalLink]:
    """Return the `?.` of the chain that this node ends, from left to right."""
    found: list[_ConditionalLink] = []
    known = binder.known_receiver[0] if binder.known_receiver is not None else None
    current: Node = node
    while isinstance(current, _LINKS) and current is not known:
        before = current.target if isinstance(current, shapes.Invocation) else current.receiver
        if isinstance(current, _CONDITIONAL_LINKS) and before is not known:
            found.append(current)
        current = before
    return found[::-1]


def bind_chain(binder: Binder, node: _Link) -> Expression | None:
    """Bind a chain with `?.` in it as ConditionalAccess in ConditionalAccess; None when there is no `?.`."""
    links = _conditional_links(binder, node) if node is not binder.plain_link else None
    if not links:
        before = node.target if isinstance(node, shapes.Invocation) else node.receiver
        binder.plain_link = before  # each link of a long chain need not look at all the others again
        return None
    saved = binder.known_receiver
    held: list[tuple[Expression, nodes.Placeholder]] = []
    try:
        for link in links:
            binder.plain_link = link.receiver
            receiver = binder.require_typed(binder.require_value(bind_receiver(binder, link.receiver)))
            if receiver.type is ERROR:
                return binder.bad(node)
            placeholder = _conditional_receiver(binder, link, receiver)
            if isinstance(placeholder, Bad):
                return placeholder
            held.append((receiver, placeholder))
            binder.known_receiver = (link.receiver, placeholder)
        binder.plain_link = node
        access = binder.require_value(binder.bind(node))
    finally:
        binder.known_receiver, binder.plain_link = saved, None
    if isinstance(access, Bad):
        return binder.bad(node)
    if isinstance(access, nodes.MethodGroup):
        mark = binder.excerpt.text.find("?", links[-1].receiver.end)
        message = f"'{access.name}' is a method; did you forget the parentheses?"
        return binder.failure_at(mark, mark + 1, node, "CS0023", message)
    for receiver, placeholder in reversed(held):
        type_ = access.type
        if type_ is not VOID and type_.is_value_type and type_.underlying is None:
            type_ = nullable(type_)
        access = nodes.ConditionalAccess(node, type_, receiver, placeholder, access)
    return access


def _conditional_receiver(
    binder: Binder, link: shapes.ConditionalMemberAccess | shapes.ConditionalElementAccess, receiver: Expression
) -> nodes.Placeholder | Bad:
    type_ = receiver.type
    is_never_null = type_.is_value_type and type_.underlying is None and not binder.binds_instance
    if isinstance(type_, SpecialType) or is_never_null:
        mark = binder.excerpt.text.find("?", link.receiver.end)
        message = f"'?.' can't be used on a value of type '{shown(type_)}', which is never null"
        return binder.failure_at(mark, mark + 1, link, "CS0023", message)
    return nodes.Placeholder(link.receiver, type_.underlying or type_)


def bind_receiver(binder: Binder, node: Node) -> Expression:
    if binder.known_receiver is not None and node is binder.known_receiver[0]:
        return binder.known_receiver[1]
    return binder.bind(node)


def bind_conditional_member_access(binder: Binder, node: shapes.ConditionalMemberAccess) -> Expression:
    if binder.known_receiver is not None and node.receiver is binder.known_receiver[0]:
        known, is_called = binder.known_receiver[1], node is binder.called
        return access_member(binder, node, known, node.name, node.type_arguments, is_called=is_called)
    return bind_chain(binder, node) or binder.bad(node)


# --------------------------------------------------------------------------------------- member access


def bind_member_access(binder: Binder, node: shapes.MemberAccess) -> Expression:
    is_called = node is binder.called
    chain = bind_chain(binder, node)
    if chain is not None:
        return chain
    receiver = bind_receiver(binder, node.receiver)
    return access_member(binder, node, receiver, node.name, node.type_arguments, is_called=is_called)


def access_member(
    binder: Binder, node: Node, receiver: Expression, token: Token, arguments: Child, *, is_called: bool = False
) -> Expression:
    """`receiver.name`; everything a name after a dot can be."""
    name = identifier_name(token.text)
    if has_hole(name):
        return binder.hole(node, receiver)
    if receiver.type is ERROR:
        return binder.bad(node)
    if isinstance(receiver, nodes.NamespaceReference):
        return _in_namespace(binder, node, receiver, token, name, arguments)
    if isinstance(arguments, Token):
        return no_type_arguments(binder, node, name)
    written = arguments.types if isinstance(arguments, shapes.TypeArguments) else []
    types = tuple(binder.bind_type(argument) for argument in written)
    if isinstance(receiver, nodes.TypeReference):
        return _static_member(binder, node, receiver, token, name, types, is_called=is_called)
    if isinstance(receiver, (nodes.MethodGroup, UnboundLambda)):
        where: Node | Token = node
        code, what = "CS0023", "lambda"
        if isinstance(receiver, nodes.MethodGroup):
            where, code, what = name_token(receiver), "CS0119", receiver.name
        message = f"'{what}' is a method, and a method has no members"
        return binder.failure(where, code, message, help="add parentheses to call it")
    return _instance_member(binder, node, receiver, token, name, types, is_called=is_called)


def _in_namespace(
    binder: Binder, node: Node, receiver: nodes.NamespaceReference, token: Token, name: str, arguments: Child
) -> Expression:
    full = f"{receiver.name}.{name}"
    written = arguments.types if isinstance(arguments, shapes.TypeArguments) else []
    count = len(written)
    definition = lookup.qualified_type(receiver.name, name, count)
    if definition is not None:
        if not count:
            return nodes.TypeReference(node, definition.type)
        types = tuple(binder.bind_type(argument) for argument in written)
        return nodes.TypeReference(node, construct(definition, types))
    if lookup.namespace_exists(full):
        return nodes.NamespaceReference(node, receiver.type, full)
    from apimpolicy.csharp.binding.foreign_names import NAMESPACES

    message = f"the type or namespace '{name}' does not exist in '{receiver.name}'"
    return binder.failure(node, "CS0234", message, help=NAMESPACES.get(full, ""))


def _static_member(
    binder: Binder,
    node: Node,
    receiver: nodes.TypeReference,
    token: Token,
    name: str,
    types: tuple[Type, ...],
    *,
    is_called: bool,
) -> Expression:
    type_ = receiver.type
    if type_ is ERROR:
        return binder.bad(node)
    members = lookup.find_members(type_, name)
    if not members:
        nested = lookup.nested_type(type_, name, len(types)) if isinstance(type_, NamedType) else None
        if nested is not None:
            return nodes.TypeReference(node, nested)
        from apimpolicy.csharp.binding import suggestions  # most members exist

        label, help = suggestions.for_static_member(binder, type_, name, is_called=is_called)
        return binder.failure(token, "CS0117", f"'{shown(type_)}' has no member '{name}'", label=label, help=help)
    first = members[0]
    if isinstance(first, Method):
        methods = [m for m in members if isinstance(m, Method)]
        return nodes.MethodGroup(node, METHOD_GROUP_TYPE, name, receiver, tuple(methods), (), types)
    if not first.is_static:
        message = f"'{name}' is an instance member of '{shown(type_)}': it needs a value, not the type"
        return binder.failure(node, "CS0120", message)
    if types:
        return no_generic(binder, node, token.start, _what(first), name)
    return member_value(node, None, first)


def _instance_member(
    binder: Binder,
    node: Node,
    receiver: Expression,
    token: Token,
    name: str,
    types: tuple[Type, ...],
    *,
    is_called: bool,
) -> Expression:
    type_ = receiver.type
    if type_ is ERROR:
        return binder.bad(node)
    if type_ is VOID:
        dot = binder.excerpt.text.rfind(".", node.start, token.start)
        return binder.failure_at(dot, dot + 1, node, "CS0023", "the call before the dot returns nothing")
    if isinstance(type_, SpecialType):
        return binder.failure(node, "CS0023", f"'{type_}' has no members")
    element = _element(node, receiver, type_, name)
    if element is not None:
        if is_called and not is_delegate(element.type):
            return _passed_over(node, receiver, name, types) or element
        return element
    members = lookup.find_members(type_, name)
    if is_called and members and _is_passed_over(members[0]):
        extension = _passed_over(node, receiver, name, types)
        if extension is not None:
            return extension
    if members and not isinstance(members[0], Method):
        if members[0].is_static:
            message = f"'{name}' is a static member: use it through the type '{shown(type_)}'"
            return binder.failure(node, "CS0176", message, help=f"write {shown(type_)}.{name}")
        if types:
            return no_generic(binder, node, token.start, _what(members[0]), name)
        return member_value(node, receiver, members[0])
    extensions = lookup.extension_methods(name)
    methods = [m for m in members if isinstance(m, Method)]
    if not methods and not extensions:
        from apimpolicy.csharp.binding.call_errors import no_member

        return no_member(binder, receiver, token, name, is_called=is_called)
    return nodes.MethodGroup(node, METHOD_GROUP_TYPE, name, receiver, tuple(methods), extensions, types)


def _passed_over(node: Node, receiver: Expression, name: str, types: tuple[Type, ...]) -> nodes.MethodGroup | None:
    """Return the extension methods that a call means when the type's own member of the name cannot be invoked."""
    extensions = lookup.extension_methods(name)
    if not extensions:
        return None
    group = nodes.MethodGroup(node, METHOD_GROUP_TYPE, name, receiver, (), extensions, types)
    group.hides_value = True
    return group


def _element(node: Node, receiver: Expression, type_: Type, name: str) -> Expression | None:
    """Return a member that the compiler makes: of a tuple with names, or of an anonymous object."""
    if isinstance(type_, TupleType):
        if name == "Rest" and len(rest := type_.arguments[7:]) > 0:
            return nodes.TupleRest(node, construct(find_definition("System.ValueTuple", len(rest)), rest), receiver)
        names = [*type_.names, *(f"Item{place}" for place in range(1, len(type_.arguments) + 1))]
        if name not in names:
            return None
        index = names.index(name) % len(type_.arguments)
        return nodes.TupleElement(node, type_.arguments[index], receiver, index)
    for index, (member, member_type) in enumerate(type_.members if isinstance(type_, AnonymousType) else ()):
        if member == name:
            return nodes.AnonymousMember(node, member_type, receiver, index)
    return None


def member_value(node: Node, receiver: Expression | None, member: Any) -> Expression:
    if isinstance(member, Field):
        constant = member.value if member.is_constant else nodes.NOT_CONSTANT
        return nodes.FieldAccess(node, member.type, receiver, member, constant=constant)
    return nodes.PropertyAccess(node, member.type, receiver, member)


def _what(member: Any) -> str:
    return "field" if isinstance(member, Field) else "property"


def _is_passed_over(member: Any) -> bool:
    return not isinstance(member, Method) and not is_delegate(member.type)
