"""Simple names and type syntax (C# specification, sections 12.8.4 and 7.8)."""

from __future__ import annotations

from collections.abc import Sequence

from apimpolicy.csharp.binding import lookup
from apimpolicy.csharp.binding.constraints import violation
from apimpolicy.csharp.binding.core import Binder
from apimpolicy.csharp.binding.functions import bind_defaults
from apimpolicy.csharp.binding.literals import METHOD_GROUP_TYPE, NAMESPACE_TYPE
from apimpolicy.csharp.binding.nodes import Expression, Local, MethodGroup, NamespaceReference, TypeReference
from apimpolicy.csharp.binding.reports import name_of, shown
from apimpolicy.csharp.binding.symbols import LocalFunctionSymbol, LocalSymbol
from apimpolicy.csharp.binding.type_relations import is_ref_struct, is_static_class, nullable
from apimpolicy.csharp.dotnet.metadata import TypeDefinition, find_definition, named
from apimpolicy.csharp.dotnet.signatures import Method
from apimpolicy.csharp.dotnet.types import ERROR, NamedType, Type, array_of, construct, tuple_type
from apimpolicy.csharp.dotnet.values import OBJECT
from apimpolicy.csharp.host import DYNAMIC_REFUSED
from apimpolicy.csharp.syntax import shapes
from apimpolicy.csharp.syntax.advice import TYPE_WORDS, TYPES
from apimpolicy.csharp.syntax.literals import identifier_name
from apimpolicy.csharp.syntax.nodes import Child, Node, Token
from apimpolicy.text.source import has_hole

_ALLOWED_TYPES = "the gateway allows the types of the policy expression reference"
_OF_OBJECT = frozenset({"Equals", "ReferenceEquals", "ToString", "GetHashCode", "GetType"})
"""Members of any class: an expression is compiled as the body of a static method of one."""


RESERVED_TUPLE_NAMES = frozenset({"CompareTo", "Deconstruct", "Equals", "GetHashCode", "Rest", "ToString"})
"""The members of ValueTuple: no element has such a name (section 8.3.11)."""


def bind_identifier(binder: Binder, node: shapes.Identifier) -> Expression:
    token, arguments = node.name, node.type_arguments if len(node.children) > 1 else None
    name = name_of(token)
    if has_hole(name):
        return binder.hole(node)
    symbol = binder.scope.find(name)
    if symbol is not None and arguments is None:
        return use_symbol(binder, node, symbol)
    if isinstance(symbol, LocalFunctionSymbol) and isinstance(arguments, Token):
        return no_type_arguments(binder, node, name)
    if isinstance(symbol, LocalSymbol):
        return no_generic(binder, node, node.start, "variable", name)
    if isinstance(symbol, LocalFunctionSymbol):
        types = tuple(binder.bind_type(argument) for argument in _written(arguments))
        return MethodGroup(node, METHOD_GROUP_TYPE, name, None, (), (), types, symbol)
    type_ = find_type(binder, node, name, arguments, report=False)
    if type_ is not None:
        return binder.bad(node) if type_ is ERROR else TypeReference(node, type_)
    if lookup.namespace_exists(name):
        if arguments is not None:
            return no_generic(binder, node, node.start, "namespace", name)
        return NamespaceReference(node, NAMESPACE_TYPE, name)
    if name == "__arglist":
        is_called = binder.excerpt.text[node.end :].lstrip().startswith("(")
        return binder.failure(node, "CS0226" if is_called else "CS0190", "'__arglist' can't be used in an expression")
    if binder.scope.has_unknown():
        return binder.bad(node)
    if name in _OF_OBJECT and arguments is None:
        methods = [member for member in lookup.find_members(OBJECT, name) if isinstance(member, Method)]
        return MethodGroup(node, METHOD_GROUP_TYPE, name, TypeReference(node, OBJECT), tuple(methods), (), ())
    if binder.scope.declared_later(name, node.start):
        return binder.failure(node, "CS0841", f"'{name}' is used before it is declared")
    message = f"the name '{name}' does not exist in this context"
    if name == binder.meant_as_argument:
        help = f"to name an argument, use a colon: {name}: value"
        return binder.failure(node, "CS0103", message, help=help)
    from apimpolicy.csharp.binding import foreign_names, suggestions  # most names exist

    elsewhere = foreign_names.TYPES.get(name)
    if elsewhere is not None:
        message = f"'{name}' is a .NET type that policy expressions can't use"
        return binder.failure(node, "CS0103", message, help=elsewhere)
    label, help = suggestions.for_name(binder, name, _names_like(binder, node, name))
    if not label and not help and suggestions.is_assigned(binder, node):
        help = f"declare it: var {name} = …"
    return binder.failure(node, "CS0103", message, label=label, help=help)


