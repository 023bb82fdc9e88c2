"""The values of literals. A .NET string is a `str` with one character for each UTF-16 code unit.

The functions take the text of a token that `parser.parse` has accepted. They raise LiteralError for any other text,
which is how the parser finds the errors in literals.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING

from apimpolicy.diagnostics import DiagnosticInfo
from apimpolicy.text.source import to_utf16

if TYPE_CHECKING:
    from decimal import Decimal

    from apimpolicy.csharp.syntax.lexer import Tokens


class LiteralError(ValueError):
    """A literal without a value: the C# compiler's code, a message, and the offsets in the literal."""

    def __init__(self, code: str, message: str, start: int, end: int, help: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.start = start
        self.end = end
        self.help = help


_ESCAPE = r"\\(?:x([0-9a-fA-F]{1,4})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(['\"\\0abfnrtv]))"
_NAME_ESCAPE = r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))"
_SIMPLE = dict(zip("'\"\\0abfnrtv", "'\"\\\0\a\b\f\n\r\t\v", strict=True))

_INTEGER_TYPES = {
    "": ("int", "uint", "long", "ulong"),
    "u": ("uint", "ulong"),
    "l": ("long", "ulong"),
    "ul": ("ulong",),
}
_LARGEST = {"int": 2**31 - 1, "uint": 2**32 - 1, "long": 2**63 - 1, "ulong": 2**64 - 1}
_LARGEST_DECIMAL = 2**96 - 1
_MOST_DIGITS = 64  # far above what any type holds, far below what Python refuses to convert


def identifier_name(text: str) -> str:
    r"""Return the name that an identifier means: without `@`, with `\u0041` decoded.

    >>> identifier_name("@class")
    'class'
    """
    name = text.removeprefix("@")
    if "\\" in name:
        name = re.compile(_NAME_ESCAPE).sub(lambda escape: chr(int(escape[1] or escape[2], 16)), name)
    return name


def string_value(text: str) -> str:
    r"""Return the value of a regular string literal, quotes included in `text`. Raises LiteralError (CS1009).

    >>> string_value(r'"a\tb\x41"')
    'a\tbA'
    """
    return _unescape(text[1:-1], 1)


def verbatim_string_value(text: str) -> str:
    """Return the value of a verbatim string literal.

    >>> verbatim_string_value('@"a""b"')
    'a"b'
    """
    return to_utf16(text[2:-1].replace('""', '"'))


def interpolated_text_value(text: str, *, verbatim: bool) -> str:
    """Return the value of the text between the holes of an interpolated string, or of a format after its colon."""
    value = to_utf16(text.replace('""', '"')) if verbatim else _unescape(text, 0)
    return value.replace("{{", "{").replace("}}", "}")


def character_value(text: str) -> str:
    """Return the one UTF-16 code unit of a character literal. Raises LiteralError (CS1009, CS1011, CS1012)."""
    value = _unescape(text[1:-1], 1)
    if not value:
        raise LiteralError("CS1011", "a character literal cannot be empty", 0, len(text))
    if len(value) > 1:
        advice = f"A string is written with double quotes: {_quoted(text)}"
        raise LiteralError("CS1012", "a character literal holds one character", 0, len(text), advice)
    return value


def integer_value(text: str) -> tuple[int, str]:
    """Return the value of an integer literal and the name of its type. Raises LiteralError (CS1021).

    >>> integer_value("0xFFFF_FFFF")
    (4294967295, 'uint')
    """
    digits = text.replace("_", "").lower()
    base = {"0x": 16, "0b": 2}.get(digits[:2], 10)
    number = digits.rstrip("ul")
    suffix = "".join(sorted(digits[len(number) :], reverse=True))
    value = int(number, base) if base != 10 or len(number) <= _MOST_DIGITS else 10**_MOST_DIGITS
    for name in _INTEGER_TYPES[suffix]:
        if value <= _LARGEST[name]:
            return value, name
    raise LiteralError("CS1021", "the integer is too large for any type", 0, len(text))


def real_value(text: str) -> tuple[float | Decimal, str]:
    """The value of a real literal and the name of its type; a decimal is a Decimal. Raises LiteralError (CS0594).

    >>> real_value("1.5f")
    (1.5, 'float')
    """
    digits = text.replace("_", "").lower()
    number, suffix = (digits[:-1], digits[-1]) if digits[-1] in "fdm" else (digits, "d")
    if suffix == "m":
        return _decimal_value(number, len(text)), "decimal"
    value = float(number)
    name = "double"
    if suffix == "f":
        name = "float"
        try:
            value = struct.unpack("<f", struct.pack("<f", value))[0]
        except OverflowError:
            value = float("inf")
    if value == float("inf"):
        raise LiteralError("CS0594", f"the number is outside the range of '{name}'", 0, len(text))
    return value, name


