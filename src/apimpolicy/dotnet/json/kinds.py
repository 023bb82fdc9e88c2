"""The kinds of tokens (`JTokenType`), the names of their types, and lazy sequences of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from apimpolicy.dotnet.collections.trees import NodeSequence
from apimpolicy.dotnet.metadata import named
from apimpolicy.dotnet.registry import bound, implements, interface_members

if TYPE_CHECKING:
    from apimpolicy.dotnet.json.scalars import JValue
    from apimpolicy.dotnet.json.tokens import JToken
    from apimpolicy.dotnet.types import Type


# The kinds of tokens (`JTokenType`) and the names of their types, for modules below the classes of tokens.

J = "Newtonsoft.Json.Linq."
JTOKEN = J + "JToken"
TOKENS = f"System.Collections.Generic.IEnumerable<{JTOKEN}>"

(NONE, OBJECT, ARRAY, CONSTRUCTOR, PROPERTY, COMMENT, INTEGER, FLOAT, STRING_TYPE, BOOLEAN, NULL, UNDEFINED, DATE, RAW,
 BYTES, GUID_TYPE, URI_TYPE, TIME_SPAN_TYPE) = range(18)  # fmt: skip
"""`JTokenType`."""

TYPE_NAMES = (
    "None", "Object", "Array", "Constructor", "Property", "Comment", "Integer", "Float", "String", "Boolean", "Null",
    "Undefined", "Date", "Raw", "Bytes", "Guid", "Uri", "TimeSpan",
)  # fmt: skip

CONTAINERS = frozenset((OBJECT, ARRAY, CONSTRUCTOR, PROPERTY))


def is_value(token: JToken) -> TypeGuard[JValue]:
    """Return whether a token is a JValue, which has no children."""
    return token.token_type not in CONTAINERS


# Lazy sequences of tokens: enumerated afresh each time, as .NET's iterators are.

J_ENUMERABLE: Final = "Newtonsoft.Json.Linq.JEnumerable<Newtonsoft.Json.Linq.JToken>"


class JEnumerable(NodeSequence):
    """`JEnumerable<T>`, and whatever else JSON returns as `IEnumerable<T>`."""

    __slots__ = ()

    dotnet_type_name = "Newtonsoft.Json.Linq.JEnumerable<T>"

    def __init__(self, start: Callable[[], Iterator[Any]], type_: Type | str = J_ENUMERABLE) -> None:
        super().__init__(start, type_)

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


def j_enumerable_of(element: Type) -> Type:
    """`JEnumerable<element>`."""
    return named("Newtonsoft.Json.Linq.JEnumerable", element)
