"""Lazy sequences of nodes: enumerated afresh each time, as .NET's iterators are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.metadata import named, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from apimpolicy.dotnet.types import Type


class XSequence:
    """`IEnumerable<XElement>` and the like; `start` returns a fresh iterator.

    `type_` is the type or its name; .NET's own iterators are hidden classes that implement it.
    """

    __slots__ = ("_start", "_type")

    def __init__(self, start: Callable[[], Iterator[Any]], type_: Type | str) -> None:
        self._start = start
        self._type = type_

    @property
    def dotnet_type(self) -> Type:
        return parse(self._type) if isinstance(self._type, str) else self._type

    def __iter__(self) -> Iterator[Any]:
        return self._start()


def flatten(source: Iterable[Any], inner: Callable[[Any], Iterable[Any]], type_: str) -> XSequence:
    """`SelectMany`, over elements that may be null."""
    return XSequence(lambda: (found for node in source if node is not None for found in inner(node)), type_)


def of_type(element: Type) -> Type:
    """`IEnumerable<element>`."""
    return named("System.Collections.Generic.IEnumerable", element)
