"""Lazy sequences of tokens: enumerated afresh each time, as .NET's iterators are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from apimpolicy.dotnet.metadata import named, parse
from apimpolicy.dotnet.registry import bound, implements, interface_members

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from apimpolicy.dotnet.types import Type


J_ENUMERABLE: Final = "Newtonsoft.Json.Linq.JEnumerable<Newtonsoft.Json.Linq.JToken>"


class JEnumerable:
    """`JEnumerable<T>`, and whatever else JSON returns as `IEnumerable<T>`; `start` gives a fresh iterator.

    `type_` is the run-time type or its name; .NET's own for an iterator is a hidden class, for which we give the
    interface that it implements.
    """

    __slots__ = ("_start", "_type")

    dotnet_type_name = "Newtonsoft.Json.Linq.JEnumerable<T>"

    def __init__(self, start: Callable[[], Iterator[Any]], type_: Type | str = J_ENUMERABLE) -> None:
        self._start = start
        self._type = type_

    @property
    def dotnet_type(self) -> Type:
        return parse(self._type) if isinstance(self._type, str) else self._type

    def __iter__(self) -> Iterator[Any]:
        return self._start()

    def get_item(self, key: Any) -> JEnumerable:
        """`this[key]`: the values under a key in every token of the sequence."""
        return item_of_each(self, key)


_VALUES = (
    "static Newtonsoft.Json.Linq.IJEnumerable<Newtonsoft.Json.Linq.JToken> "
    "Values(this System.Collections.Generic.IEnumerable<Newtonsoft.Json.Linq.JToken> source, object key)"
)

interface_members("Newtonsoft.Json.Linq.JEnumerable<T>", "Item=get_item")


@implements("Newtonsoft.Json.Linq.IJEnumerable<T>", "Item")
def item_of_each(source: Any, key: Any) -> JEnumerable:
    under: JEnumerable = bound("Newtonsoft.Json.Linq.Extensions", _VALUES)(source, key)
    return under


def of_type(element: Type) -> Type:
    """`IEnumerable<element>`."""
    return named("System.Collections.Generic.IEnumerable", element)


def j_enumerable_of(element: Type) -> Type:
    """`JEnumerable<element>`."""
    return named("Newtonsoft.Json.Linq.JEnumerable", element)
