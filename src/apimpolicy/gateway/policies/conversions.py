"""Convert values of attributes to the types that policies use, and bounds of numbers.

An expression's value arrives boxed, a literal as a .NET string. Texts stay .NET strings (UTF-16). Documented is only
that a value is converted to a string and null to the empty string; the rest is our choice: .NET's own `ToString()`
(`True`, not `true`), `Boolean.Parse` and `Int32.Parse`, whose exceptions count as failures of the expression. `byte[]`
as a body is taken as its bytes. A value that converts, but that the gateway refuses, is an InvalidValueError.

Policies state documented bounds beside their attributes:

renewal_period: float = literal_attribute(number, within=Range(300, besides=(0,), advice="Use rate-limit-by-key …"))
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from apimpolicy.csharp.dotnet.environment import assume
from apimpolicy.csharp.dotnet.exceptions import FormatException, OverflowException
from apimpolicy.csharp.dotnet.values import BYTE, Array, from_utf16
from apimpolicy.gateway.policies.surroundings import azure_text

BLANKS = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
"""The characters that `String.Trim()` removes."""
_INTEGER = re.compile(r"[\t-\r ]*([+-]?[0-9]+)[\t-\r ]*\0*")


class InvalidValueError(Exception):
    """A value that the gateway refuses after the evaluation of the expression, with a text of `azure_texts`."""

    @property
    def message(self) -> str:
        """Return the text, a .NET string."""
        return azure_text(*self.args[:1], **self.args[1])

    def __init__(self, text: str, **values: str) -> None:
        super().__init__(text, values)


def text(value: object) -> str:
    """Convert to text; null is empty."""
    if type(value) is str:
        return value
    from apimpolicy.csharp.dotnet.system import objects

    return objects.text(value)


def trimmed(value: object) -> str:
    return text(value).strip()


_BREAKS = re.compile(r"[\r\n\0]")
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"


def header_name(value: object) -> str:
    """Convert to the name of a header. Raises InvalidValueError for an empty one, line breaks and U+0000."""
    name = trimmed(value)
    if not name or _BREAKS.search(name):
        raise InvalidValueError("header-restricted")
    return name


def header_value(value: object) -> str:
    """Convert to the value of a header, without white space around it. Raises InvalidValueError.

    The sentences are those of System.Net.WebHeaderCollection; the one about line breaks was seen on a real gateway.
    """
    found = trimmed(value)
    if broken := _BREAKS.search(found):
        raise InvalidValueError("header-characters", kind="Control" if broken[0] == "\0" else "CRLF")
    return found


def http_method(value: object) -> str:
    """Convert to a method. Raises InvalidValueError with the sentence of System.Net.Http.HttpMethod."""
    method = trimmed(value)
    if method and re.compile(_TOKEN).fullmatch(method) is None:
        assume("A malformed method is refused as line breaks in headers are, which was seen")
        raise InvalidValueError("method-invalid")
    return method


def reason_phrase(value: object) -> str:
    """Convert to a reason phrase. Raises InvalidValueError with the sentence of HttpResponseMessage.ReasonPhrase."""
    reason = text(value)
    if _BREAKS.search(reason):
        assume("Line breaks in a reason phrase are refused as those in headers are, which was seen")
        raise InvalidValueError("reason-phrase-invalid")
    return reason


def status_code(value: object) -> int:
    """Convert to a status code. Raises what `integer` does, and InvalidValueError where HttpResponseMessage throws."""
    status = integer(value)
    if not 0 <= status <= 999:
        raise InvalidValueError("status-out-of-range")
    return status


def boolean(value: object) -> bool:
    """Convert to a truth value; `True`, `true`, ` TRUE ` are the same. Raises FormatException."""
    if isinstance(value, bool):
        return value
    written = text(value)
    known = {"true": True, "false": False}.get(written.strip(" \t\r\n\0").lower())
    if known is None:
        raise FormatException(f"String '{written}' was not recognized as a valid Boolean.")
    return known


def integer(value: object) -> int:
    """Convert to a whole number of 32 bits. Raises FormatException, OverflowException."""
    return _whole_number(value, 32)


def long_integer(value: object) -> int:
    """Convert to a whole number of 64 bits. Raises FormatException, OverflowException."""
    return _whole_number(value, 64)


def _whole_number(value: object, bits: int) -> int:
    written = text(value)
    found = _INTEGER.fullmatch(written)
    if found is None:
        raise FormatException("Input string was not in a correct format.")
    number = int(found[1]) if len(found[1]) < 21 else 1 << 63
    if not -(1 << bits - 1) <= number < 1 << bits - 1:
        raise OverflowException(f"Value was either too large or too small for an Int{bits}.")
    return number


def number(value: object) -> float:
    """Convert to a number of seconds or milliseconds. Raises FormatException."""
    try:
        found = float(text(value))
    except ValueError:
        raise FormatException("Input string was not in a correct format.") from None
    if not 0 <= found < float("inf"):
        raise FormatException("Input string was not in a correct format.")
    return found


def body(value: object) -> bytes:
    """Convert to a message body: `byte[]` as it is, anything else as text in UTF-8."""
    if isinstance(value, Array) and value.element is BYTE:
        return bytes(value)
    return from_utf16(text(value)).encode("utf-8", "replace")


def typed(value: object) -> object:
    """Return the value as it is, boxed: for variables."""
    return value


class Range(NamedTuple):
    """Documented bounds of a number: `least` and `greatest`, what else is allowed, and what to do beyond them."""

    least: float
    greatest: float = math.inf
    besides: tuple[float, ...] = ()
    advice: str = ""

    def has(self, number: float) -> bool:
        return self.least <= number <= self.greatest or number in self.besides

    def __str__(self) -> str:
        least, greatest = f"{self.least:,.10g}", f"{self.greatest:,.10g}"
        text = f"at least {least}" if self.greatest == math.inf else f"between {least} and {greatest}"
        return text + "".join(f", or {number:g}" for number in self.besides)


STATUS_CODES = Range(100, 999)
