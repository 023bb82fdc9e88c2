"""Member lookup and type names (C# specification, sections 12.5 "Member lookup" and 7.8 "Namespace and type names")."""

from __future__ import annotations

import functools

from apimpolicy.csharp.dotnet import metadata
from apimpolicy.csharp.dotnet.signatures import Member, Method, Property
from apimpolicy.csharp.dotnet.types import ArrayType, NamedType, Type, TypeParameter, construct
from apimpolicy.csharp.dotnet.values import OBJECT

IMPLICIT_USINGS = (
    "System", "System.IO", "System.Linq", "System.Text", "System.Text.RegularExpressions",
    "System.Collections.Generic", "System.Globalization", "System.Net", "System.Threading",
    "System.Security.Cryptography", "System.Security.Cryptography.X509Certificates", "System.Xml", "System.Xml.Linq",
    "Newtonsoft.Json", "Newtonsoft.Json.Linq",
)  # fmt: skip
"""The namespaces whose types need no prefix in an expression (no document lists them; seen in Microsoft's samples)."""

_ARRAY_INTERFACES = ("IList", "ICollection", "IEnumerable", "IReadOnlyList", "IReadOnlyCollection")


@functools.cache
def _usings_index() -> dict[tuple[str, int], tuple[str, ...]]:
    """Simple name and arity to the full names that the implicit usings offer; nested types are left out."""
    found: dict[tuple[str, int], list[str]] = {}
    for namespace in IMPLICIT_USINGS:
        for full, arity in metadata.type_names(namespace):
            simple = full[len(namespace) + 1 :]
            if "." not in simple:
                found.setdefault((simple, arity), []).append(full)
    for framework_name, keyword in metadata.KEYWORDS.items():
        found[framework_name.removeprefix("System."), 0] = [keyword]
    return {key: tuple(names) for key, names in found.items()}


def types_named(simple: str, arity: int) -> list[metadata.TypeDefinition]:
    """The types that a simple name may mean: the context object's own first, then those of the implicit usings."""
    own = metadata.look_up(simple, arity)
    if own is not None:
        return [own]
    names = _usings_index().get((simple, arity), ())
    return [definition for name in names if (definition := metadata.look_up(name, arity)) is not None]


def nearest_type_names(simple: str) -> list[str]:
    return [name for name, _ in _usings_index()]


def nested_type(outer: NamedType, name: str, arity: int) -> NamedType | None:
    """`TimeZoneInfo.AdjustmentRule`; a nested type of a generic type takes the outer type's arguments."""
    definition = metadata.look_up(f"{outer.name}.{name}", arity + len(outer.arguments))
    if definition is None or not definition.is_nested:
        return None
    return construct(definition, outer.arguments) if outer.arguments else definition.type


def qualified_type(namespace: str, name: str, arity: int) -> metadata.TypeDefinition | None:
    return metadata.look_up(f"{namespace}.{name}", arity)


def namespace_exists(name: str) -> bool:
    return metadata.is_namespace(name)


def supertypes(type_: Type) -> tuple[NamedType, ...]:
    """Return a type's own named type, its base classes and all interfaces, nearest first."""
    if isinstance(type_, NamedType):
        return type_.supertypes
    if isinstance(type_, ArrayType):
        found = metadata.named("System.Array").supertypes
        if type_.rank == 1:
            prefix = "System.Collections.Generic."
            found += tuple(metadata.named(prefix + name, type_.element) for name in _ARRAY_INTERFACES)
        return found
    if isinstance(type_, TypeParameter) and type_.bounds:
        return tuple(dict.fromkeys((*(parent for bound in type_.bounds for parent in supertypes(bound)), OBJECT)))
    return (OBJECT,)


def implements(type_: Type, name: str) -> bool:
    return name in [parent.name for parent in supertypes(type_)]


def _lookup_order(type_: Type) -> tuple[NamedType, ...]:
    """Return the types whose members can be named through this type: interfaces only for interfaces."""
    if isinstance(type_, TypeParameter):
        return supertypes(type_)
    every = supertypes(type_)
    if isinstance(type_, NamedType) and type_.kind == "interface":
        return (*every, OBJECT)
    return tuple(parent for parent in every if parent.kind != "interface")


def declared_members(type_: NamedType, name: str) -> tuple[Member, ...]:
    """Members that a constructed type itself declares, with its arguments put in."""
    if not type_.arguments:
        return type_.definition.members(name)
    found = type_._members.get(name)
    if found is None:
        found = tuple(member.within(type_) for member in type_.definition.members(name))
        type_._members[name] = found
    return found  # type: ignore[return-value]


def find_members(type_: Type, name: str) -> list[Member]:
    """Return all members of this name, the nearest first; what a nearer one hides is left out. Not to be changed."""
    if not isinstance(type_, NamedType):
        return _search(type_, name)
    known = type_._found.get(name)
    if known is not None:
        return known  # type: ignore[return-value]
    found = _search(type_, name)
    if found:  # names that do not exist are not kept: there is no end of them
        type_._found[name] = found  # type: ignore[assignment]
    return found


