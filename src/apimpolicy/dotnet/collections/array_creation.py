"""`Array.CreateInstance`: arrays of an element type that is known at run time only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.collections.arguments import check_non_negative
from apimpolicy.dotnet.collections.arrays import new_array, new_rectangular_array
from apimpolicy.dotnet.exceptions import ArgumentException, ArgumentOutOfRangeException, NotSupportedException, require
from apimpolicy.dotnet.registry import declines, implements, implements_all
from apimpolicy.dotnet.values import VOID

if TYPE_CHECKING:
    from apimpolicy.dotnet.system.objects import TypeObject

_ARRAY = "System.Array"


def create(element: TypeObject | None, lengths: tuple[int, ...], names: tuple[str, ...]) -> Any:
    """Return an array with default values; `names` are those of the lengths' parameters."""
    type_ = require(element, "elementType").type
    for length, name in zip(lengths, names, strict=True):
        check_non_negative(length, name)
    if type_ is VOID:
        raise NotSupportedException("Arrays of System.Void are not supported.")
    return new_array(type_, lengths[0]) if len(lengths) == 1 else new_rectangular_array(type_, lengths)


@implements(_ARRAY, "CreateInstance(Type, int, int)", "CreateInstance(Type, int, int, int)")
def create_rectangular(element: TypeObject | None, *lengths: int) -> Any:
    return create(element, lengths, tuple(f"length{number + 1}" for number in range(len(lengths))))


@implements(_ARRAY, "CreateInstance(Type, int[])", "CreateInstance(Type, long[])")
def create_of_lengths(element: TypeObject | None, lengths: Any) -> Any:
    require(element, "elementType")
    if not require(lengths, "lengths"):
        raise ArgumentException("Must provide at least one rank.")
    if any(length >= 1 << 31 for length in lengths):
        raise ArgumentOutOfRangeException("len", "Arrays larger than 2GB are not supported.")
    return create(element, tuple(lengths), tuple(f"lengths[{index}]" for index in range(len(lengths))))


@implements(_ARRAY, "Initialize")
def initialize(array: Any) -> None:
    """Call the constructors of the elements; the structures of C# have none."""


declines(
    _ARRAY,
    "CreateInstance(Type, int[], int[])",
    reason="arrays whose first index is not 0 are not simulated",
)


implements_all(_ARRAY, {"CreateInstance(Type, int)": lambda element, length: create(element, (length,), ("length",))})
