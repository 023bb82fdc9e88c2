"""`context.Variables` as Python sees it: names are Python texts, values are boxed .NET values.

`Result.variables` has them as plain Python values:

| .NET | Python |
| --- | --- |
| string, char | str, characters beyond U+FFFF included |
| int, long and the other whole numbers, an enum's member | int |
| double, float | float |
| decimal | decimal.Decimal |
| JObject, JArray, JValue | what `json.loads` makes of their text |
| DateTime, DateTimeOffset | datetime.datetime, to the microsecond; aware unless the DateTime has no kind |
| TimeSpan | datetime.timedelta, to the microsecond |
| Guid | uuid.UUID |
| byte[] | bytes |
| arrays, List, HashSet and the like | list |
| Dictionary | dict |

Everything else stays what it is: a certificate, a response, an XElement.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.values import BYTE, LONG, Array, Boxed, box
from apimpolicy.errors import ConfigurationError
from apimpolicy.text.source import from_utf16, to_utf16

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.collections.dictionary import Dictionary
    from apimpolicy.gateway.engine.exchange import Exchange


class Variables(MutableMapping[str, object]):
    """A view of the dictionary that expressions see."""

    __slots__ = ("_dictionary",)

    def __init__(self, dictionary: Dictionary) -> None:
        self._dictionary = dictionary

    def __getitem__(self, name: str) -> object:
        found, value = self._dictionary.try_get_value(to_utf16(name))
        if not found:
            raise KeyError(name)
        return value

    def __setitem__(self, name: str, value: object) -> None:
        self._dictionary.set_item(to_utf16(name), value)

    def __delitem__(self, name: str) -> None:
        if not self._dictionary.remove(to_utf16(name)):
            raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter([from_utf16(pair.key) for pair in self._dictionary])

    def __len__(self) -> int:
        return len(self._dictionary)

    def to_dict(self) -> dict[str, object]:
        """Return names and values as they are now."""
        return {from_utf16(name): value for name, value in self._dictionary.entries()}


def variable_value(value: object) -> object:
    """Return a Python value as a variable: text, bool, int (a long when it is large), double; JSON becomes a JToken.

    Values that are .NET values already stay what they are. Raises ConfigurationError.
    """
    if value is None or isinstance(value, (bool, float)):
        return value
    if isinstance(value, str):
        return to_utf16(value)
    if isinstance(value, int):
        return value if -(2**31) <= value < 2**31 or type(value) is not int else box(LONG, value)
    if isinstance(value, (dict, list)):
        from json import dumps

        from apimpolicy.gateway.context.bodies import parse_json

        return parse_json("JToken", to_utf16(dumps(value, ensure_ascii=False)))
    if type(value).__module__.startswith("apimpolicy."):
        return value
    raise ConfigurationError(f"a variable is a text, a number, true, false or JSON, not {type(value).__name__}")


def set_variables(exchange: Exchange, given: Mapping[str, object]) -> None:
    """Set variables of a request to what was given from outside. Raises as `value_of` does."""
    for name, value in given.items():
        exchange.variables[name] = value_of(exchange, name, value)


def value_of(exchange: Exchange, name: str, given: object) -> object:
    """Return the .NET value of an external value: see `variable_value`; a text that is an expression is evaluated.

    Raises ConfigurationError when it throws, PolicySyntaxError and PolicyTypeError when it does not compile.
    """
    if not (isinstance(given, str) and given.startswith(("@(", "@{"))):
        return variable_value(given)
    from apimpolicy.csharp.dotnet.exceptions import DotnetException
    from apimpolicy.csharp.emit.expression import compile_expression

    expression = compile_expression(given)
    try:
        return box(expression.type, expression.evaluate(exchange.context))
    except DotnetException as error:
        raise ConfigurationError(f"the expression given for '{name}' throws: {from_utf16(error.message)}") from None


MOST_DEPTH = 64
_TICKS_PER_MICROSECOND = 10


def python_value(value: Any, depth: int = 0, made: dict[int, Any] | None = None) -> Any:
    """Convert a .NET value to Python's; return it unchanged without a counterpart, or when nested too deeply.

    `made` has the collections that were converted so far: one that occurs in several places is converted once, and one
    that contains itself stays unconverted inside.
    """
    if value is None or isinstance(value, bool) or depth > MOST_DEPTH:
        return value
    if isinstance(value, str):
        return from_utf16(str(value))
    if isinstance(value, Boxed):
        return _number(value)
    name = getattr(value, "dotnet_type_name", "")
    if name.startswith("Newtonsoft.Json.Linq.J"):
        return _json(value)
    if isinstance(value, Array) and value.element is BYTE:
        return bytes(value)
    if hasattr(value, "__slots__") and type(value).__name__ in ("DateTime", "DateTimeOffset", "TimeSpan", "Guid"):
        return _moment(value)
    return _collection(value, depth, {} if made is None else made)


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, float) else int(value) if isinstance(value, int) else value


def _json(token: Any) -> Any:
    import json

    try:
        return json.loads(from_utf16(str(token.format(0))))
    except (ValueError, RecursionError):
        return token  # a JProperty or a comment alone is not JSON


def _moment(value: Any) -> Any:
    from apimpolicy.csharp.dotnet.system.datetimes import UNSPECIFIED, DateTime
    from apimpolicy.csharp.dotnet.system.offsets import DateTimeOffset
    from apimpolicy.csharp.dotnet.system.randoms import Guid
    from apimpolicy.csharp.dotnet.system.timespans import TimeSpan

    if isinstance(value, DateTime):
        found = datetime.datetime.min + _span(value.ticks)
        return found if value.kind == UNSPECIFIED else found.replace(tzinfo=datetime.UTC)
    if isinstance(value, DateTimeOffset):
        zone = datetime.timezone(_span(value.offset_ticks))
        return (datetime.datetime.min + _span(value.clock.ticks)).replace(tzinfo=zone)
    if isinstance(value, TimeSpan):
        return _span(value.ticks)
    if isinstance(value, Guid):
        import uuid

        return uuid.UUID(value.hex)
    return value


def _span(ticks: int) -> datetime.timedelta:
    return datetime.timedelta(microseconds=ticks // _TICKS_PER_MICROSECOND)


def _collection(value: Any, depth: int, made: dict[int, Any]) -> Any:
    from apimpolicy.csharp.dotnet.collections.dictionary import Dictionary
    from apimpolicy.csharp.dotnet.collections.generic import GenericCollection

    if id(value) in made:
        return made[id(value)]
    made[id(value)] = value
    if isinstance(value, Dictionary):
        found: Any = {
            python_value(key, depth + 1, made): python_value(held, depth + 1, made) for key, held in value.entries()
        }
    elif isinstance(value, (Array, GenericCollection)):
        items: Iterable[Any] = value  # type: ignore[assignment]
        found = [python_value(item, depth + 1, made) for item in items]
    else:
        return value
    made[id(value)] = found
    return found
