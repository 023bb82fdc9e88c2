"""The surface seen from the other end: which members give a value of a wanted type, and of what they make it."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from csharp_types import LEAVES, ROOTS, is_usable

from apimpolicy.csharp.binding.lookup import IMPLICIT_USINGS
from apimpolicy.csharp.dotnet.metadata import KEYWORDS, all_definitions
from apimpolicy.csharp.dotnet.signatures import Field, Member, Method, Property
from apimpolicy.csharp.dotnet.types import ArrayType, NamedType, TupleType, Type, TypeParameter
from apimpolicy.csharp.dotnet.values import BOOL, DOUBLE, INT, OBJECT, STRING

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.signatures import Parameter

FREE_CHOICES: tuple[Type, ...] = (INT, STRING, BOOL, DOUBLE, OBJECT)
"""What type parameters stand for when the wanted type does not say."""

_LEFT_OUT = frozenset({"System.Threading.Thread", "System.Threading.Tasks.Parallel", "System.GC", "System.Environment"})
_OPERATORS_WITH_TEXT = {
    "op_Addition": "+",
    "op_Subtraction": "-",
    "op_Multiply": "*",
    "op_Division": "/",
    "op_Modulus": "%",
    "op_Equality": "==",
    "op_Inequality": "!=",
    "op_LessThan": "<",
    "op_GreaterThan": ">",
    "op_LessThanOrEqual": "<=",
    "op_GreaterThanOrEqual": ">=",
    "op_UnaryNegation": "-",
    "op_UnaryPlus": "+",
}


class Producer(NamedTuple):
    """A member that gives the wanted type. `receiver` is None for static members; types are closed.

    `free` are the type arguments that no ordinary parameter tells, so that they have to be written.
    """

    member: Member
    container: NamedType
    receiver: Type | None
    parameters: tuple[Parameter, ...]
    type_arguments: tuple[Type, ...]
    needs_type_arguments: bool
    is_alone: bool

    @property
    def operator(self) -> str | None:
        """`+` for `op_Addition`."""
        return _OPERATORS_WITH_TEXT.get(self.member.name) if isinstance(self.member, Method) else None

    @property
    def types(self) -> tuple[Type, ...]:
        own = (self.receiver,) if self.receiver is not None else (self.container,)
        return (*own, *(parameter.type for parameter in self.parameters))


def result_of(member: Member) -> Type | None:
    """The type of the value that a member gives."""
    if isinstance(member, Method):
        return member.returns
    if isinstance(member, Field):
        return member.type
    if isinstance(member, Property) and member.has_getter:
        return member.type
    return None


def unify(pattern: Type, wanted: Type, found: dict[TypeParameter, Type]) -> bool:
    """Find the type arguments that make the pattern the wanted type."""
    if isinstance(pattern, TypeParameter):
        return found.setdefault(pattern, wanted) is wanted
    if pattern is wanted:
        return True
    if isinstance(pattern, ArrayType):
        return (
            isinstance(wanted, ArrayType)
            and pattern.rank == wanted.rank
            and unify(pattern.element, wanted.element, found)
        )
    return (
        isinstance(pattern, NamedType)
        and isinstance(wanted, NamedType)
        and not isinstance(wanted, TupleType)
        and pattern.definition is wanted.definition
        and bool(pattern.arguments)
        and all(unify(p, w, found) for p, w in zip(pattern.arguments, wanted.arguments, strict=True))
    )


@cache
def _by_result() -> dict[object, list[Member]]:
    """Members by what their result is made of: a definition, the array type, or a bare type parameter (None)."""
    index: dict[object, list[Member]] = defaultdict(list)
    for definition in all_definitions():
        if definition.name in _LEFT_OUT or definition.kind == "delegate" or definition.is_tuple:
            continue
        namespace_is_known = definition.namespace in ("", *IMPLICIT_USINGS)
        for member in definition.all_members():
            if member.name.startswith("op_") and definition.name in KEYWORDS.values():
                continue  # the operators of C# itself
            result = result_of(member)
            if result is None or member.obsolete or not (namespace_is_known or member.is_static):
                continue
            if member.name == "new" and definition.is_abstract:
                continue
            if member.name in ("GetHashCode", "NewGuid"):
                continue  # another value each time
            if isinstance(result, NamedType):
                index[result.definition].append(member)
            elif isinstance(result, ArrayType):
                index[ArrayType].append(member)
            elif isinstance(result, TypeParameter):
                index[None].append(member)
    return index


@cache
def producers(wanted: Type) -> tuple[tuple[Producer, ...], tuple[Producer, ...]]:
    """What gives exactly this type: first what is made of well-known types only, then the rest of the surface."""
    if isinstance(wanted, ArrayType):
        candidates = _by_result()[ArrayType]
    elif isinstance(wanted, NamedType):
        candidates = _by_result()[wanted.definition]
    else:
        candidates = []
    near, far = [], []
    for member in (*candidates, *_by_result()[None]):
        for variant in range(3):
            producer = _producer(member, wanted, variant)
            if producer is None:
                break
            well_known = all(t in _WELL_KNOWN or _is_function(t) for t in producer.types)
            (near if well_known else far).append(producer)
            if not _is_open(member):
                break
    return tuple(near), tuple(far)


def _is_open(member: Member) -> bool:
    return bool(member.declaring.arity or (isinstance(member, Method) and member.type_parameters))


def _is_function(type_: Type) -> bool:
    return (
        isinstance(type_, NamedType)
        and type_.kind == "delegate"
        and all(t in _WELL_KNOWN or _is_function(t) for t in type_.arguments)
    )


_WELL_KNOWN = frozenset({*LEAVES, *ROOTS})


def _producer(member: Member, wanted: Type, variant: int) -> Producer | None:
    result = result_of(member)
    arguments: dict[TypeParameter, Type] = {}
    if result is None or not unify(result, wanted, arguments):
        return None
    own = member.type_parameters if isinstance(member, Method) else ()
    for number, parameter in enumerate((*member.declaring.type_parameters, *own)):
        if any(constraint not in ("class", "struct") for constraint in parameter.constraints):
            return None
        choice = arguments.setdefault(parameter, FREE_CHOICES[(variant + number) % len(FREE_CHOICES)])
        if ("class" in parameter.constraints and choice.is_value_type) or (
            "struct" in parameter.constraints and (not choice.is_value_type or choice.underlying is not None)
        ):
            return None
        if member.declaring.name == "System.Nullable" and (not choice.is_value_type or choice.underlying is not None):
            return None
    container = member.declaring.open_type.substitute(arguments)
    parameters = tuple(p.substitute(arguments) for p in getattr(member, "parameters", ()))
    is_instance = not member.is_static and member.name != "new" and not _is_constant(member)
    if not all(map(is_usable, (p.type for p in parameters))) or not isinstance(container, NamedType):
        return None
    if not (is_usable(container) or not is_instance):
        return None
    if any(p.mode in ("ref", "in") for p in parameters) or len(parameters) > 5:
        return None
    return Producer(
        member,
        container,
        container if is_instance else None,
        parameters,
        tuple(arguments[parameter] for parameter in own),
        any(not _is_inferred(parameter, member) for parameter in own),  # type: ignore[arg-type]
        len(member.declaring.members(member.name)) == 1,
    )


def _is_constant(member: Member) -> bool:
    return isinstance(member, Field) and member.is_constant


def _is_inferred(parameter: TypeParameter, method: Method) -> bool:
    """Whether the arguments tell the type: by a parameter, or by what a lambda returns."""
    for own in method.parameters:
        type_ = own.type
        if own.mode in ("params", "out"):
            continue
        if isinstance(type_, NamedType) and type_.kind == "delegate":
            if type_.name.startswith("System.Func") and type_.arguments[-1].mentions((parameter,)):
                return True
        elif type_.mentions((parameter,)):
            return True
    return False


class Settable(NamedTuple):
    """A property or indexer of a class that can be set; types are closed."""

    owner: NamedType
    property: Property


@cache
def settable() -> tuple[Settable, ...]:
    """What can be set on well-known classes."""
    found = []
    for owner in sorted(_WELL_KNOWN, key=str):
        if not isinstance(owner, NamedType) or owner.is_value_type or isinstance(owner, TupleType):
            continue
        for name in owner.definition.member_names():
            for member in owner.definition.members(name):
                if isinstance(member, Property) and member.has_setter and not member.is_static and not member.obsolete:
                    closed = member.within(owner) if owner.arguments else member
                    if is_usable(closed.type) and all(is_usable(p.type) for p in closed.parameters):
                        found.append(Settable(owner, closed))
    return tuple(found)
