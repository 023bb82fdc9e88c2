"""The members that can be written after a dot, and the names of types."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final, NamedTuple

from apimpolicy.csharp.binding import lookup
from apimpolicy.csharp.binding.allow_list import is_member_allowed, is_type_allowed
from apimpolicy.csharp.binding.core import Binder
from apimpolicy.csharp.binding.inference import Inference
from apimpolicy.csharp.binding.nodes import Placeholder
from apimpolicy.csharp.binding.overloads import _fits_receiver
from apimpolicy.csharp.dotnet.metadata import _namespaces, is_namespace, look_up, type_names
from apimpolicy.csharp.dotnet.signatures import Member, Method, Property
from apimpolicy.csharp.dotnet.types import AnonymousType, NamedType, SpecialType, TupleType, Type, TypeParameter
from apimpolicy.csharp.dotnet.values import OBJECT, VOID
from apimpolicy.csharp.syntax.depth import Frames
from apimpolicy.csharp.syntax.lexer import PADDING, _scanners, tokenize
from apimpolicy.csharp.syntax.nodes import Node
from apimpolicy.csharp.syntax.parser import machine
from apimpolicy.csharp.syntax.stacks import CARET, Stack, Stacks

# The members that can be written after a dot: of types, of values with their extension methods, of namespaces

OWN, INHERITED, EXTENSION, OF_OBJECT = range(4)

_NOWHERE = Node("hole", [], 0, 0)


class Offer(NamedTuple):
    """A member by its name: its overloads, its type, and the distance of its declaring type from the receiver's type.

    `members` is empty for elements of tuples and members of anonymous objects. `distance` is one of `OWN`, `INHERITED`,
    `EXTENSION`, `OF_OBJECT` (the members of every object).
    """

    name: str
    members: tuple[Member, ...]
    type: Type
    distance: int
    is_allowed: bool = True


def of_type(type_: Type) -> list[Offer]:
    """Return the static members and nested types of a type."""
    offers = list(_declared(type_, True))
    if isinstance(type_, NamedType):
        start = type_.name + "."
        names = [full for full, _ in type_names(type_.definition.namespace) if full.startswith(start)]
        offers += [Offer(full[len(start) :], (), type_, OWN) for full in names]
    return offers


def of_value(type_: Type, binder: Binder) -> list[Offer]:
    """Return the members of a value, extension methods included."""
    if isinstance(type_, SpecialType) or type_ is VOID:
        return []
    offers: list[Offer] = []
    if isinstance(type_, TupleType):
        offers += [Offer(name, (), kind, OWN) for name, kind in zip(type_.names, type_.arguments, strict=True) if name]
        offers += [Offer(f"Item{number + 1}", (), kind, INHERITED) for number, kind in enumerate(type_.arguments)]
    if isinstance(type_, AnonymousType):
        offers += [Offer(name, (), kind, OWN) for name, kind in type_.members]
    taken = {offer.name for offer in offers}
    offers += [offer for offer in _declared(type_, False) if offer.name not in taken]
    return [*offers, *_extensions(type_, binder, frozenset(offer.name for offer in offers))]


@lru_cache(maxsize=512)
def _declared(type_: Type, static: bool) -> tuple[Offer, ...]:
    own = lookup._lookup_order(type_)
    offers: list[Offer] = []
    for name in lookup.member_names(type_):
        members = tuple(m for m in lookup.find_members(type_, name) if m.is_static is static)
        if not members or (isinstance(members[0], Property) and members[0].parameters):
            continue
        container = members[0].container
        distance = OWN if own and container is own[0] else INHERITED
        if not static and OBJECT.definition.members(name):
            distance = OF_OBJECT
        offers.append(Offer(name, members, result_of(members[0]), distance, is_allowed(members)))
    return tuple(offers)


def result_of(member: Member) -> Type:
    """Return the type of a property or field, or the return type of a method."""
    return member.returns if isinstance(member, Method) else member.type  # type: ignore[attr-defined]  # fields and properties have one


def is_allowed(members: tuple[Member, ...]) -> bool:
    return any(is_member_allowed(member) for member in members)  # type: ignore[arg-type]


@cache
def _extension_methods() -> dict[str, tuple[Method, ...]]:
    names = dict.fromkeys(lookup.extension_method_names())
    return {name: methods for name in names if (methods := lookup.extension_methods(name))}


_known: dict[Type, tuple[Offer, ...]] = {}
_MOST_KNOWN = 512


def _extensions(type_: Type, binder: Binder, taken: frozenset[str]) -> list[Offer]:
    found = _known.get(type_)
    if found is None:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        receiver = Placeholder(_NOWHERE, type_)
        found = _known[type_] = tuple(
            Offer(name, fitting, result_of(fitting[0]), EXTENSION, is_type_allowed(fitting[0].declaring))
            for name, methods in _extension_methods().items()
            if (fitting := tuple(m for m in (extended(m, receiver, binder) for m in methods) if m is not None))
        )
    return [offer for offer in found if offer.name not in taken]


def extended(method: Method, receiver: Placeholder, binder: Binder) -> Method | None:
    """Return an extension method for a receiver, with the type arguments inferred from it; None if it doesn't apply."""
    first = method.parameters[0].type
    known: dict[TypeParameter, Type] = {}
    if method.type_parameters:
        own = [parameter for parameter in method.type_parameters if first.mentions([parameter])]
        if own:
            found = Inference(own, [(receiver, first, "")], binder).run()
            if found is None:
                return None
            known = dict(zip(own, found, strict=True))
            first = first.substitute(known)
    conversion = binder.classify(receiver, first)
    if conversion is None or not _fits_receiver(conversion):
        return None
    return _with(method, known) if known else method


