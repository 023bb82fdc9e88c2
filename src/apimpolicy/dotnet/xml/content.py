"""Content to add to a container, and the XML form of .NET values (`XmlConvert.ToString`)."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.environment import environment
from apimpolicy.dotnet.exceptions import ArgumentException
from apimpolicy.dotnet.metadata import named
from apimpolicy.dotnet.registry import bound
from apimpolicy.dotnet.system.objects import to_string
from apimpolicy.dotnet.values import Array, Single, box, type_of
from apimpolicy.dotnet.xml.nodes import XObject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.dotnet.types import Type

_NO_TYPES: tuple[Type, ...] = ()
DATE_TIME = named("System.DateTime")
DATE_TIME_OFFSET = named("System.DateTimeOffset")
TIME_SPAN = named("System.TimeSpan")
_TICKS = 10_000_000
MAXIMUM_NESTING = 200
_STEPS_PER_NODE = 32


def flattened(content: Any) -> Iterator[Any]:
    """Content to add, sequences taken apart, nulls left out; elements of typed arrays are boxed."""
    stack: list[Iterator[Any]] = [iter((content,))]
    burn = environment().step
    while stack:
        for item in stack[-1]:
            burn(_STEPS_PER_NODE)
            if item is None:
                continue
            if isinstance(item, str) or not hasattr(item, "__iter__"):
                yield item
                continue
            if len(stack) > MAXIMUM_NESTING:
                raise ArgumentException("Content is nested too deeply.")
            stack.append(_boxed_items(item))
            break
        else:
            stack.pop()


def _boxed_items(items: Any) -> Iterator[Any]:
    element = items.element if isinstance(items, Array) else None
    if element is None:
        arguments = getattr(getattr(items, "dotnet_type", None), "arguments", _NO_TYPES)
        element = arguments[0] if len(arguments) == 1 else None
    return iter(items) if element is None else (box(element, item) for item in items)


def text_of(value: Any) -> str:
    """Return the text that a value gets in XML. Raises ArgumentException for nodes."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(value)
    if isinstance(value, XObject):
        raise ArgumentException("An XObject cannot be used as a value.")
    if isinstance(value, float):
        return format_double(value)
    type_ = type_of(value)
    if type_ is DATE_TIME or type_ is DATE_TIME_OFFSET:
        return format_date(value)
    if type_ is TIME_SPAN:
        return format_duration(_ticks(value))
    return to_string(value)


def format_double(value: float) -> str:
    """`INF`, `-INF`, `NaN`, `-0`, or the shortest text that reads back."""
    if value in (float("inf"), float("-inf")):
        return "INF" if value > 0 else "-INF"
    return "NaN" if value != value else to_string(value if isinstance(value, Single) else float(value))


def _ticks(value: Any) -> int:
    return int(bound(str(type_of(value)), "long Ticks { get; }")(value))


def format_date(value: Any) -> str:
    """ISO 8601 with the time zone the value has: `2024-02-29T01:02:03Z`."""
    seconds, fraction = divmod(_ticks(value), _TICKS)
    text = (datetime.datetime(1, 1, 1) + datetime.timedelta(seconds=seconds)).isoformat()
    if fraction:
        text += f".{fraction:07d}".rstrip("0")
    if type_of(value) is DATE_TIME_OFFSET:
        minutes = _ticks(bound("System.DateTimeOffset", "System.TimeSpan Offset { get; }")(value)) // (60 * _TICKS)
        hours, rest = divmod(abs(minutes), 60)
        return text + ("Z" if not minutes else f"{'-' if minutes < 0 else '+'}{hours:02d}:{rest:02d}")
    kind = bound("System.DateTime", "System.DateTimeKind Kind { get; }")(value)
    # The simulated gateway's local time is UTC.
    return text + {1: "Z", 2: "+00:00"}.get(int(kind), "")


def format_duration(ticks: int) -> str:
    """Return an XML Schema duration: `P1DT2H3M4.5S`."""
    sign, ticks = ("-", -ticks) if ticks < 0 else ("", ticks)
    seconds, fraction = divmod(ticks, _TICKS)
    days, seconds = divmod(seconds, 86400)
    hours, seconds = divmod(seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    text = f"{days}D" if days else ""
    clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    if seconds or fraction:
        clock += str(seconds) + (f".{fraction:07d}".rstrip("0") if fraction else "") + "S"
    if clock:
        text += "T" + clock
    return f"{sign}P{text or 'T0S'}"
