"""Members that arrays and `List<T>` share: those that ask a function about each element."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from apimpolicy.dotnet.collections import searching
from apimpolicy.dotnet.collections.lists import List
from apimpolicy.dotnet.environment import environment
from apimpolicy.dotnet.exceptions import require
from apimpolicy.dotnet.registry import counts_itself, implements
from apimpolicy.dotnet.values import Array

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.dotnet.types import Type

    Predicate = Callable[[Any], bool]

_Function = TypeVar("_Function", bound="Callable[..., Any]")


def _of_both(*members: str, types: bool = False) -> Callable[[_Function], _Function]:
    """Register a function for members of `List<T>`, and for the static ones of arrays, which take the array first."""

    def register(function: _Function) -> _Function:
        implements("System.Collections.Generic.List<T>", *members, types=types)(function)
        return implements("System.Array", *(name.replace("(", "(T[], ") for name in members), types=types)(function)

    return register


def _items(collection: Any) -> list[Any]:
    return collection.items if type(collection) is List else require(collection, "array")


def _like(collection: Any, types: tuple[Type, ...], items: list[Any]) -> List | Array:
    return List(types, items) if type(collection) is List else Array(types[0], items)


@_of_both("FindIndex(Predicate<T>)")
def find_index(collection: Any, match: Predicate) -> int:
    items = collection.items if type(collection) is List else require(collection, "array")
    return searching.find_index(items, 0, None, match)


@_of_both("FindIndex(int, Predicate<T>)")
def find_index_from(collection: Any, start: int, match: Predicate) -> int:
    return searching.find_index(_items(collection), start, None, match)


@_of_both("FindIndex")
def find_index_within(collection: Any, start: int, count: int, match: Predicate) -> int:
    return searching.find_index(_items(collection), start, count, match)


@_of_both("FindLastIndex(Predicate<T>)")
def find_last_index(collection: Any, match: Predicate) -> int:
    items = collection.items if type(collection) is List else require(collection, "array")
    return searching.find_last_index(items, None, None, match)


@_of_both("FindLastIndex(int, Predicate<T>)")
def find_last_index_from(collection: Any, start: int, match: Predicate) -> int:
    return searching.find_last_index(_items(collection), start, None, match)


@_of_both("FindLastIndex")
def find_last_index_within(collection: Any, start: int, count: int, match: Predicate) -> int:
    return searching.find_last_index(_items(collection), start, count, match)


@_of_both("Exists")
def exists(collection: Any, match: Predicate) -> bool:
    return find_index(collection, match) >= 0


@_of_both("Find", types=True)
def find(types: tuple[Type, ...], collection: Any, match: Predicate) -> Any:
    items = collection.items if type(collection) is List else require(collection, "array")
    return searching.item_or_default(items, searching.find_index(items, 0, None, match), types[0])


@_of_both("FindLast", types=True)
def find_last(types: tuple[Type, ...], collection: Any, match: Predicate) -> Any:
    return searching.item_or_default(_items(collection), find_last_index(collection, match), types[0])


@_of_both("FindAll", types=True)
@counts_itself
def find_all(types: tuple[Type, ...], collection: Any, match: Predicate) -> List | Array:
    items = _items(collection)
    require(match, "match")
    environment().step(len(items))
    return _like(collection, types, [item for item in items if match(item)])


@_of_both("TrueForAll")
@counts_itself
def true_for_all(collection: Any, match: Predicate) -> bool:
    items = _items(collection)
    require(match, "match")
    environment().step(len(items))
    return all(match(item) for item in items)


@_of_both("ForEach")
@counts_itself
def for_each(collection: Any, action: Callable[[Any], None]) -> None:
    _items(collection)
    require(action, "action")
    for item in collection:
        environment().step()
        action(item)


@_of_both("ConvertAll", types=True)
@counts_itself
def convert_all(types: tuple[Type, ...], collection: Any, converter: Callable[[Any], Any]) -> List | Array:
    items = _items(collection)
    require(converter, "converter")
    environment().step(len(items))
    return _like(collection, types[-1:], [converter(item) for item in items])
