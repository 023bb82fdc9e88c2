"""Trees to text, as Newtonsoft's JsonTextWriter: two blanks, `: `, `\\n`."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.environment import environment
from apimpolicy.dotnet.json import platform
from apimpolicy.dotnet.json.escapes import escape
from apimpolicy.dotnet.json.kinds import (
    BYTES,
    COMMENT,
    CONSTRUCTOR,
    DATE,
    NULL,
    OBJECT,
    PROPERTY,
    RAW,
    UNDEFINED,
    is_value,
)
from apimpolicy.dotnet.values import type_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.dotnet.json.tokens import JToken

_LOOK_EVERY = 127
"""Pieces, less one: a piece costs a step, and is never longer than a string may be."""


def format_number(value: float | Decimal) -> str:
    """Return a number with a fraction: always with a point or an exponent; NaN and infinities in quotes."""
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
    if token_type == UNDEFINED:
        return "undefined"
    if token_type == RAW:
        return platform.text_of(value)
    if token_type == COMMENT:
        return f"/*{platform.text_of(value)}*/"
    if value is None or token_type == NULL:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{escape(str(value))}"'
    if isinstance(value, (float, Decimal)):
        return format_number(value)
    if isinstance(value, int):
        return str(int(value))
    if token_type == DATE:
        return f'"{format_date(value)}"'
    if token_type == BYTES:
        import base64

        return f'"{base64.b64encode(bytes(value)).decode()}"'
    if type_of(value) is platform.URI:
        text = platform.function("System.Uri", "string OriginalString { get; }")(value)
        return f'"{escape(text)}"'
    return f'"{escape(platform.text_of(value))}"'


def write(token: JToken, *, indented: bool) -> str:
    """Return the text of a token and everything below it."""
    if is_value(token):
        return format_value(token.token_type, token.value)
    parts: list[str] = []
    length = 0
    here = environment()
    for piece in _pieces(token, indented):
        parts.append(piece)
        length += len(piece)
        if not len(parts) & _LOOK_EVERY:
            here.check_length(length)
            here.step(_LOOK_EVERY << 1)
    here.new_string(length)
    return "".join(parts)


def _pieces(root: JToken, indented: bool) -> Iterator[str]:
    """Yield the text of a token. Keeps a stack of (children, closing text); a property is a prefix of its value."""
    colon = ": " if indented else ":"
    stack: list[tuple[Iterator[JToken], str]] = []
    token: Any = root
    while True:
        while token.token_type == PROPERTY and token.value is not None:
            yield f'"{escape(token.name)}"{colon}'
            token = token.value
        opened = False
        if is_value(token):
            yield format_value(token.token_type, token.value)
        else:
            opening, closing = _brackets(token)
            yield opening
            stack.append((iter(token.children), closing))
            opened = True
        while stack:
            children, closing = stack[-1]
            following = next(children, None)
            if following is not None:
                yield ("" if opened else ",") + ("\n" + "  " * len(stack) if indented else "")
                token = following
                break
            stack.pop()
            yield closing if opened or not indented else "\n" + "  " * len(stack) + closing
            opened = False
        else:
            return


def _brackets(container: Any) -> tuple[str, str]:
    if container.token_type == OBJECT:
        return "{", "}"
    return (f"new {container.name}(", ")") if container.token_type == CONSTRUCTOR else ("[", "]")