def _search(type_: Type, name: str) -> list[Member]:
    found: list[Member] = []
    signatures: set[tuple[object, ...]] = set()
    for parent in _lookup_order(type_):
        for member in declared_members(parent, name):
            if isinstance(member, Method):
                key = (len(member.type_parameters), *(parameter.type for parameter in member.parameters))
                if key in signatures or (found and not isinstance(found[0], Method)):
                    continue
                signatures.add(key)
                found.append(member)
            elif not found:
                found.append(member)
    return found


def indexers(type_: Type) -> list[Property]:
    found: list[Property] = []
    signatures: set[tuple[Type, ...]] = set()
    for parent in _lookup_order(type_):
        for name in _indexer_names(parent.definition):
            for member in declared_members(parent, name):
                if isinstance(member, Property) and member.parameters:
                    key = tuple(parameter.type for parameter in member.parameters)
                    if key not in signatures:
                        signatures.add(key)
                        found.append(member)
    return found


@functools.cache
def _indexer_names(definition: metadata.TypeDefinition) -> tuple[str, ...]:
    return tuple(name for name, lines in definition._lines.items() if any("] {" in line for line in lines))


def constructors(type_: NamedType) -> list[Method]:
    return [member for member in declared_members(type_, "new") if isinstance(member, Method)]


def member_names(type_: Type) -> list[str]:
    """Return the names of all members that can be written after a dot, for suggestions."""
    names: dict[str, None] = {}
    for parent in _lookup_order(type_):
        for name in parent.definition.member_names():
            if name != "new" and not name.startswith("op_"):
                names[name] = None
    return list(names)


@functools.cache
def _extension_classes() -> tuple[metadata.TypeDefinition, ...]:
    """Return the static classes whose extension methods are in scope, in the order of the usings."""
    found = [metadata.find_definition("ContextExtensions")]  # see `outer_extension_methods` for the other one
    for namespace in IMPLICIT_USINGS:
        found += metadata.extension_classes(namespace)
    return tuple(found)


@functools.lru_cache(maxsize=1024)  # policies may name what they like
def extension_methods(name: str) -> tuple[Method, ...]:
    return tuple(
        member
        for definition in _extension_classes()
        for member in definition.members(name)
        if isinstance(member, Method) and member.is_extension
    )


@functools.lru_cache(maxsize=1024)
def outer_extension_methods(name: str) -> tuple[Method, ...]:
    """The extension methods that are tried when none of `extension_methods` applies, as those of an outer namespace.

    Deployed policies call `GetValueOrDefault` on an IDictionary<string, string>. A Dictionary is one as well, and is an
    IReadOnlyDictionary, and the call is not ambiguous.
    """
    members = metadata.find_definition("DictionaryExtensions").members(name)
    return tuple(member for member in members if isinstance(member, Method))


def extension_method_names() -> list[str]:
    return [name for definition in _extension_classes() for name in definition.member_names()]


def delegate_signature(type_: Type) -> Method | None:
    """Return the Invoke method of a delegate type, else None."""
    if isinstance(type_, NamedType) and type_.kind == "delegate":
        members = declared_members(type_, "Invoke")
        return members[0] if members and isinstance(members[0], Method) else None
    return None


def element_type(type_: Type) -> Type | None:
    """Return the element type of a foreach: an array's element, `Current` of GetEnumerator, T of IEnumerable<T>."""
    if isinstance(type_, ArrayType):
        return type_.element
    if type_ is metadata.named("string"):
        return metadata.named("char")
    if isinstance(type_, NamedType) and type_.name in ("System.Span", "System.ReadOnlySpan"):
        return type_.arguments[0]
    for member in find_members(type_, "GetEnumerator"):
        if isinstance(member, Method) and not member.parameters:
            current = find_members(member.returns, "Current")
            if current and isinstance(current[0], Property):
                return current[0].type
            break
    generic = enumerable_argument(type_)
    if generic is not None:
        return generic
    return OBJECT if implements(type_, "System.Collections.IEnumerable") else None


def enumerable_argument(type_: Type) -> Type | None:
    for parent in supertypes(type_):
        if parent.name == "System.Collections.Generic.IEnumerable" and parent.arguments:
            return parent.arguments[0]
    return None


_ITERATORS = ("IEnumerable", "IEnumerator")


def iterator_element(returns: Type) -> Type | None:
    """Return the element type of an iterator with this return type (section 14.15.2); None for any other type."""
    if isinstance(returns, NamedType):
        if returns.name in [f"System.Collections.Generic.{name}" for name in _ITERATORS]:
            return returns.arguments[0]
        if returns.name in [f"System.Collections.{name}" for name in _ITERATORS]:
            return OBJECT
    return None