def use_symbol(binder: Binder, node: Node, symbol: LocalSymbol | LocalFunctionSymbol) -> Expression:
    if isinstance(symbol, LocalFunctionSymbol):
        bind_defaults(binder, symbol)
        return MethodGroup(node, METHOD_GROUP_TYPE, symbol.name, None, (), (), (), symbol)
    if symbol.kind == "global" and binder.scope.declared_later(symbol.name, node.start):
        return binder.failure(
            node, "CS0841", f"'{symbol.name}' is used before it is declared", help="rename the variable"
        )
    if symbol.function is not binder.scope.function and symbol.kind != "global":
        symbol.is_captured = True
        if symbol.mode in ("ref", "out", "in"):
            what = f"the {symbol.mode} parameter '{symbol.name}'"
            return binder.failure(node, "CS1628", f"a lambda or local function can't use {what}")
        if symbol.is_reference or is_ref_struct(symbol.type):
            return binder.failure(node, "CS8175", f"a lambda or local function can't use '{symbol.name}'")
    if symbol.type is ERROR:
        if symbol is binder.being_declared:
            code = "CS0110" if symbol.kind == "constant" else "CS0841"
            return binder.failure(node, code, f"'{symbol.name}' is used in its own declaration")
        if symbol.awaits_type:
            message = f"the type of '{symbol.name}' is inferred from this call, so it can't be used in its arguments"
            return binder.failure(node, "CS8196", message)
        return binder.bad(node)
    if symbol is binder.being_declared and symbol.kind == "constant":
        return binder.failure(node, "CS0110", f"'{symbol.name}' is used in its own declaration")
    declared = symbol.declared_at
    if declared is not None and symbol.kind in ("local", "constant") and node.start < declared.start:
        return binder.failure(node, "CS0841", f"'{symbol.name}' is used before it is declared")
    return Local(node, symbol)


def _names_like(binder: Binder, node: Node, name: str) -> list[str]:
    """Return candidates for a misspelled name: variables; types if the name is written or used as one."""
    names: list[str] = []
    for scope in binder.scope.outward():
        names += scope.names
    names += ("true", "false", "null")
    types = lookup.nearest_type_names(name)
    if name[:1].isupper():
        return [*names, *types]
    if binder.excerpt.text.startswith(".", node.end):
        names += [type_ for type_ in types if type_.lower() == name.lower()]
    return names


def find_type(binder: Binder, node: Node | Token, name: str, arguments: Child, *, report: bool) -> Type | None:
    """Return the type of a simple name with optional type arguments; with `report`, says why there is none."""
    own = binder.scope.find_type(name) if arguments is None else None
    if own is not None:
        return own
    written = _written(arguments)
    definitions = lookup.types_named(name, _arity(arguments))
    if len(definitions) > 1:
        message = f"'{name}' is ambiguous between '{definitions[0].name}' and '{definitions[1].name}'"
        binder.report(node, "CS0104", message, help="write the full name")
        return ERROR
    if definitions:
        if isinstance(arguments, Token):
            return _open_type(binder, node, definitions[0])
        if not written:
            return definitions[0].type
        return _constructed(binder, definitions[0], written)
    if not report:
        return None
    wrong = _used_as_type(binder, name)
    if wrong:
        binder.report(node, "CS0118", f"'{name}' is a {wrong} but is used like a type")
        return ERROR
    other = next((d for arity in range(5) for d in lookup.types_named(name, arity)), None)
    if other is not None and not other.arity:
        binder.report(node, "CS0308", f"'{name}' is not generic and can't have type arguments")
    elif other is not None:
        message = f"'{name}' needs {other.arity} type argument{'s' * (other.arity != 1)}"
        binder.report(node, "CS0305", message, help=_with_arguments(other))
    else:
        from apimpolicy.csharp.binding import foreign_names, suggestions

        help = suggestions.for_type_word(binder, node, name)
        if name in TYPE_WORDS:
            help = TYPES
        if name in ("nint", "nuint"):
            from apimpolicy.csharp.binding.newer_features import report_newer

            report_newer(binder, node, "native-sized integers", "use int or long")
            return ERROR
        elsewhere = foreign_names.TYPES.get(name)
        if elsewhere is not None:
            message = f"'{name}' is a .NET type that policy expressions can't use"
            binder.report(node, "CS0246", message, help=elsewhere or _ALLOWED_TYPES)
            return ERROR
        binder.report(
            node,
            "CS0246",
            f"the type '{name}' does not exist",
            label="" if help else binder.suggestion(name, lookup.nearest_type_names(name)),
            help=help,
        )
    return ERROR


