"""From the value of an attribute to what a policy wants.

An expression's value arrives boxed, a literal as a .NET string. Texts stay .NET strings (UTF-16). Documented is only
that a value is converted to a string and null to the empty string; the rest is our choice: .NET's own `ToString()`
(`True`, not `true`), `Boolean.Parse` and `Int32.Parse`, whose exceptions count as failures of the expression. `byte[]`
as a body is taken as its bytes.
"""

from __future__ import annotations

import re

from apimpolicy.dotnet.exceptions import ArgumentOutOfRangeException, FormatException, OverflowException
from apimpolicy.dotnet.values import BYTE, Array, from_utf16

_INTEGER = re.compile(r"[\t-\r ]*([+-]?[0-9]+)[\t-\r ]*\0*")


def text(value: object) -> str:
    """As text; null is empty."""
    if type(value) is str:
        return value
    from apimpolicy.dotnet.system import objects

    return objects.text(value)


def trimmed(value: object) -> str:
    """As text without white space around it."""
    return text(value).strip()


_BREAKS = re.compile(r"[\r\n\0]")
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"


def header_name(value: object) -> str:
    """As the name of a header, without white space around it. Raises FormatException for line breaks and U+0000."""
    name = trimmed(value)
    if _BREAKS.search(name):
        raise FormatException(f"The header name '{name}' has an invalid format.")
    return name


def header_value(value: object) -> str:
    """As the value of a header, without white space around it. Raises FormatException for line breaks and U+0000.

    Source: System.Net.Http.Headers.HttpHeaders.
    """
    found = trimmed(value)
    if _BREAKS.search(found):
        raise FormatException("New-line or NUL characters are not allowed in header values.")
    return found


def http_method(value: object) -> str:
    """As a method, without white space around it. Raises FormatException as System.Net.Http.HttpMethod does."""
    method = trimmed(value)
    if method and re.compile(_TOKEN).fullmatch(method) is None:
        raise FormatException("The format of the HTTP method is invalid.")
    return method


def reason_phrase(value: object) -> str:
    """As a reason phrase. Raises FormatException as System.Net.Http.HttpResponseMessage.ReasonPhrase does."""
    reason = text(value)
    if _BREAKS.search(reason):
        raise FormatException("The reason phrase must not contain new-line characters.")
    return reason


def status_code(value: object) -> int:
    """As a status code. Raises what `integer` does, and ArgumentOutOfRangeException where HttpResponseMessage does."""
    status = integer(value)
    if not 0 <= status <= 999:
        raise ArgumentOutOfRangeException("value")
    return status


def boolean(value: object) -> bool:
    """As a truth value; `True`, `true`, ` TRUE ` are the same. Raises FormatException."""
    if isinstance(value, bool):
        return value
    written = text(value)
    known = {"true": True, "false": False}.get(written.strip(" \t\r\n\0").lower())
    if known is None:
        raise FormatException(f"String '{written}' was not recognized as a valid Boolean.")
    return known


def integer(value: object) -> int:
    """As a whole number of 32 bits. Raises FormatException, OverflowException."""
    return _whole_number(value, 32)


def long_integer(value: object) -> int:
    """As a whole number of 64 bits. Raises FormatException, OverflowException."""
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
    """As a number of seconds or milliseconds. Raises FormatException."""
    try:
        found = float(text(value))
    except ValueError:
        raise FormatException("Input string was not in a correct format.") from None
    if not 0 <= found < float("inf"):
        raise FormatException("Input string was not in a correct format.")
    return found


def body(value: object) -> bytes:
    """As a message body: `byte[]` as it is, anything else as text in UTF-8."""
    if isinstance(value, Array) and value.element is BYTE:
        return bytes(value)
    return from_utf16(text(value)).encode("utf-8", "replace")


def typed(value: object) -> object:
    """As it is, boxed: for variables."""
    return value
