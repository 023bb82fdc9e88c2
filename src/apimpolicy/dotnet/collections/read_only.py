"""`System.Collections.ObjectModel.ReadOnlyCollection<T>`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.collections import interfaces
from apimpolicy.dotnet.collections.generic import Enumerator, ReadOnlyView
from apimpolicy.dotnet.exceptions import NotSupportedException
from apimpolicy.dotnet.metadata import named
from apimpolicy.dotnet.registry import dotnet_class, member

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.dotnet.types import Type

_REFUSAL = "Collection is read-only."


@dotnet_class("System.Collections.ObjectModel.ReadOnlyCollection<T>")
class ReadOnlyCollection(ReadOnlyView):
    """A list seen through a wrapper that cannot change it."""

    __slots__ = ("_list", "types")

    def __init__(self, types: tuple[Type, ...], wrapped: Any) -> None:
        self.types = types
        self._list = wrapped

    @property
    def dotnet_type(self) -> Type:
        return named("System.Collections.ObjectModel.ReadOnlyCollection", *self.types)

    @property
    def count(self) -> int:
        return interfaces.get_count(self._list)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._list)

    @member("Item")
    def get_item(self, index: int) -> Any:
        return interfaces.get_item(self._list, index)

    def contains(self, value: Any) -> bool:
        return interfaces.contains(self._list, value)

    def index_of(self, value: Any) -> int:
        return interfaces.index_of(self._list, value)

    def copy_to(self, array: Any, index: int) -> None:
        interfaces.copy_to(self._list, array, index)

    def get_enumerator(self) -> Enumerator:
        return Enumerator(self)

    def set_item(self, index: int, value: Any) -> None:
        raise NotSupportedException(_REFUSAL)

    def add(self, item: Any) -> None:
        raise NotSupportedException(_REFUSAL)

    def insert(self, index: int, item: Any) -> None:
        raise NotSupportedException(_REFUSAL)

    def remove(self, item: Any) -> bool:
        raise NotSupportedException(_REFUSAL)

    def remove_at(self, index: int) -> None:
        raise NotSupportedException(_REFUSAL)

    def clear(self) -> None:
        raise NotSupportedException(_REFUSAL)
