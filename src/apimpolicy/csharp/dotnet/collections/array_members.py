"""The members of `System.Array`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from apimpolicy.csharp.dotnet.casts import cast, is_reference_convertible
from apimpolicy.csharp.dotnet.collections import arrays
from apimpolicy.csharp.dotnet.collections.arrays import INDEX, check_non_negative, default_value, new_array
from apimpolicy.csharp.dotnet.collections.comparers import equality_key
from apimpolicy.csharp.dotnet.collections.lists import List, ReadOnlyCollection
from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.exceptions import (
    ArgumentException,
    ArrayTypeMismatchException,
    IndexOutOfRangeException,
    InvalidCastException,
    RankException,
    check_range,
    require,
)
from apimpolicy.csharp.dotnet.registry import counts_itself, implements, implements_all
from apimpolicy.csharp.dotnet.types import NamedType, Type
from apimpolicy.csharp.dotnet.values import DOUBLE, FLOAT, OBJECT, Array, RectangularArray, box

if TYPE_CHECKING:
    Types = tuple[Type, ...]
    Predicate = Callable[[Any], bool]


_ARRAY = "System.Array"
_ONE_DIMENSION = "Only single dimension arrays are supported here."
_LONGER_SOURCE = "Source array was not long enough. Check the source index, length, and the array's lower bounds."
_LONGER_DESTINATION = (
    "Destination array was not long enough. Check the destination index, length, and the array's lower bounds."
)


def _items(array: Any) -> list[Any]:
    """Return the elements in row-major order; the list is the array's own."""
    return array.items if isinstance(array, RectangularArray) else array


def _lengths(array: Any) -> tuple[int, ...]:
    return array.lengths if isinstance(array, RectangularArray) else (len(array),)


@implements(_ARRAY, "Length", "LongLength")
def length(array: Any) -> int:
    return len(_items(array))


@implements(_ARRAY, "Rank")
def rank(array: Any) -> int:
    return len(_lengths(array))


@implements(_ARRAY, "GetLength", "GetLongLength")
def get_length(array: Any, dimension: int) -> int:
    lengths = _lengths(array)
    if not 0 <= dimension < len(lengths):
        raise IndexOutOfRangeException
    return lengths[dimension]


@implements(_ARRAY, "GetLowerBound")
def get_lower_bound(array: Any, dimension: int) -> int:
    get_length(array, dimension)
    return 0


@implements(_ARRAY, "Clone")
@counts_itself
def clone(array: Any) -> Any:
    environment().new_elements(len(_items(array)))
    if isinstance(array, RectangularArray):
        return RectangularArray(array.element, array.lengths, list(array.items))
    return Array(array.element, array)


@implements(_ARRAY, "Resize", types=True)
def resize(types: Types, array: Any, size: int) -> tuple[Array]:
    check_non_negative(size, "newSize")
    if array is not None and len(array) == size:
        return (array,)
    made = new_array(types[0], size)
    kept = (array or [])[:size]
    made[: len(kept)] = kept
    return (made,)


@implements(_ARRAY, "Clear")
@counts_itself
def clear(array: Any, index: int, count: int) -> None:
    require(array, "array")
    items = _items(array)
    if index < 0 or count < 0 or len(items) - index < count:
        raise IndexOutOfRangeException
    environment().new_elements(count)
    items[index : index + count] = [default_value(array.element)] * count


@implements(_ARRAY, "Fill(T[], T)")
def fill(array: Any, value: Any) -> None:
    require(array, "array")
    array[:] = [value] * len(array)


@implements(_ARRAY, "Fill(T[], T, int, int)")
def fill_part(array: Any, value: Any, start: int, count: int) -> None:
    require(array, "array")
    arrays.find_index(array, lambda _: True, start, count)
    array[start : start + count] = [value] * count


@implements(_ARRAY, "Copy")
def copy(source: Any, destination: Any, count: int) -> None:
    require(source, "sourceArray")
    require(destination, "destinationArray")
    copy_part(source, 0, destination, 0, count)


_PARTS = "(System.Array sourceArray, {0} sourceIndex, System.Array destinationArray, {0} destinationIndex, {0} length)"


