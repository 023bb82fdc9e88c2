"""`System.Collections.Generic.KeyValuePair<TKey, TValue>`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.collections.comparers import object_key, text
from apimpolicy.dotnet.environment import go_into, joined
from apimpolicy.dotnet.metadata import named
from apimpolicy.dotnet.registry import counts_itself, dotnet_class, member

if TYPE_CHECKING:
    from apimpolicy.dotnet.types import Type


@dotnet_class("System.Collections.Generic.KeyValuePair<TKey, TValue>")
class KeyValuePair:
    """A key and its value; `types` are the static types of both. Never changed after it was made."""

    __slots__ = ("key", "types", "value")

    def __init__(self, types: tuple[Type, ...], key: Any, value: Any) -> None:
        self.types = types
        self.key = key
        self.value = value

    @staticmethod
    @member("new", types=True)
    def create(types: tuple[Type, ...], key: Any, value: Any) -> KeyValuePair:
        return KeyValuePair(types, key, value)

    @property
    def dotnet_type(self) -> Type:
        return named("System.Collections.Generic.KeyValuePair", *self.types)

    def deconstruct(self) -> tuple[Any, Any]:
        return self.key, self.value

    @counts_itself
    def to_string(self) -> str:
        go_into(2)
        return f"[{joined([text(self.types[0], self.key), text(self.types[1], self.value)], ', ')}]"

    def __eq__(self, other: object) -> bool:
        go_into(2)
        return (
            isinstance(other, KeyValuePair)
            and self.types == other.types
            and bool(object_key(self.key) == object_key(other.key))
            and bool(object_key(self.value) == object_key(other.value))
        )

    def __hash__(self) -> int:
        go_into(2)
        return hash((object_key(self.key), object_key(self.value)))

    def __repr__(self) -> str:
        return f"KeyValuePair({self.key!r}, {self.value!r})"
