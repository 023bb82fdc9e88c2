"""Values of a policy as values of Python, for tests and programs: those of `Result.variables`.

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
from collections.abc import Iterable
from typing import Any

from apimpolicy.dotnet.values import BYTE, Array, Boxed, from_utf16

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
    from apimpolicy.dotnet.system.datetimes import UNSPECIFIED, DateTime
    from apimpolicy.dotnet.system.offsets import DateTimeOffset
    from apimpolicy.dotnet.system.randoms import Guid
    from apimpolicy.dotnet.system.timespans import TimeSpan

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
    from apimpolicy.dotnet.collections.dictionary import Dictionary
    from apimpolicy.dotnet.collections.generic import GenericCollection

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