@implements(_ARRAY, "static void Copy" + _PARTS.format("int"))
@implements(_ARRAY, "static void Copy" + _PARTS.format("long"))
@implements(_ARRAY, "static void ConstrainedCopy" + _PARTS.format("int"))
@counts_itself
def copy_part(source: Any, source_index: int, destination: Any, destination_index: int, count: int) -> None:
    require(source, "sourceArray")
    require(destination, "destinationArray")
    if len(_lengths(source)) != len(_lengths(destination)):
        raise RankException("The specified arrays must have the same number of dimensions.")
    check_non_negative(count, "length")
    check_non_negative(source_index, "sourceIndex")
    check_non_negative(destination_index, "destinationIndex")
    items, target = _items(source), _items(destination)
    if len(items) - source_index < count:
        raise ArgumentException(_LONGER_SOURCE, "sourceArray")
    if len(target) - destination_index < count:
        raise ArgumentException(_LONGER_DESTINATION, "destinationArray")
    environment().step(count >> 6)
    part = items[source_index : source_index + count]
    target[destination_index : destination_index + count] = _converted(part, source.element, destination.element)


_UNSIGNED = frozenset({"byte", "ushort", "uint", "ulong", "char"})
_SIZES = {
    "sbyte": 1, "byte": 1, "short": 2, "ushort": 2, "char": 2, "int": 4, "uint": 4, "long": 8, "ulong": 8,
    "float": 9, "double": 10,
}  # fmt: skip


def _widens(source: str, target: str) -> bool:
    """Return whether `Array.Copy` widens one primitive type to another, by the table in its documentation."""
    if source not in _SIZES or target not in _SIZES or _SIZES[source] > _SIZES[target]:
        return False
    if target in ("float", "double"):
        return True
    if source in _UNSIGNED:
        return target in _UNSIGNED or _SIZES[source] < _SIZES[target]
    return target not in _UNSIGNED


def _converted(items: list[Any], source: Type, target: Type) -> list[Any]:
    if source is target:
        return items
    if source.is_value_type and target.is_value_type:
        names = (getattr(source, "name", ""), getattr(target, "name", ""))
        if not _widens(*names):
            raise ArrayTypeMismatchException("Source array type cannot be assigned to destination array type.")
        if target is FLOAT or target is DOUBLE:
            return [float(ord(item) if isinstance(item, str) else item) for item in items]
        if names[0] == "char":
            return [ord(item) for item in items]
        return [chr(item) for item in items] if names[1] == "char" else items
    if source.is_value_type:
        if not is_reference_convertible(source, target):
            raise ArrayTypeMismatchException("Source array type cannot be assigned to destination array type.")
        return [box(source, item) for item in items]
    if is_reference_convertible(source, target):
        return items
    if not is_reference_convertible(target, source) and not _is_interface(source, target):
        raise ArrayTypeMismatchException("Source array type cannot be assigned to destination array type.")
    try:
        return [cast(item, target) for item in items]
    except InvalidCastException:
        raise InvalidCastException(
            "At least one element in the source array could not be cast down to the destination array type."
        ) from None


def _is_interface(*types: Type) -> bool:
    return any(isinstance(type_, NamedType) and type_.kind == "interface" for type_ in types)


@implements(_ARRAY, "CopyTo")
def copy_to(source: Any, array: Any, index: int) -> None:
    require(array, "array")
    copy_part(source, 0, array, index, len(_items(source)))


@implements(_ARRAY, "AsReadOnly", types=True)
def as_read_only(types: Types, array: Any) -> Any:
    return ReadOnlyCollection(types, require(array, "array"))


@implements(_ARRAY, "IndexOf")
def index_of(array: Any, value: Any, start: int = 0, count: int | None = None) -> int:
    require(array, "array")
    check_range(0 <= start <= len(array), "startIndex", INDEX)
    arrays.check_count(start, count, len(array))
    return arrays.index_of(array, value, start, count, equality_key(array.element))


@implements(_ARRAY, "IndexOf(Array, object)", "IndexOf(Array, object, int)", "IndexOf(Array, object, int, int)")
def index_of_boxed(array: Any, value: Any, start: int = 0, count: int | None = None) -> int:
    return index_of(_boxed(array), value, start, count)