def _decimal_value(number: str, length: int) -> Decimal:
    """A decimal keeps the places it is written with, up to 28 and 96 bits; more is rounded half to even."""
    from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation

    too_large = LiteralError("CS0594", "the number is outside the range of 'decimal'", 0, length)
    try:
        value = Decimal(number)
    except InvalidOperation:  # an exponent beyond what Python's Decimal holds
        if "e-" in number:
            return Decimal("0E-28")
        raise too_large from None
    written_places = max(-int(value.as_tuple().exponent), 0)
    if not value or value.adjusted() < -30:
        return Decimal(0).scaleb(-min(written_places, 28))
    if value.adjusted() > 28:
        raise too_large
    context = Context(prec=40, rounding=ROUND_HALF_EVEN)
    # No more than 28 places and 29 digits, and one digit less where 96 bits do not hold them.
    places = min(written_places, 28, 28 - value.adjusted())
    for scale in (places, places - 1):
        if scale >= 0:
            rounded = value.quantize(Decimal(1).scaleb(-scale, context), context=context)
            if int(rounded.scaleb(scale, context)) <= _LARGEST_DECIMAL:
                return rounded
    raise too_large


def _quoted(text: str) -> str:
    content = text[1:-1].replace("\\'", "'")
    content = re.sub(r'(?<!\\)"', r'\\"', content if len(content) < 80 else f"{content[:60]}…")
    return f'"{content}"'


def _unescape(text: str, offset: int) -> str:
    if "\\" not in text:
        return to_utf16(text)
    pieces: list[str] = []
    position = 0
    while (backslash := text.find("\\", position)) >= 0:
        pieces.append(text[position:backslash])
        escape = re.compile(_ESCAPE).match(text, backslash)
        code = 0 if escape is None or escape[4] else int(escape[1] or escape[2] or escape[3], 16)
        if escape is None or code > 0x10FFFF:
            raise LiteralError(
                "CS1009",
                "unrecognized escape sequence",
                offset + backslash,
                offset + backslash + 2,
                r"Write \\ for a backslash, or use a verbatim string: " + '@"…".',
            )
        pieces.append(_SIMPLE[escape[4]] if escape[4] else chr(code))
        position = escape.end()
    pieces.append(text[position:])
    return to_utf16("".join(pieces))


def literal_errors(tokens: Tokens) -> list[DiagnosticInfo]:
    errors: list[DiagnosticInfo] = []
    verbatim: list[bool] = []
    for index, kind in enumerate(tokens.kinds):
        if kind not in _CHECKED:
            continue
        text = tokens.spelling(index)
        try:
            if kind == "INTERPOLATED_START":
                verbatim.append(len(text) == 3)
            elif kind == "_INTERPOLATED_END":
                verbatim.pop()
            elif kind == "INTERPOLATION_FORMAT" and not text.strip():
                raise LiteralError("CS8089", "a colon in an interpolated string is followed by a format", -1, len(text))
            elif kind == "INTERPOLATION_FORMAT" and text[-1].isspace():
                raise LiteralError("CS8088", "a format does not end with a space", -1, len(text))
            elif kind == "CHARACTER_LITERAL":
                character_value(text)
            elif kind == "INTEGER_LITERAL":
                if len(text) > 9:
                    integer_value(text)
            elif kind == "REAL_LITERAL":
                real_value(text)
            elif "\\" in text:
                if kind == "STRING_LITERAL":
                    string_value(text)
                else:
                    interpolated_text_value(text, verbatim=verbatim[-1])
        except LiteralError as error:
            start = tokens.starts[index]
            errors.append(
                DiagnosticInfo(error.code, str(error), start + error.start, start + error.end, help=error.help)
            )
    return errors


_CHECKED = frozenset(
    {
        *("INTERPOLATED_START", "_INTERPOLATED_END", "INTERPOLATED_TEXT", "INTERPOLATION_FORMAT"),
        *("CHARACTER_LITERAL", "INTEGER_LITERAL", "REAL_LITERAL", "STRING_LITERAL"),
    }
)
