"""The kinds of tokens (`JTokenType`) and the names of their types, for modules below the classes of tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard

if TYPE_CHECKING:
    from apimpolicy.dotnet.json.scalars import JValue
    from apimpolicy.dotnet.json.tokens import JToken

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