def _with(method: Method, known: dict[TypeParameter, Type]) -> Method:
    parameters = tuple(parameter.substitute(known) for parameter in method.parameters)
    made = Method(
        method.declaring, method.name, method.signature, method.is_static, method.returns.substitute(known), parameters
    )
    made.type_parameters = tuple(p for p in method.type_parameters if p not in known)
    return made


# Names of types, namespaces and keywords, as far as an expression may write them

_NEVER_LEGAL: Final = frozenset(("async", "await", "base", "stackalloc", "this", "yield"))
"""Keywords that a policy expression has no use for: it is no iterator, not asynchronous, not safe from `stackalloc`."""


_OUT: Final = re.compile(r"\bout\s+\Z")
_RANGE_VARIABLE: Final = re.compile(r"\b(?:from|join)\s+\w+\s+\Z")


@cache
def simple_types() -> tuple[tuple[str, bool], ...]:
    """Return the types that need no namespace, and whether the gateway allows each."""
    found: dict[str, bool] = {}
    own = [(name, arity, name) for name, arity in type_names("")]
    using = [(name, arity, full) for (name, arity), fulls in lookup._usings_index().items() for full in fulls]
    for name, arity, full in (*own, *using):
        definition = look_up(full, arity)
        if definition is not None:
            found[name] = found.get(name, False) or is_type_allowed(definition)
    return tuple(found.items())


@lru_cache(512)
def names_in(namespace: str) -> tuple[str, ...]:
    """Return the types and namespaces in a namespace; for the empty one, the outermost namespaces."""
    if not namespace:
        return tuple(sorted(n for n in {name.split(".")[0] for name in _namespaces() if name} if names_in(n)))
    start = namespace + "."
    types = type_names(namespace) if is_namespace(namespace) and namespace in _namespaces() else ()
    names = {full[len(start) :].split(".")[0] for full, _ in types}
    names |= {other[len(start) :].split(".")[0] for other in _namespaces() if other.startswith(start)}
    return tuple(sorted(names))


def keywords() -> frozenset[str]:
    """Return every word that is a keyword somewhere."""
    return frozenset(_scanners()[2])


def is_keyword(word: str) -> bool:
    return _scanners()[2].get(word, "NAME") not in (*machine().contextual, "NAME")


def keywords_of(stacks: Stacks, before: Stack, prefix: str) -> list[str]:
    """Return the keywords that may follow code with this stack; none that are an error in every policy."""
    is_declared = stacks.take(before, "_MARK_DECLARATION") is not None or _OUT.search(prefix) is not None
    is_function = stacks.take(before, "_MARK_LOCAL_FUNCTION") is not None
    found = ["var"] if is_declared else []
    for word, kind in _scanners()[2].items():
        if word not in _NEVER_LEGAL and (word != "void" or is_function) and stacks.take(before, kind) is not None:
            found.append(word)
    return found


def keywords_after(prefix: str) -> tuple[list[str], bool]:
    """Return the keywords that may follow code as it is written, and whether a name may follow as well."""
    tokens, _ = tokenize(prefix + CARET, 1)
    last = len(tokens.kinds) - PADDING - 1
    if last < 0 or tokens.starts[last] != len(prefix) or tokens.kinds[last] != "NAME":
        return [], True  # in a string or a comment
    if _RANGE_VARIABLE.search(prefix):
        return ["in"], False  # the tables take the variable for a type
    with Frames():
        stacks = Stacks()
        reading = stacks.read(tokens)
    if reading.failed >= 0 and reading.failed != last:
        return [], True
    return keywords_of(stacks, reading.before.get(last, reading.stack), prefix), reading.failed < 0