@implements(_ARRAY, "LastIndexOf")
def last_index_of(array: Any, value: Any, start: int | None = None, count: int | None = None) -> int:
    require(array, "array")
    return arrays.last_index_of(array, value, start, count, equality_key(array.element), "startIndex")


@implements(
    _ARRAY, "LastIndexOf(Array, object)", "LastIndexOf(Array, object, int)", "LastIndexOf(Array, object, int, int)"
)
def last_index_of_boxed(array: Any, value: Any, start: int | None = None, count: int | None = None) -> int:
    return last_index_of(_boxed(array), value, start, count)


def _boxed(array: Any) -> Array:
    require(array, "array")
    if isinstance(array, RectangularArray):
        raise RankException(_ONE_DIMENSION)
    return Array(OBJECT, [box(array.element, item) for item in array])


implements_all(
    _ARRAY,
    {
        "IsReadOnly": lambda array: False,
        "IsSynchronized": lambda array: False,
        "IsFixedSize": lambda array: True,
        "SyncRoot": lambda array: array,
        "GetUpperBound": lambda array, dimension: get_length(array, dimension) - 1,
    },
)
implements_all(_ARRAY, {"Empty": lambda types: Array(types[0])}, types=True)


# Members that arrays and `List<T>` share: those that ask a function about each element.

_Function = TypeVar("_Function", bound="Callable[..., Any]")


def _of_both(*members: str, types: bool = False) -> Callable[[_Function], _Function]:
    """Register a function for members of `List<T>`, and for the static ones of arrays, which take the array first."""

    def register(function: _Function) -> _Function:
        implements("System.Collections.Generic.List<T>", *members, types=types)(function)
        return implements("System.Array", *(name.replace("(", "(T[], ") for name in members), types=types)(function)

    return register


def _elements(collection: Any) -> list[Any]:
    return collection.items if type(collection) is List else require(collection, "array")


def _like(collection: Any, types: tuple[Type, ...], items: list[Any]) -> List | Array:
    return List(types, items) if type(collection) is List else Array(types[0], items)


@_of_both("FindIndex")
def find_index(collection: Any, *given: Any) -> int:
    """The predicate comes after the start and the count, where they are given."""
    *part, match = given
    return arrays.find_index(_elements(collection), match, *part)


@_of_both("FindLastIndex")
def find_last_index(collection: Any, *given: Any) -> int:
    *part, match = given
    return arrays.find_last_index(_elements(collection), match, *part)


@_of_both("Exists")
def exists(collection: Any, match: Predicate) -> bool:
    return find_index(collection, match) >= 0


def _at(collection: Any, index: int, type_: Type) -> Any:
    return _elements(collection)[index] if index >= 0 else default_value(type_)


@_of_both("Find", types=True)
def find(types: tuple[Type, ...], collection: Any, match: Predicate) -> Any:
    return _at(collection, find_index(collection, match), types[0])


@_of_both("FindLast", types=True)
def find_last(types: tuple[Type, ...], collection: Any, match: Predicate) -> Any:
    return _at(collection, find_last_index(collection, match), types[0])


@_of_both("FindAll", types=True)
@counts_itself
def find_all(types: tuple[Type, ...], collection: Any, match: Predicate) -> List | Array:
    items = _elements(collection)
    require(match, "match")
    environment().step(len(items))
    return _like(collection, types, [item for item in items if match(item)])


@_of_both("TrueForAll")
@counts_itself
def true_for_all(collection: Any, match: Predicate) -> bool:
    items = _elements(collection)
    require(match, "match")
    environment().step(len(items))
    return all(match(item) for item in items)


@_of_both("ForEach")
@counts_itself
def for_each(collection: Any, action: Callable[[Any], None]) -> None:
    _elements(collection)
    require(action, "action")
    for item in collection:
        environment().step()
        action(item)


@_of_both("ConvertAll", types=True)
@counts_itself
def convert_all(types: tuple[Type, ...], collection: Any, converter: Callable[[Any], Any]) -> List | Array:
    items = _elements(collection)
    require(converter, "converter")
    environment().step(len(items))
    return _like(collection, types[-1:], [converter(item) for item in items])
