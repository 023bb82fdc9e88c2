"""Trees to text, as Newtonsoft's JsonTextWriter: two blanks, `: `, `\n`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.environment import FREE_UNITS, environment, work_through
from apimpolicy.dotnet.json import kinds, platform
from apimpolicy.dotnet.values import type_of

if TYPE_CHECKING:
    from apimpolicy.dotnet.json.tokens import JToken


# Escapes in JSON text and in paths

_SPECIAL = frozenset(". '/\"[]()\t\n\r\f\b\\\u0085\u2028\u2029")
_LINE_ENDS = {"\x85": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_NEVER_PLAIN = re.compile("[\x85\u2028\u2029]")


def quoted(text: str) -> str:
    """Return a JSON string.

    >>> quoted('a"b')
    '"a\\\\"b"'
    """
    if len(text) > FREE_UNITS:
        work_through(len(text) << 1)
    made = encode_basestring(text)  # it keeps these three, which Newtonsoft escapes
    return made if text.isascii() else _NEVER_PLAIN.sub(lambda match: _LINE_ENDS[match.group()], made)


def path_name(name: str, *, is_first: bool) -> str:
    """Return a step of a path: `.name`, or `['a name']`."""
    if _SPECIAL.isdisjoint(name):
        return name if is_first else "." + name
    inside = quoted(name)[1:-1].replace('\\"', '"').replace("'", "\\'")
    return f"['{inside}']"


# Trees to text, as Newtonsoft's JsonTextWriter: two blanks, `: `, `\n`

_LOOK_EVERY = 127
"""Pieces; none is longer than a string may be."""
_STEPS_PER_PIECE = 6
"""Steps for a value with its name, its indentation and what follows it."""
_SMALLEST_PLAIN, _LARGEST_PLAIN = 1e-3, 1e15
"""Positive numbers between these are written by Python as by .NET."""


def format_number(value: float | Decimal) -> str:
    """Return a number with a fraction: always with a point or an exponent; NaN and infinities in quotes."""
    if type(value) is float and _SMALLEST_PLAIN <= value < _LARGEST_PLAIN:
        return repr(value)
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return '"NaN"' if value != value else '"Infinity"' if value > 0 else '"-Infinity"'
    text = platform.round_trip(value)
    if "." in text or (isinstance(value, float) and "E" in text):
        return text
    return text + ".0"


def format_date(value: Any) -> str:
    """ISO 8601 with the fraction's trailing zeros cut: `2024-02-29T13:14:15.5Z`."""
    import datetime

    ticks = platform.ticks_of(value)
    seconds, fraction = divmod(ticks, 10_000_000)
    text = (datetime.datetime(1, 1, 1) + datetime.timedelta(seconds=seconds)).isoformat()
    if fraction:
        text += f".{fraction:07d}".rstrip("0")
    if type_of(value) is platform.DATE_TIME_OFFSET:
        return text + _format_offset(platform.offset_minutes(value))
    kind = platform.kind_of(value)
    # The simulated gateway's local time is UTC.
    return text + {platform.UTC: "Z", platform.LOCAL: "+00:00"}.get(kind, "")


def _format_offset(minutes: int) -> str:
    sign = "-" if minutes < 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    return f"{sign}{hours:02d}:{rest:02d}"


def format_value(token_type: int, value: Any) -> str:
    """Return a scalar as JSON text."""
    if token_type == kinds.STRING_TYPE and type(value) is str:
        return quoted(value)
    if token_type == kinds.UNDEFINED:
        return "undefined"
    if token_type == kinds.RAW:
        return platform.text_of(value)
    if token_type == kinds.COMMENT:
        return f"/*{platform.text_of(value)}*/"
    if value is None or token_type == kinds.NULL:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quoted(str(value))
    if isinstance(value, (float, Decimal)):
        return format_number(value)
    if isinstance(value, int):
        return str(int(value))
    if token_type == kinds.DATE:
        return f'"{format_date(value)}"'
    if token_type == kinds.BYTES:
        import base64

        return f'"{base64.b64encode(bytes(value)).decode()}"'
    if type_of(value) is platform.URI:
        text = platform.function("System.Uri", "string OriginalString { get; }")(value)
        return quoted(text)
    return quoted(platform.text_of(value))


def write(token: JToken, *, indented: bool) -> str:
    """Return the text of a token and everything below it."""
    here = environment()
    colon = ": " if indented else ":"
    parts: list[str] = []
    append = parts.append
    length, next_look = 0, _LOOK_EVERY
    between = ""
    children: Iterator[Any] = iter((token,))
    around: list[tuple[Iterator[Any], str]] = []  # the containers that are open, with the text that closes each
    while True:
        for child in children:
            piece, kind = between, child.token_type
            between = f",\n{'  ' * len(around)}" if indented else ","
            if kind == kinds.PROPERTY and child.children:
                piece += quoted(child.name) + colon
                child = child.children[0]
                kind = child.token_type
            if kind not in kinds.CONTAINERS:
                piece += format_value(kind, child.value)
            elif child.children:
                opening, closing = _brackets(child)
                around.append((children, f"\n{'  ' * len(around)}{closing}" if indented else closing))
                between = f"\n{'  ' * len(around)}" if indented else ""
                children = iter(child.children)
                append(piece + opening)
                break
            else:
                piece += "".join(_brackets(child))
            append(piece)
            length += len(piece)
            if len(parts) > next_look:
                next_look = len(parts) + _LOOK_EVERY
                here.check_length(length)
                here.step(_STEPS_PER_PIECE * _LOOK_EVERY)
        else:
            if not around:
                break
            children, closing = around.pop()
            append(closing)
            between = f",\n{'  ' * len(around)}" if indented else ","
    text = "".join(parts)
    here.new_string(len(text))
    return text


def _brackets(container: Any) -> tuple[str, str]:
    if container.token_type == kinds.OBJECT:
        return "{", "}"
    return (f"new {container.name}(", ")") if container.token_type == kinds.CONSTRUCTOR else ("[", "]")
