"""Lazy sequences of tokens: enumerated afresh each time, as .NET's iterators are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.registry import implements, interface_members

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from apimpolicy.dotnet.json.tokens import JToken


class JEnumerable:
    """`JEnumerable<T>`, and whatever else JSON returns as `IEnumerable<T>`; `start` gives a fresh iterator."""

    __slots__ = ("_start",)

    dotnet_type_name = "Newtonsoft.Json.Linq.JEnumerable<T>"

    def __init__(self, start: Callable[[], Iterator[Any]]) -> None:
        self._start = start

    def __iter__(self) -> Iterator[Any]:
        return self._start()

    def get_item(self, key: Any) -> JEnumerable:
        """`this[key]`: the values under a key in every token of the sequence."""
        from apimpolicy.dotnet.json.retrieval import values_under

        return values_under(self, key)


_ITEM = "Newtonsoft.Json.Linq.IJEnumerable<Newtonsoft.Json.Linq.JToken> Item[object key] { get; }"

interface_members("Newtonsoft.Json.Linq.JEnumerable<T>", {_ITEM: "get_item"})


@implements("Newtonsoft.Json.Linq.IJEnumerable<T>", _ITEM)
def item_of_each(source: Any, key: Any) -> JEnumerable:
    from apimpolicy.dotnet.json.retrieval import values_under

    return values_under(source, key)


def flatten(start: Callable[[], Iterator[JToken]], inner: Callable[[Any], Any]) -> JEnumerable:
    """`SelectMany`: the elements of a sequence made from each token."""
    return JEnumerable(lambda: (found for token in start() for found in inner(token)))
