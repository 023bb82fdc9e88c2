"""Base of the generic collections: their constructed type, reference equality, no change while they are walked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.environment import environment
from apimpolicy.dotnet.exceptions import InvalidOperationException
from apimpolicy.dotnet.metadata import named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from apimpolicy.dotnet.types import NamedType, Type

_STEPS_PER_THOUSAND = 4096
MODIFIED = "Collection was modified; enumeration operation may not execute."


class GenericCollection:
    """`types` are the type arguments; `version` counts the changes that an enumeration does not survive."""

    __slots__ = ("types", "version")

    definition_name = ""
    is_read_only = False

    def __init__(self, types: tuple[Type, ...]) -> None:
        self.types = types
        self.version = 0

    @property
    def dotnet_type(self) -> NamedType:
        return named(self.definition_name, *self.types)

    def guard(self, items: Iterable[Any]) -> Iterator[Any]:
        """Walk over the items; a change of the collection raises InvalidOperationException at the next one."""
        version = self.version
        for item in items:
            yield item
            if self.version != version:
                raise InvalidOperationException(MODIFIED)

    def check_room(self, count: int) -> None:
        """Now and then, while the collection grows to this many elements: burn steps, raise LimitExceededError."""
        if count & 1023 == 0:
            self.check_growth(count)

    @staticmethod
    def check_growth(count: int) -> None:
        """After a thousand more elements: burn steps, raise LimitExceededError."""
        environment().check_elements(count)
        environment().step(_STEPS_PER_THOUSAND)


class ReadOnlyView:
    """A collection that is seen through another one: keys, values, groups. Changes raise NotSupportedException."""

    __slots__ = ()

    is_read_only = True
