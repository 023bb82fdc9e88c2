"""Constraints on type parameters (C# specification, section 8.4.5): `where T : class`, `struct`, or a base type."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.binding.conversions import standard_implicit
from apimpolicy.dotnet.metadata import look_up
from apimpolicy.dotnet.types import DYNAMIC, ERROR, Type, TypeParameter

if TYPE_CHECKING:
    from collections.abc import Sequence


class Violation(NamedTuple):
    """A type argument that its parameter does not allow; `place` counts from 0, `wanted` is what should be there."""

    place: int
    code: str
    argument: Type
    wanted: str


def violation(parameters: Sequence[TypeParameter], arguments: Sequence[Type]) -> Violation | None:
    """The first type argument that breaks a constraint."""
    for place, (parameter, argument) in enumerate(zip(parameters, arguments, strict=True)):
        for constraint in parameter.constraints:
            code = _code(argument, constraint)
            if code:
                words = {"class": "a reference type", "struct": "a value type that cannot be null"}
                return Violation(place, code, argument, words.get(constraint, f"a '{constraint}'"))
    return None


def _code(argument: Type, constraint: str) -> str:
    """The compiler's code for a type argument that breaks this constraint, else empty."""
    if argument in (ERROR, DYNAMIC) or isinstance(argument, TypeParameter):
        return ""
    if constraint == "class":
        return "CS0452" if argument.is_value_type else ""
    if constraint == "struct":
        return "" if argument.is_value_type and argument.underlying is None else "CS0453"
    wanted = look_up(constraint)
    if wanted is None:
        return ""
    found = standard_implicit(argument, wanted.type)
    if found is not None and found.kind in ("identity", "reference", "boxing"):
        return ""
    if argument.underlying is not None:
        return "CS0313"
    return "CS0315" if argument.is_value_type else "CS0311"
