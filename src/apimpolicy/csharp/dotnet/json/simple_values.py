"""The values of JSON text and of trees as simple .NET types, for the deserializer.

A source knows how a value was written: over text `1.50` as a string is `1.50` and as a decimal has two decimals, over
a tree there is the value of the token alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from apimpolicy.csharp.dotnet.exceptions import (
    ArgumentException,
    DotnetException,
    InvalidCastException,
    JsonReaderException,
    JsonSerializationException,
)
from apimpolicy.csharp.dotnet.json import platform
from apimpolicy.csharp.dotnet.json.casts import CASTS, change_type
from apimpolicy.csharp.dotnet.json.containers import JArray
from apimpolicy.csharp.dotnet.json.objects import JObject
from apimpolicy.csharp.dotnet.json.platform import find_date
from apimpolicy.csharp.dotnet.json.scalars import JValue
from apimpolicy.csharp.dotnet.json.tokens import UNDEFINED, JToken
from apimpolicy.csharp.dotnet.metadata import named
from apimpolicy.csharp.dotnet.system.number_parsing import FLOAT, parse_decimal
from apimpolicy.csharp.dotnet.types import NamedType, Type
from apimpolicy.csharp.dotnet.values import DECIMAL, OBJECT, STRING, unbox

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.json.reader import TextReader

_INTEGERS = frozenset(("int", "short", "byte"))
"""Types that Newtonsoft's reader reads as an Int32."""
_DATES = frozenset(("System.DateTime", "System.DateTimeOffset"))
_DATE_STYLES = "System.Globalization.DateTimeStyles styles"
_PARSE_DATE = {
    "System.DateTime": f"static System.DateTime Parse(string s, System.IFormatProvider provider, {_DATE_STYLES})",
    "System.DateTimeOffset": "static System.DateTimeOffset Parse(string input, System.IFormatProvider formatProvider, "
    f"{_DATE_STYLES})",
}
_ROUNDTRIP_KIND: Final = 128
"""Of the enum `DateTimeStyles`."""
READ_BY_TYPE: Final[dict[str, str]] = {
    **dict.fromkeys(_INTEGERS, "integer"),
    **dict.fromkeys(("float", "double"), "double"),
    **dict.fromkeys(_DATES, "date"),
    "decimal": "decimal",
    "bool": "boolean",
    "string": "string",
}
"""Types that Newtonsoft's reader reads by name, and its words for them: anything else is an error there."""

_UNEXPECTED = "Unexpected character encountered while parsing value: "


class TreeSource:
    """Values from a tree: those that its tokens hold."""

    def put_repeated_names_last(self, token: JToken) -> None:
        """Order the names below a token as a JTokenWriter does, which removes a name that comes again."""

    def text(self, value: JValue) -> str | None:
        return None if value.value is None else platform.text_of(value.value)

    def located(self, token: JToken, message: str, path: str | None = None) -> str:
        return f"{message} Path '{token.path if path is None else path}'."


class TextSource(TreeSource):
    """Values from text: remembers (token, raw text, path, line, position) of each value.

    The position is after a scalar, and after the bracket that opens anything else. The places are in the order of the
    text, those of a repeated name by its last occurrence; `repeating` are the objects with such names.
    """

    def __init__(self, reader: TextReader) -> None:
        self.reader = reader
        self.places: dict[int, tuple[JToken, str, str, int, int]] = {}
        self.repeating: list[JToken] = []

    def note(self, token: JToken) -> None:
        reader = self.reader
        position = reader.at - reader.line_start
        if self.places.pop(id(token), None) is not None and token.parent is not None:
            self.repeating.append(token.parent)
        self.places[id(token)] = (token, reader.raw, reader.path, reader.line_number, position)

    def put_repeated_names_last(self, token: JToken) -> None:
        if not self.repeating:
            return
        order = {identity: number for number, identity in enumerate(self.places)}
        for made in self.repeating:
            around: JToken | None = made
            while around is not None and around is not token:
                around = around.parent
            if around is not None and isinstance(made, JObject):
                made.children.sort(key=lambda child: order[id(child)])

    def text(self, value: JValue) -> str | None:
        return None if value.value is None else self.places[id(value)][1]

    def located(self, token: JToken, message: str, path: str | None = None) -> str:
        place = self.places.get(id(token))
        if place is None:
            return super().located(token, message, path)
        return f"{message} Path '{place[2] if path is None else path}', line {place[3]}, position {place[4]}."

    def unexpected(self, token: JToken) -> JsonReaderException:
        """The first character of a token is refused: the position is after it, the path that of the token before."""
        parent, path = token.parent, token.path
        if isinstance(parent, JArray):
            place = parent.children.index(token)
            path = f"{parent.path}[{place - 1}]" if place else parent.path
        if not isinstance(token, JValue):
            bracket = "[" if isinstance(token, JArray) else "{"
            return JsonReaderException(self.located(token, _UNEXPECTED + f"{bracket}.", path))
        _, raw, _, line, position = self.places[id(token)]
        where = f"Path '{path}', line {line}, position {position - len(raw) + 1}."
        return JsonReaderException(f"{_UNEXPECTED}{raw[0]}. {where}")


def _shown(value: Any) -> str:
    if value is None:
        return "{null}"
    return f'"{value}"' if isinstance(value, str) else platform.text_of(value)


