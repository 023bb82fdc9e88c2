"""JValue and JRaw: tokens that hold one .NET value, and how Newtonsoft compares them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from apimpolicy.csharp.dotnet.exceptions import ArgumentException, require
from apimpolicy.csharp.dotnet.json import platform, tokens
from apimpolicy.csharp.dotnet.json.tokens import JToken
from apimpolicy.csharp.dotnet.metadata import named, parse
from apimpolicy.csharp.dotnet.registry import bound, dotnet_class, implements, implements_all, member
from apimpolicy.csharp.dotnet.system.objects import get_hash_code
from apimpolicy.csharp.dotnet.types import Type
from apimpolicy.csharp.dotnet.values import Char, Int64, Single, UInt64, box, type_of

_BY_TYPE: dict[Type, int] = {
    platform.DATE_TIME: tokens.DATE,
    platform.DATE_TIME_OFFSET: tokens.DATE,
    platform.GUID: tokens.GUID_TYPE,
    platform.URI: tokens.URI_TYPE,
    platform.TIME_SPAN: tokens.TIME_SPAN_TYPE,
}
_TEXTS = (tokens.STRING_TYPE, tokens.COMMENT, tokens.RAW)
_SMALL = tuple(map(Int64, range(256)))
"""Boxes that most documents need; boxes have no identity (`reference_equals`)."""


PLAIN_TYPES: Final = {
    type(None): tokens.NULL,
    bool: tokens.BOOLEAN,
    str: tokens.STRING_TYPE,
    int: tokens.INTEGER,
    float: tokens.FLOAT,
    Decimal: tokens.FLOAT,
}
"""Python classes of boxed values to their `JTokenType`: of these nothing else has to be asked."""


def value_type(value: Any) -> int | None:
    """Return the `JTokenType` that a boxed value gets, or None when JSON has none for it."""
    plain = PLAIN_TYPES.get(type(value))
    if plain is not None:
        return plain
    if isinstance(value, bool):
        return tokens.BOOLEAN
    if isinstance(value, str):
        return None if isinstance(value, Char) else tokens.STRING_TYPE
    if isinstance(value, int):
        return tokens.INTEGER
    if isinstance(value, (float, Decimal)):
        return tokens.FLOAT
    if platform.is_byte_array(value):
        return tokens.BYTES
    return _BY_TYPE.get(type_of(value))


def _compare(first: Any, second: Any) -> int:
    return int(first > second) - int(first < second)


def _compare_floats(first: float, second: float) -> int:
    # Newtonsoft calls two doubles equal when they differ by a few units in the last place.
    tolerance = (abs(first) + abs(second) + 10.0) * 2.2204460492503131e-16
    difference = first - second
    if first == second or -tolerance < difference < tolerance:
        return 0
    if first != first or second != second:
        return (first == first) - (second == second)
    return _compare(first, second)


def _number(value: Any) -> Any:
    """Return a number as the other operand of a comparison sees it: `Convert.To…` of strings and Booleans."""
    if isinstance(value, (int, float, Decimal)):
        return value
    return float(platform.function("System.Convert", "static double ToDouble(object value)")(value))


def compare_values(kind: int, first: Any, second: Any) -> int:
    """Negative, 0 or positive, for two boxed values compared as this `JTokenType`.

    Raises what `System.Convert` raises when the second value cannot be converted.
    """
    if first is second:
        return 0
    if second is None:
        return 1
    if first is None:
        return -1
    if kind in _TEXTS:
        return _compare(platform.text_of(first), platform.text_of(second))
    if kind in (tokens.INTEGER, tokens.FLOAT):
        left, right = _number(first), _number(second)
        if isinstance(left, float) or isinstance(right, float) or kind == tokens.FLOAT:
            return _compare_floats(float(left), float(right))
        return _compare(left, right)
    if kind == tokens.BOOLEAN:
        to_boolean = platform.function("System.Convert", "static bool ToBoolean(object value)")
        return _compare(to_boolean(first), to_boolean(second))
    if kind == tokens.BYTES:
        if not platform.is_byte_array(second):
            raise ArgumentException("Object must be of type byte[].")
        return _compare(list(first), list(second))
    if kind == tokens.DATE:
        return _compare_dates(first, second)
    if kind in (tokens.GUID_TYPE, tokens.TIME_SPAN_TYPE) and type_of(first) is not type_of(second):
        raise ArgumentException(f"Object must be of type {'Guid' if kind == tokens.GUID_TYPE else 'TimeSpan'}.")
    if kind == tokens.URI_TYPE:
        return _compare(platform.text_of(first), platform.text_of(second))
    return int(first.compare_to(second))


def _compare_dates(first: Any, second: Any) -> int:
    if isinstance(second, str):
        second = platform.function("System.Convert", "static System.DateTime ToDateTime(object value)")(second)
    if type_of(first) is platform.DATE_TIME_OFFSET:
        if type_of(second) is not platform.DATE_TIME_OFFSET:
            return _compare(
                platform.ticks_of(first) - platform.offset_minutes(first) * 600_000_000, platform.ticks_of(second)
            )
        return int(first.compare_to(second))
    return _compare(platform.ticks_of(first), platform.ticks_of(second))


@dotnet_class(tokens.J + "JValue", members="Type=token_type")
class JValue(JToken):
    """One boxed value; a string token may hold null."""

    __slots__ = ("_value", "token_type")

    def __init__(self, value: Any, token_type: int) -> None:
        # What JToken's constructor does, without the call: most tokens are values.
        self.parent = None
        self.place = 0
        self._value = value
        self.token_type = token_type

    @staticmethod
    def of(value: Any) -> JValue:
        """Return the token of any boxed value. Raises ArgumentException when JSON has none for its type."""
        kind = value_type(value)
        if kind is None:
            raise ArgumentException(f"Could not determine JSON object type for type {platform.type_name(value)}.")
        return JValue(value, kind)

    @property
    def value(self) -> Any:
        return self._value

    @value.setter
    def value(self, new: Any) -> None:
        kind = value_type(new)
        if kind is None:
            raise ArgumentException(f"Could not determine JSON object type for type {platform.type_name(new)}.")
        if kind == tokens.STRING_TYPE and self.token_type in _TEXTS:
            kind = self.token_type
        self._value = new
        self.token_type = kind

    def equals(self, other: Any) -> bool:
        if self is other:
            return True
        if not isinstance(other, JValue) or other.token_type != self.token_type:
            return False
        return compare_values(self.token_type, self._value, other._value) == 0

    def __eq__(self, other: object) -> bool:
        return self.equals(other)

    def __hash__(self) -> int:
        return self.get_hash_code()

    def get_hash_code(self) -> int:
        if self._value is None:
            return 0
        value = self._value
        if isinstance(value, platform.BigInteger):
            return hash(int(value)) & 0x7FFFFFFF
        return self.token_type ^ get_hash_code(value)

    def compare_to(self, other: Any) -> int:
        if other is None:
            return 1
        value, kind = (other._value, other.token_type) if isinstance(other, JValue) else (other, self.token_type)
        if self.token_type != tokens.STRING_TYPE or kind == self.token_type:
            kind = self.token_type
        return compare_values(kind, self._value, value)

    # IConvertible: the explicit conversions of JToken

    def convert_to(self, target: str) -> Any:
        """Convert to a built-in type, given by its C# name, as a cast does; raises ArgumentException as a cast does."""
        return bound(tokens.JTOKEN, f"static {target} op_Explicit({tokens.JTOKEN} value)")(self)

    def convert_to_type(self, type_: Type) -> Any:
        """Convert to any other type as `ToObject` does; return the boxed value."""
        return box(type_, bound(tokens.JTOKEN, "T ToObject<T>()")((type_,), self))

    @member("ToString()")
    def to_string(self) -> str:
        return platform.text_of(self._value)

    @member("ToString(string)")
    def to_string_format(self, format_: str | None) -> str:
        return self.to_string_with(format_, None)

    @member("ToString(IFormatProvider)")
    def to_string_provider(self, provider: Any) -> str:
        return self.to_string_with(None, provider)

    @member("ToString(string, IFormatProvider)")
    def to_string_with(self, format_: str | None, provider: Any) -> str:
        value = self._value
        if value is None or isinstance(value, (str, bool, platform.BigInteger)) or not (format_ or provider):
            return platform.text_of(value)
        return str(
            platform.function(
                "System.IFormattable", "string ToString(string format, System.IFormatProvider formatProvider)"
            )(value, format_, provider)
        )

    formatted = to_string_with

    def bare_copy(self) -> JValue:
        return type(self)(self._value, self.token_type)

    # Constructors

    @staticmethod
    @member("new(JValue)")
    def copy(other: JValue | None) -> JToken:
        return require(other, "other").deep_clone()

    @staticmethod
    @member("new(long)")
    def of_long(value: int) -> JValue:
        return JValue(_SMALL[value] if 0 <= value < len(_SMALL) else Int64(value), tokens.INTEGER)

    @staticmethod
    @member("new(ulong)")
    def of_ulong(value: int) -> JValue:
        return JValue(UInt64(value), tokens.INTEGER)

    @staticmethod
    @member("new(float)")
    def of_float(value: float) -> JValue:
        return JValue(Single(value), tokens.FLOAT)

    @staticmethod
    @member("new(string)", "CreateString")
    def of_string(value: str | None) -> JValue:
        return JValue(value, tokens.STRING_TYPE)

    @staticmethod
    @member("CreateComment")
    def of_comment(value: str | None) -> JValue:
        return JValue(value, tokens.COMMENT)

    @staticmethod
    @member("CreateNull")
    def null() -> JValue:
        return JValue(None, tokens.NULL)

    @staticmethod
    @member("CreateUndefined")
    def undefined() -> JValue:
        return JValue(None, tokens.UNDEFINED)


