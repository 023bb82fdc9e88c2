"""Lazy sequences of nodes: enumerated afresh each time, as .NET's iterators are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


class XSequence:
    """`IEnumerable<XElement>` and the like; `start` gives a fresh iterator."""

    __slots__ = ("_start",)

    dotnet_type_name = "System.Collections.Generic.IEnumerable<T>"

    def __init__(self, start: Callable[[], Iterator[Any]]) -> None:
        self._start = start

    def __iter__(self) -> Iterator[Any]:
        return self._start()


def flatten(source: Iterable[Any], inner: Callable[[Any], Iterable[Any]]) -> XSequence:
    """`SelectMany`, over elements that may be null."""
    return XSequence(lambda: (found for node in source if node is not None for found in inner(node)))