def to_enum(token: JToken, type_: NamedType, *, is_nullable: bool, source: TextSource | None = None) -> Any:
    """Return the number of an enum's name. `ToObject` and the deserializer complain in different words."""
    value = token.value if isinstance(token, JValue) else None
    if value is None and is_nullable:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, str):
        found = {name.lower(): number for name, number in type_.definition.enum_values.items()}.get(value.lower())
        if found is not None:
            return found
        if source is not None:
            message = f"Error converting value {_shown(value)} to type '{platform.reflection_name(type_)}'."
            raise JsonSerializationException(source.located(token, message))
        name = type_.name.rpartition(".")[2]
        raise ArgumentException(f"Could not convert '{value}' to {name}.")
    raise JsonSerializationException(f"Error converting value {_shown(value)} to type '{type_}'. Path '{token.path}'.")


def scalar(token: JValue, type_: Type, source: TreeSource) -> Any:
    value = token.value
    if value is None or token.token_type == UNDEFINED:
        if type_.is_value_type and type_.underlying is None:
            raise _not_converted(token, None, type_, source, _null_to_value_type())
        return None
    target = type_.underlying or type_
    if target is OBJECT:
        return value
    if target is STRING:
        return source.text(token)
    name = str(target)
    if name == "byte[]":
        return CASTS["byte[]"](token)
    if isinstance(target, NamedType) and target.kind == "enum":
        text_source = source if isinstance(source, TextSource) else None
        return to_enum(token, target, is_nullable=target is not type_, source=text_source)
    if name in CASTS:
        return _primitive(token, type_, source)
    raise _not_converted(token, value, type_, source)


def _primitive(token: JValue, type_: Type, source: TreeSource) -> Any:
    target = type_.underlying or type_
    value, name = token.value, str(target)
    if value == "" and isinstance(value, str) and target.is_value_type:
        if type_ is not target:
            return None
        if isinstance(source, TextSource) and name in READ_BY_TYPE:
            raise _not_converted(token, None, type_, source, _null_to_value_type())  # the reader makes it null
    if isinstance(source, TextSource) and name in READ_BY_TYPE:
        _check_text(token, name, source)
        if name in _DATES:
            return _date_of_text(token, name, source)
        if name == "decimal" and not isinstance(value, str):
            return _decimal_of_text(token, source)
    try:
        if name.startswith("System.") and name != "System.DateTime":
            return CASTS[name](token)
        return unbox(change_type(value, target))
    except DotnetException as cause:
        raise _not_converted(token, value, type_, source, cause) from cause


def _null_to_value_type() -> DotnetException:
    return InvalidCastException("Null object cannot be converted to a value type.")


def _not_converted(
    token: JToken, value: Any, type_: Type, source: TreeSource, cause: DotnetException | None = None
) -> JsonSerializationException:
    message = f"Error converting value {_shown(value)} to type '{platform.reflection_name(type_)}'."
    return JsonSerializationException(source.located(token, message), cause)


def _date_of_text(token: JValue, name: str, source: TextSource) -> Any:
    """A date as `ReadAsDateTime` and `ReadAsDateTimeOffset` read it: from the text, with the offset that is written."""
    text = source.text(token) or ""
    found = find_date(text, keeps_offset=name != "System.DateTime")
    if found is not None:
        return found
    try:
        return platform.function(name, _PARSE_DATE[name])(text, None, _ROUNDTRIP_KIND)
    except DotnetException:
        message = f"Could not convert string to {name.removeprefix('System.')}: {text}."
        raise JsonReaderException(source.located(token, message)) from None


def _decimal_of_text(token: JValue, source: TextSource) -> Any:
    """Return a number as `ReadAsDecimal` reads it: from its digits, so that `1.10` keeps both decimals."""
    raw = source.text(token) or ""
    if raw[:1] == "0" and raw[1:2] not in ("", ".", "e", "E"):  # octal or hexadecimal
        return change_type(token.value, DECIMAL)
    try:
        return parse_decimal(raw, FLOAT)
    except DotnetException:
        message = f"Input string '{raw}' is not a valid decimal."
        raise JsonReaderException(source.located(token, message)) from None


def _check_text(token: JValue, name: str, source: TextSource) -> None:
    """Raise the reader's own errors for a number or string where another type is expected."""
    raw, value = source.text(token) or "", token.value
    if isinstance(value, bool):
        if name != "bool":
            raise source.unexpected(token)
    elif isinstance(value, str):
        if name not in _DATES:
            _check_string(token, value, name, source)
    elif isinstance(value, (int, float)) and name in _DATES:
        raise source.unexpected(token)
    elif name in _INTEGERS and isinstance(value, float):
        raise JsonReaderException(source.located(token, f"Input string '{raw}' is not a valid integer."))
    elif name in _INTEGERS and isinstance(value, int) and not -(2**31) <= value < 2**31:
        raise JsonReaderException(source.located(token, f"JSON integer {raw} is too large or small for an Int32."))


def _check_string(token: JValue, value: str, name: str, source: TextSource) -> None:
    try:
        change_type(value, named("int" if name in _INTEGERS else name))
    except DotnetException:
        what = {"float": "double", "bool": "boolean"}.get(name, "integer" if name in _INTEGERS else name)
        raise JsonReaderException(source.located(token, f"Could not convert string to {what}: {value}.")) from None
