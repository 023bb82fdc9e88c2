"""Constraints on type parameters (C# specification, section 8.4.5): `where T : class`, `struct`, or a base type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding.conversions import standard_implicit
from apimpolicy.binding.lookup import constructors
from apimpolicy.binding.type_relations import is_reference, is_unmanaged
from apimpolicy.dotnet.metadata import look_up
from apimpolicy.dotnet.types import ERROR, NamedType, Type, TypeParameter
from apimpolicy.records import Record

if TYPE_CHECKING:
    from collections.abc import Sequence


class Violation(Record):
    """A type argument that its parameter does not allow; `place` counts from 0, `wanted` is what should be there."""

    place: int
    code: str
    argument: Type
    wanted: str


def violation(parameters: Sequence[TypeParameter], arguments: Sequence[Type]) -> Violation | None:
    """Return the first type argument that breaks a constraint."""
    for place, (parameter, argument) in enumerate(zip(parameters, arguments, strict=True)):
        for constraint in parameter.constraints:
            code = _code(argument, constraint)
            if code:
                words = {
                    "class": "a reference type",
                    "struct": "a value type that cannot be null",
                    "new()": "a type with a constructor without parameters",
                    "unmanaged": "a structure without references",
                }
                return Violation(place, code, argument, words.get(constraint, f"a '{constraint}'"))
        for bound in parameter.bounds:
            wanted = bound.substitute(dict(zip(parameters, arguments, strict=True)))
            code = _code_for_type(argument, wanted)
            if code:
                return Violation(place, code, argument, f"a '{wanted}'")
    return None


def _code(argument: Type, constraint: str) -> str:
    """Return the compiler's code for a type argument that breaks this constraint, else empty."""
    if argument is ERROR:
        return ""
    if constraint == "class":
        return "" if is_reference(argument) else "CS0452"
    if constraint == "struct":
        return "" if argument.is_value_type and argument.underlying is None else "CS0453"
    if constraint == "new()":
        return "" if has_constructor(argument) else "CS0310"
    if constraint == "unmanaged":
        return "" if is_unmanaged(argument) else "CS8377"
    wanted = look_up(constraint)
    return _code_for_type(argument, wanted.type) if wanted is not None else ""


def has_constructor(type_: Type) -> bool:
    """Return whether `new()` makes one: a structure, or a class that can be created without arguments."""
    if isinstance(type_, TypeParameter):
        return type_.is_value_type or "new()" in type_.constraints
    if type_.is_value_type or not isinstance(type_, NamedType):
        return type_.is_value_type
    if type_.kind != "class" or type_.definition.is_abstract:
        return False
    return any(not method.parameters for method in constructors(type_))


def _code_for_type(argument: Type, wanted: Type) -> str:
    if argument is ERROR or wanted is ERROR:
        return ""
    found = standard_implicit(argument, wanted)
    if found is not None and found.kind in ("identity", "reference", "boxing"):
        return ""
    if argument.underlying is not None:
        return "CS0313"
    if isinstance(argument, TypeParameter):
        return "CS0311" if is_reference(argument) else "CS0314"
    return "CS0315" if argument.is_value_type else "CS0311"