@dotnet_class(tokens.J + "JRaw")
class JRaw(JValue):
    """Text that is written as it is."""

    __slots__ = ()

    @staticmethod
    @member("new(object)")
    def of_raw(raw: Any) -> JRaw:
        return JRaw(raw, tokens.RAW)

    @staticmethod
    @member("new(JRaw)")
    def copy_raw(other: JRaw | None) -> JToken:
        return require(other, "other").deep_clone()


_LONGS = ("sbyte", "short", "ushort", "int", "uint", "long", "byte")
_SAME = (
    "bool", "double", "decimal", "System.DateTime", "System.DateTimeOffset", "System.TimeSpan", "System.Guid",
    "System.Uri", "byte[]",
)  # fmt: skip


def _register_implicit() -> None:
    """C#'s conversions to JToken. A value becomes `long` where Newtonsoft has no constructor for it; a `T?` keeps T."""

    def register(source: str, function: Any) -> None:
        implements(tokens.J + "JToken", f"static {tokens.J}JToken op_Implicit({source} value)")(function)

    def nullable(source: str) -> Any:
        type_ = parse(source)
        if source == "long":
            return lambda value: JValue.null() if value is None else JValue.of_long(value)
        return lambda value: JValue.of(box(type_, value))

    for source in _LONGS:
        register(source, JValue.of_long)
        register(source + "?", nullable(source))
    for source in _SAME:
        register(source, JValue.of)
        if named(source).is_value_type and source != "byte[]":
            register(source + "?", JValue.of)
    register("string", JValue.of_string)
    register("ulong", JValue.of_ulong)
    register("ulong?", nullable("ulong"))
    register("float", JValue.of_float)
    register("float?", nullable("float"))


_register_implicit()

implements_all(
    tokens.J + "JValue", {"new": JValue.of, "new(char)": lambda value: JValue(Char(value), tokens.STRING_TYPE)}
)