def _used_as_type(binder: Binder, name: str) -> str:
    """Return the kind of a name that is not a type: `variable` or `namespace`; empty if it is neither."""
    if isinstance(binder.scope.find(name), LocalSymbol):
        return "variable"
    return "namespace" if lookup.namespace_exists(name) else ""


def _constructed(binder: Binder, definition: TypeDefinition, written: Sequence[Node]) -> Type:
    types = tuple(_type_argument(binder, argument) for argument in written)
    _ = definition.base  # reads the header, which has the constraints
    broken = violation(definition.type_parameters, types)
    if broken is not None:
        where = written[broken.place]
        binder.report(
            where,
            broken.code,
            f"the type argument '{shown(broken.argument)}' of '{definition.simple_name}' must be {broken.wanted}",
        )
    return construct(definition, types)


def no_type_arguments(binder: Binder, node: Node, name: str) -> Expression:
    """`x.As<>()`: brackets with nothing in them (Roslyn reports the whole access)."""
    message = f"'{name}' needs a type argument between '<' and '>'"
    return binder.failure(node, "CS8389", message, help=f"write the type: {name}<string>(…)")


def no_generic(binder: Binder, node: Node, start: int, what: str, name: str) -> Expression:
    """Type arguments on what takes none: a variable, a property, a namespace."""
    message = f"the {what} '{name}' cannot be used with type arguments"
    return binder.failure_at(start, node.end, node, "CS0307", message)


def _open_type(binder: Binder, node: Node | Token, definition: TypeDefinition) -> Type:
    """`List<>`, which `typeof` alone takes."""
    if binder.takes_unbound:
        return definition.open_type
    message = f"'{definition.simple_name}' needs its type arguments"
    binder.report(node, "CS7003", message, help=_with_arguments(definition))
    return ERROR


def _with_arguments(definition: TypeDefinition) -> str:
    example = ", ".join(["string"] * definition.arity)
    return f"write the types between '<' and '>', as in {definition.simple_name}<{example}>"


def _type_argument(binder: Binder, node: Node) -> Type:
    with binder.within(takes_unbound=False):
        bound = binder.bind_type(node)
    if is_ref_struct(bound):
        binder.report(node, "CS0306", f"'{shown(bound)}' can't be used as a type argument")
    elif is_static_class(bound):
        binder.report(node, "CS0718", f"'{shown(bound)}' is a static class and can't be used as a type argument")
    return bound


# ---------------------------------------------------------------------------------------------- types


def bind_hole(binder: Binder, node: shapes.Hole) -> Expression:
    return binder.hole(node)


def type_hole(binder: Binder, node: Node) -> Type:
    return binder.unknown_type(node)


def type_predefined_type(binder: Binder, node: shapes.PredefinedType) -> Type:
    return named(node.name.text)


def type_named_type(binder: Binder, node: shapes.NamedType) -> Type:
    qualifier, token, arguments = node.qualifier, node.name, node.type_arguments
    name = name_of(token)
    if has_hole(name):
        return binder.unknown_type(node)
    if qualifier is None:
        if name == "dynamic" and arguments is None and not lookup.types_named("dynamic", 0):
            binder.report(
                node,
                DYNAMIC_REFUSED,
                "'dynamic' is not allowed in policy expressions",
                help="use JObject, or the type that you mean",
            )
            return ERROR
        return find_type(binder, node, name, arguments, report=True) or ERROR
    left = bind_qualifier(binder, qualifier)
    count = _arity(arguments)
    if isinstance(left, str):
        definition = lookup.qualified_type(left, name, count) if left else None
        if definition is None and not left:
            definition = next(iter(lookup.types_named(name, count)), None)
        if definition is None:
            binder.report(token, "CS0234", f"the type or namespace '{name}' does not exist in '{left}'")
            return ERROR
        if isinstance(arguments, Token):
            return _open_type(binder, token, definition)
        if not count:
            return definition.type
        return _constructed(binder, definition, _written(arguments))
    if not isinstance(left, NamedType):
        return ERROR
    nested = lookup.nested_type(left, name, count)
    if nested is None:
        binder.report(token, "CS0426", f"'{shown(left)}' has no nested type '{name}'")
        return ERROR
    return nested


