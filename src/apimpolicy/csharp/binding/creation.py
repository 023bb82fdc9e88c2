"""Object, tuple and string creation (C# specification, sections 12.8.17, 12.8.3 and 12.8.6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from apimpolicy.csharp.binding import advice, call_errors, lookup, nodes
from apimpolicy.csharp.binding.access import member_value
from apimpolicy.csharp.binding.arguments import bind_arguments, finish_arguments, settle_arguments
from apimpolicy.csharp.binding.calls import bind_indexed, finish_call
from apimpolicy.csharp.binding.constraints import has_constructor
from apimpolicy.csharp.binding.core import Binder
from apimpolicy.csharp.binding.literals import METHOD_GROUP_TYPE, TUPLE_TYPE, DefaultLiteral
from apimpolicy.csharp.binding.names import RESERVED_TUPLE_NAMES, check_tuple_name, make_tuple_type
from apimpolicy.csharp.binding.nodes import Bad, Expression
from apimpolicy.csharp.binding.overloads import Argument, resolve
from apimpolicy.csharp.binding.references import check_assignable
from apimpolicy.csharp.binding.reports import name_of, shown
from apimpolicy.csharp.dotnet.signatures import Method
from apimpolicy.csharp.dotnet.types import ERROR, NULL, NamedType, SpecialType, Type, TypeParameter, anonymous_type
from apimpolicy.csharp.dotnet.values import INT, OBJECT, STRING, VOID
from apimpolicy.csharp.syntax import literals, shapes
from apimpolicy.csharp.syntax.nodes import Child, Node, Token
from apimpolicy.text.source import has_hole


def bind_object_creation(binder: Binder, node: shapes.ObjectCreation) -> Expression:
    type_node, arguments_node, initializer = node.type, node.arguments, node.initializer
    type_ = binder.bind_type(type_node)
    arguments = bind_arguments(binder, arguments_node)
    if isinstance(type_, NamedType) and type_.kind == "delegate" and len(arguments) == 1 and initializer is None:
        return binder.convert(arguments[0].expression, type_)
    if isinstance(type_, NamedType) and type_.kind == "delegate" and len(arguments) == 1:
        return binder.failure(node, "CS1958", "a delegate can't have an initializer")
    if isinstance(type_node, shapes.TupleType) and type_ is not ERROR:
        return binder.failure(type_node, "CS8181", "a tuple can't be created with 'new'", help="write (value, value)")
    if type_ is ERROR or any(isinstance(a.expression, Bad) for a in arguments):
        if isinstance(initializer, Node):
            _bind_for_errors(binder, initializer)
        methods = lookup.constructors(type_) if isinstance(type_, NamedType) else ()
        binder.unfinished_call(node, methods, arguments, None)
        settle_arguments(binder, arguments)
        return binder.bad(node, type_)
    if isinstance(type_, TypeParameter):
        return _new_of_parameter(binder, node, type_, arguments)
    if not isinstance(type_, NamedType) or type_.kind in ("interface", "delegate") or type_.definition.is_abstract:
        return _not_creatable(binder, node, type_node, type_)
    if type_.definition.is_static:
        return binder.failure(node, "CS0712", f"'{shown(type_)}' is a static class: it can't be created with 'new'")
    created = construct(binder, node, type_node, type_, arguments)
    if isinstance(initializer, Node) and isinstance(created, (nodes.ObjectCreation, nodes.DefaultValue)):
        steps = _initializers(binder, initializer, nodes.Placeholder(node, type_))
        if steps is None:
            return binder.bad(node, type_)
        if isinstance(created, nodes.DefaultValue):
            created = nodes.ObjectCreation(node, type_, None, ())
        created.initializers = tuple(steps)
    return created


def _new_of_parameter(binder: Binder, node: Node, type_: TypeParameter, arguments: list[Argument]) -> Expression:
    if not has_constructor(type_):
        help = f"write where {type_.name} : new()"
        return binder.failure(node, "CS0304", f"'{type_.name}' might not have a parameterless constructor", help=help)
    if arguments:
        return binder.failure(node, "CS0417", f"'new {type_.name}(…)' can't have arguments")
    return nodes.ObjectCreation(node, type_, None, ())


def _bind_for_errors(binder: Binder, initializer: shapes.Initializer) -> None:
    """Bind the values in an initialiser of an object of unknown type, to report their errors."""
    for item in initializer.items:
        value: Any = item
        if isinstance(item, (shapes.MemberInitializer, shapes.IndexerInitializer)):
            value = item.value
        if isinstance(value, Node):
            if isinstance(value, shapes.Initializer):
                _bind_for_errors(binder, value)
            elif value.kind not in ("assignment",):
                binder.bind_value(value)


def _not_creatable(binder: Binder, node: Node, type_node: Child, type_: Type) -> Expression:
    if isinstance(type_, NamedType) and type_.kind == "delegate":
        return binder.failure(node, "CS0149", "write the lambda itself instead of 'new'")
    message = f"'{shown(type_)}' is abstract or an interface and can't be created with 'new'"
    return binder.failure(node, "CS0144", message)


def _may_be_pointer(arguments: Sequence[Argument]) -> bool:
    """Return whether the first argument fits `char*` too: an overload that the surface leaves out, as it is unsafe."""
    return bool(arguments) and (
        arguments[0].expression.type is NULL or isinstance(arguments[0].expression, DefaultLiteral)
    )


def construct(binder: Binder, node: Node, type_node: Node, type_: NamedType, arguments: list[Argument]) -> Expression:
    methods = lookup.constructors(type_)
    if not arguments and type_.is_value_type and not any(not m.parameters for m in methods):
        return binder.default_value(node, type_)
    found = resolve(methods, arguments, (), binder)
    if type_ is STRING and len(arguments) in (1, 3) and _may_be_pointer(arguments):
        message = "the call is ambiguous between 'string(char[])' and 'string(char*)'"
        return binder.failure(type_node, "CS0121", message, help='use "" or null instead')
    if found.best is not None:
        values = finish_arguments(binder, node, found.best, arguments)
        return nodes.ObjectCreation(node, type_, found.best.method, tuple(values))
    if found.ambiguous is not None:
        group = nodes.MethodGroup(type_node, METHOD_GROUP_TYPE, shown(type_), None, tuple(methods), (), ())
        return call_errors.ambiguous_call(binder, node, group, found, arguments)
    return call_errors.no_candidate(
        binder, node, type_node, f"'{shown(type_)}'", found.candidates, arguments, code="CS1729"
    )


# ------------------------------------------------------------------------------------- initialisers


def _initializers(
    binder: Binder, node: shapes.Initializer, target: nodes.Placeholder
) -> list[nodes.Initializer] | None:
    """Return the steps of `{ … }` on a new object; None after a report.

    One `Name = value` or `[key] = value` among them makes it an initializer of members, else it adds elements.
    """
    steps: list[nodes.Initializer] = []
    has_members = any(item.kind in _MEMBER_KINDS for item in node.items)
    if not has_members and node.items and not lookup.implements(target.type, "System.Collections.IEnumerable"):
        message = f"'{shown(target.type)}' is not a collection, so elements can't be added to it"
        binder.report(node, "CS1922", message, help="write Name = value")
        return None
    named: set[str] = set()
    for item in node.items:
        if isinstance(item, shapes.Assignment) or (has_members and item.kind not in _MEMBER_KINDS):
            message = "this is not a valid initializer: write Name = value, or only elements"
            help = "write { key, value } or [key] = value" if isinstance(item, shapes.Assignment) else ""
            binder.report(item, "CS0747", message, help=help)
            return None
        if isinstance(item, shapes.MemberInitializer):
            if item.name.text in named:
                binder.report(item.name, "CS1912", f"'{item.name.text}' is set more than once")
                return None
            named.add(item.name.text)
        step = _initializer(binder, item, target)
        if step is None:
            return None
        steps.append(step)
    return steps


def _initializer(binder: Binder, item: Node, target: nodes.Placeholder) -> nodes.Initializer | None:
    if isinstance(item, shapes.MemberInitializer):
        return _member_initializer(binder, item, target)
    if isinstance(item, shapes.IndexerInitializer):
        arguments = bind_arguments(binder, item.arguments)
        place = bind_indexed(binder, item, target, arguments)
        return _initialize_place(binder, item, target, place, item.value, item)
    values = item.items if isinstance(item, shapes.Initializer) else [item]
    return _collection_element(binder, item, target, values)


def _member_initializer(
    binder: Binder, item: shapes.MemberInitializer, target: nodes.Placeholder
) -> nodes.Initializer | None:
    token, value = item.name, item.value
    name = name_of(token)
    if has_hole(name):
        binder.hole(item, target)
        return None
    members = lookup.find_members(target.type, name)
    if not members or isinstance(members[0], Method):
        binder.report(
            token,
            "CS0117" if not members else "CS1913",
            f"'{shown(target.type)}' has no property '{name}' to set",
            label=binder.suggestion(name, lookup.member_names(target.type)),
            help=f'write {{ "{name}", value }}' if advice.is_json(target.type) else "",
        )
        return None
    if members[0].is_static:
        binder.report(token, "CS1914", f"'{name}' is a static member of '{shown(target.type)}' and can't be set here")
        return None
    place = member_value(item, target, members[0])
    return _initialize_place(binder, item, target, place, value, token)


def _initialize_place(
    binder: Binder, item: Node, target: nodes.Placeholder, place: Expression, value: Node, where: Node | Token
) -> nodes.Initializer | None:
    if isinstance(place, Bad):
        return None
    if isinstance(value, shapes.Initializer):
        nested = _initializers(binder, value, nodes.Placeholder(value, place.type))
        return nodes.Initializer(item, target, place, tuple(nested)) if nested is not None else None
    bound = binder.bind_value(value)
    if isinstance(place, (nodes.PropertyAccess, nodes.FieldAccess)) and not check_assignable(binder, place, where):
        return None
    if isinstance(bound, Bad):
        return None
    converted = binder.convert(bound, place.type)
    if isinstance(converted, Bad):
        return None
    return nodes.Initializer(item, target, nodes.Assignment(item, place.type, place, converted))


def _collection_element(
    binder: Binder, item: Node, target: nodes.Placeholder, values: Sequence[Node]
) -> nodes.Initializer | None:
    """`{ a, b }` elements call Add (section 12.8.17.4)."""
    if not values:
        binder.report(item, "CS1920", "an element in braces cannot be empty")
        return None
    arguments = [Argument(binder.bind_value(value), value) for value in values]
    if any(isinstance(a.expression, Bad) for a in arguments):
        return None
    methods = [m for m in lookup.find_members(target.type, "Add") if isinstance(m, Method)]
    if not methods:
        binder.report(item, "CS1061", f"'{shown(target.type)}' has no method 'Add'")
        return None
    resolved = resolve(methods, arguments, (), binder)
    if resolved.best is None:
        if any(c.failure == "argument" for c in resolved.candidates):
            message = f"'{shown(target.type)}' has no 'Add' method that takes this element"
            binder.report(item, "CS1950", message, help=call_errors.overloads_of("Add", resolved.candidates))
        call_errors.no_candidate(binder, item, item, "'Add'", resolved.candidates, arguments)
        return None
    group = nodes.MethodGroup(item, METHOD_GROUP_TYPE, "Add", target, tuple(methods), (), ())
    call = finish_call(binder, item, group, resolved.best, arguments, target)
    return None if isinstance(call, Bad) else nodes.Initializer(item, target, call)


def bind_member_initializer(binder: Binder, node: shapes.MemberInitializer) -> Expression:
    """`Name = value` among the elements of an array is an assignment."""
    token, value = node.name, node.value
    if token is None or value is None or (isinstance(value, shapes.Initializer)):
        return binder.failure(node, "CS0622", "an initializer in braces needs 'new' and a type here")
    name = shapes.Identifier([token, None], token.start, token.end)
    return binder.bind(shapes.Assignment([name, value], node.start, node.end))


def bind_indexer_initializer(binder: Binder, node: shapes.IndexerInitializer) -> Expression:
    message = "the elements of an array have no keys"
    return binder.failure(node, "CS0622", message, help="use a Dictionary, or a JObject")


def bind_initializer(binder: Binder, node: shapes.Initializer) -> Expression:
    return binder.failure(node, "CS0622", "an initializer in braces needs 'new' and a type here")


# ------------------------------------------------------------------------------- anonymous objects, tuples


def bind_anonymous_object_creation(binder: Binder, node: shapes.AnonymousObjectCreation) -> Expression:
    members: list[tuple[str, Type]] = []
    values: list[Expression] = []
    seen: set[str] = set()
    for child in node.members:
        name_token, value_node = child.name, child.value
        token = name_token or _implied_name(value_node)
        if token is None and isinstance(value_node, shapes.Hole):
            return binder.bind(value_node)
        if token is None:
            return binder.failure(value_node, "CS0746", "this value needs a name: Name = …")
        value = binder.bind_value(value_node)
        name = name_of(token)
        if name in seen:
            return binder.failure(child, "CS0833", f"two properties are named '{name}'")
        seen.add(name)
        if (isinstance(value.type, SpecialType) and value.type is not ERROR) or value.type is VOID:
            is_let = node.members[0].name is not None and not _is_written(node.members[0].name)
            message = f"the property '{name}' can't be set to {advice.operand_name(value)}"
            return binder.failure(child, "CS1932" if is_let else "CS0828", message)
        members.append((name, value.type))
        values.append(value)
    type_ = anonymous_type(tuple(members))
    if any(isinstance(value, Bad) for value in values):
        return binder.bad(node, type_)
    return nodes.AnonymousCreation(node, type_, tuple(values))


def bind_tuple(binder: Binder, node: shapes.Tuple) -> Expression:
    elements: list[Expression] = []
    names: list[str | None] = []
    for child in node.elements:
        name, value = child.name, child.value
        if isinstance(value, shapes.DeclarationExpression):
            return binder.failure(value, "CS8185", "a declaration is not allowed here")
        elements.append(binder.bind_value(value))
        token = name or _implied_name(value)
        names.append(literals.identifier_name(token.text) if token is not None else None)
        check_tuple_name(binder, name, names)
    for element in elements:
        if element.type is VOID:
            message = "a call that returns nothing (void) can't be an element of a tuple"
            return binder.failure(element.syntax, "CS8210", message)
    if any(isinstance(e, Bad) for e in elements):
        return binder.bad(node)
    names = _without_clashes(names, [child.name is not None for child in node.elements])
    if any(isinstance(e.type, SpecialType) for e in elements):
        return nodes.TupleCreation(node, TUPLE_TYPE, tuple(elements), tuple(names))
    return nodes.TupleCreation(node, make_tuple_type([e.type for e in elements], names), tuple(elements), tuple(names))


# ------------------------------------------------------------------------------------------- strings


def bind_interpolated_string(binder: Binder, node: shapes.InterpolatedString) -> Expression:
    start = node.opening
    verbatim = "@" in start.text
    parts: list[str | nodes.Interpolation] = []
    failed = False
    for child in node.parts:
        if isinstance(child, Token):
            parts.append(literals.interpolated_text_value(child.text, verbatim=verbatim))
            continue
        part = _interpolation(binder, child, verbatim=verbatim)
        failed = failed or part is None
        if part is not None:
            parts.append(part)
    if all(isinstance(part, str) for part in parts):
        text = "".join(part for part in parts if isinstance(part, str))
        return nodes.UnknownText(node, STRING) if has_hole(text) else nodes.Literal(node, STRING, text)
    return binder.bad(node, STRING) if failed else nodes.InterpolatedString(node, STRING, tuple(parts))


def _interpolation(binder: Binder, node: shapes.Interpolation, *, verbatim: bool) -> nodes.Interpolation | None:
    value_node, alignment_node, format_token = node.value, node.alignment, node.format
    value = binder.require_typed(binder.bind_value(value_node))
    alignment: int | None = None
    if alignment_node is not None:
        bound = binder.convert(binder.bind_typed(alignment_node), INT)
        if isinstance(bound, Bad):
            return None
        if not bound.is_constant:
            binder.report(alignment_node, "CS0150", "the alignment must be a constant")
            return None
        alignment = bound.constant
    if isinstance(value, Bad):
        return None
    boxed = binder.convert(value, OBJECT)
    if isinstance(boxed, Bad):
        return None
    text = None
    if isinstance(format_token, Token):
        text = literals.interpolated_text_value(format_token.text, verbatim=verbatim)
    return nodes.Interpolation(node, boxed, alignment, text)


_MEMBER_KINDS = ("member_initializer", "indexer_initializer")


def _is_written(token: Token) -> bool:
    """Return whether a name is in the source text; names made by translating a query are not."""
    return token.start < token.end


def _implied_name(node: Child) -> Token | None:
    """`x`, `a.b` and `a?.b` name themselves."""
    if isinstance(node, Node):
        if isinstance(node, shapes.Identifier) and isinstance(node.name, Token):
            return node.name
        if isinstance(node, (shapes.MemberAccess, shapes.ConditionalMemberAccess)) and isinstance(node.name, Token):
            return node.name
    return None


def _without_clashes(names: list[str | None], written: list[bool]) -> list[str | None]:
    """Implied tuple names that occur twice, or are reserved, are dropped (section 12.8.6)."""
    result: list[str | None] = []
    for name, is_written in zip(names, written, strict=True):
        is_item = name is not None and name.startswith("Item") and name[4:].isdigit()
        reserved = is_item or name in RESERVED_TUPLE_NAMES
        if not is_written and (reserved or names.count(name) > 1):
            result.append(None)
        else:
            result.append(name)
    return result