def bind_qualifier(binder: Binder, node: shapes.NamedType | shapes.AliasQualifier) -> Type | str:
    """Return the qualifier of a type name: a namespace's name or a type."""
    if isinstance(node, shapes.AliasQualifier):
        return ""
    qualifier, token, arguments = node.qualifier, node.name, node.type_arguments
    name = name_of(token)
    if qualifier is None:
        if arguments is None and lookup.namespace_exists(name):
            return name
        return find_type(binder, node, name, arguments, report=True) or ERROR
    left = bind_qualifier(binder, qualifier)
    if isinstance(left, str):
        full = f"{left}.{name}" if left else name
        if arguments is None and lookup.namespace_exists(full):
            return full
    return type_named_type(binder, node)


def type_nullable_type(binder: Binder, node: shapes.NullableType) -> Type:
    inner = binder.bind_type(node.type)
    if inner is ERROR:
        return ERROR
    if not inner.is_value_type:
        message = f"'{shown(inner)}?' is a nullable reference type, which is newer than C# 7.3"
        help = "remove the question mark: reference types can always be null"
        binder.report_at(node.end - 1, node.end, "CS8370", message, help=help)
        return inner
    return nullable(inner)


def type_array_type(binder: Binder, node: shapes.ArrayType) -> Type:
    element = binder.bind_type(node.type)
    if is_ref_struct(element):
        binder.report(node.type, "CS0611", f"'{shown(element)}' can't be the element type of an array")
    elif is_static_class(element):
        binder.report(node.type, "CS0719", f"'{shown(element)}' is a static class and can't be used as a type here")
    for rank in reversed(node.ranks):
        element = array_of(element, rank.text.count(",") + 1)
    return element


def type_tuple_type(binder: Binder, node: shapes.TupleType) -> Type:
    types: list[Type] = []
    names: list[str | None] = []
    for element in node.elements:
        type_node, name = element.type, element.name
        types.append(binder.bind_type(type_node))
        names.append(identifier_name(name.text) if name is not None else None)
        check_tuple_name(binder, name, names)
    return make_tuple_type(types, names)


def check_tuple_name(binder: Binder, token: Child, names: Sequence[str | None]) -> None:
    """The name of the last element of a tuple so far: not one that another has, nor one of ValueTuple's own."""
    name = names[-1]
    if token is None or name is None:
        return
    number = name[4:] if name.startswith("Item") and name[4:].isdigit() and not name[4:].startswith("0") else ""
    if name in RESERVED_TUPLE_NAMES:
        binder.report(token, "CS8126", f"a tuple element can't be named '{name}'")
    elif number and int(number) != len(names):
        binder.report(token, "CS8125", f"only element {number} of a tuple can be named '{name}'")
    elif name in names[:-1]:
        binder.report(token, "CS8127", f"two elements of the tuple are named '{name}'")


def type_ref_type(binder: Binder, node: shapes.RefType | shapes.RefReadonlyType) -> Type:
    return binder.bind_type(node.type)


type_ref_readonly_type = type_ref_type


def bind_predefined_type(binder: Binder, node: shapes.PredefinedType) -> Expression:
    return TypeReference(node, type_predefined_type(binder, node))


def bind_alias_qualified_name(binder: Binder, node: shapes.AliasQualifiedName) -> Expression:
    token, arguments = node.name, node.type_arguments
    name = name_of(token)
    if lookup.namespace_exists(name):
        return NamespaceReference(node, NAMESPACE_TYPE, name)
    found = find_type(binder, node, name, arguments, report=True)
    return binder.bad(node) if found in (None, ERROR) else TypeReference(node, found)


def make_tuple_type(types: list[Type], names: list[str | None]) -> Type:
    """`(T1 a, T2 b, …)`; more than seven elements nest in the last one, as in .NET."""
    if any(type_ is ERROR for type_ in types):
        return ERROR
    definition = find_definition("System.ValueTuple", len(types))
    return tuple_type(tuple(types), tuple(names), definition)


def _written(arguments: Child) -> list[Node]:
    return arguments.types if isinstance(arguments, shapes.TypeArguments) else []


def _arity(arguments: Child) -> int:
    """Return the number of type arguments, written (`<int>`) or not (`<,>`)."""
    if arguments is None:
        return 0
    return arguments.text.count(",") + 1 if isinstance(arguments, Token) else len(_written(arguments))
