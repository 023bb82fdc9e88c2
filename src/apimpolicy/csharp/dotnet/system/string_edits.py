"""Strings from strings: constructors, Substring, Replace, Trim, padding, case, normal forms; and small questions."""

from __future__ import annotations

import re
from typing import Any

from apimpolicy.csharp.dotnet.collections.arrays import INDEX
from apimpolicy.csharp.dotnet.environment import FREE_UNITS, environment, work_through
from apimpolicy.csharp.dotnet.exceptions import (
    ArgumentException,
    ArgumentOutOfRangeException,
    IndexOutOfRangeException,
    check_range,
    require,
)
from apimpolicy.csharp.dotnet.registry import counts_itself, declines, implements, implements_all
from apimpolicy.csharp.dotnet.system import collation
from apimpolicy.csharp.dotnet.system.characters import WHITE_SPACE, is_normalized, normalize, to_lower, to_upper
from apimpolicy.csharp.dotnet.system.string_search import ORDINAL, ORDINAL_IGNORE_CASE, check_comparison
from apimpolicy.csharp.dotnet.values import CHAR, Array, from_utf16, to_utf16


@implements("string", "new(char[], int, int)")
def _from_part(chars: Array | None, start: int, length: int) -> str:
    chars = require(chars, "value")
    check_range(start >= 0, "startIndex", "StartIndex cannot be less than zero.")
    check_range(length >= 0, "length", "Length cannot be less than zero.")
    check_range(start <= len(chars) - length, "startIndex", INDEX)
    return "".join(chars[start : start + length])


@implements("string", "new(char, int)")
@counts_itself
def _repeated(char: str, count: int) -> str:
    check_range(count >= 0, "count", "Count cannot be less than zero.")
    environment().new_string(count)
    return char * count


@implements("string", "Chars")
def char_at(text: str, index: int) -> str:
    if 0 <= index < len(text):
        return text[index]
    raise IndexOutOfRangeException


@implements("string", "Substring(int)")
@counts_itself
def _substring_from(text: str, start: int) -> str:
    if 0 <= start <= len(text):
        work_through(len(text) - start)
        return text[start:]
    raise ArgumentOutOfRangeException(
        "startIndex",
        "StartIndex cannot be less than zero." if start < 0 else "startIndex cannot be larger than length of string.",
    )


@implements("string", "Substring(int, int)")
@counts_itself
def _substring(text: str, start: int, length: int) -> str:
    if not 0 <= start <= len(text):
        return _substring_from(text, start)
    check_range(length >= 0, "length", "Length cannot be less than zero.")
    check_range(start <= len(text) - length, "length", "Index and length must refer to a location within the string.")
    work_through(length)
    return text[start : start + length]


def _check_old(old: str | None) -> str:
    old = require(old, "oldValue")
    if not old:
        raise ArgumentException("String cannot be of zero length.", "oldValue")
    return old


@implements("string", "Replace(char, char)")
@counts_itself
def _replace_char(text: str, old: str, new: str) -> str:
    work_through(len(text))
    return text.replace(old, new)


@implements("string", "Replace(string, string)")
@counts_itself
def replace(text: str, old: str | None, new: str | None) -> str:
    """By code units; a null `newValue` removes."""
    old, new = _check_old(old), new or ""
    if len(new) > len(old):
        environment().new_string(len(text) + text.count(old) * (len(new) - len(old)))
    if len(text) > FREE_UNITS:
        work_through(len(text))
    return text.replace(old, new)


@implements("string", "Replace(string, string, StringComparison)")
def _replace_by(text: str, old: str | None, new: str | None, comparison: int) -> str:
    old, new = _check_old(old), new or ""
    check_comparison(comparison)
    if comparison == ORDINAL:
        return replace(text, old, new)
    if comparison == ORDINAL_IGNORE_CASE:
        return _replace_upper(text, old, new)
    return _replace_culture(text, old, new, bool(comparison & 1))


def _replace_upper(text: str, old: str, new: str) -> str:
    upper, wanted = to_upper(text), to_upper(old)
    parts, position, length = [], 0, 0
    while (found := upper.find(wanted, position)) >= 0:
        parts.append(text[position:found])
        position = found + len(old)
        length += len(parts[-1]) + len(new)
        environment().new_string(length)
    parts.append(text[position:])
    return new.join(parts)


def _replace_culture(text: str, old: str, new: str, ignore_case: bool) -> str:
    parts, length = [], 0
    while text:
        environment().step(1 + len(text) // 2)
        start, end = collation.find(text, old, ignore_case)
        if start < 0 or end == start:
            break
        parts.append(text[:start])
        text = text[end:]
        length += start + len(new)
        environment().new_string(length)
    parts.append(text)
    return new.join(parts)


_FEW = 64
"""So many characters Python's own trimming compares with each of a text."""


def _trimmed(text: str, chars: Any, *, start: bool = True, end: bool = True) -> str:
    """Return the text without these characters, or without white space if there are none, at its start and its end."""
    trim = str.strip if start and end else str.lstrip if start else str.rstrip
    if len(chars or ()) <= _FEW:
        work_through(len(text))
        return trim(text, "".join(chars) if chars else WHITE_SPACE)
    environment().step(len(text) >> 2)
    wanted = frozenset(chars)
    first = next((at for at, char in enumerate(text) if char not in wanted), len(text)) if start else 0
    last = next((at for at in range(len(text), first, -1) if text[at - 1] not in wanted), first) if end else len(text)
    return text[first:last]


@implements("string", "Trim()")
@counts_itself
def trim(text: str) -> str:
    if len(text) > FREE_UNITS:
        work_through(len(text))
    return text.strip(WHITE_SPACE)


def _check_width(width: int) -> int:
    check_range(width >= 0, "totalWidth", "Non-negative number required.")
    environment().new_string(width)
    return width


@implements("string", "Insert")
@counts_itself
def _insert(text: str, start: int, value: str | None) -> str:
    value = require(value, "value")
    check_range(0 <= start <= len(text), "startIndex")
    environment().new_string(len(text) + len(value))
    return text[:start] + value + text[start:]


@implements("string", "Remove(int)")
def _remove_from(text: str, start: int) -> str:
    check_range(start >= 0, "startIndex", "StartIndex cannot be less than zero.")
    check_range(start < len(text), "startIndex", "startIndex must be less than length of string.")
    return text[:start]


@implements("string", "Remove(int, int)")
def _remove(text: str, start: int, count: int) -> str:
    check_range(start >= 0, "startIndex", "StartIndex cannot be less than zero.")
    check_range(count >= 0, "count", "Count cannot be less than zero.")
    check_range(count <= len(text) - start, "count", "Index and count must refer to a location within the string.")
    return text[:start] + text[start + count :]


@implements("string", "Copy", "Intern")
def _copy(text: str | None) -> str:
    return require(text, "str")


@implements("string", "ToCharArray()")
@counts_itself
def _to_char_array(text: str) -> Array:
    environment().new_elements(len(text))
    return Array(CHAR, text)


@implements("string", "ToCharArray(int, int)")
@counts_itself
def _to_char_array_part(text: str, start: int, length: int) -> Array:
    check_range(0 <= start <= len(text), "startIndex", INDEX)
    check_range(0 <= length <= len(text) - start, "startIndex" if length >= 0 else "length", INDEX)
    work_through(length)
    return Array(CHAR, text[start : start + length])


@implements("string", "CopyTo")
def _copy_to(text: str, source: int, destination: Array | None, target: int, count: int) -> None:
    destination = require(destination, "destination")
    check_range(count >= 0, "count", "Count cannot be less than zero.")
    if source < 0 or count > len(text) - source:
        raise ArgumentOutOfRangeException("sourceIndex", "Index and count must refer to a location within the string.")
    if target < 0 or target > len(destination) - count:
        raise ArgumentOutOfRangeException(
            "destinationIndex", "Index and count must refer to a location within the string."
        )
    destination[target : target + count] = text[source : source + count]


_FORMS = {1: "NFC", 2: "NFD", 5: "NFKC", 6: "NFKD"}


def _form(number: int) -> Any:
    name = _FORMS.get(number)
    if name is None:
        raise ArgumentException("Invalid normalization form.", "normalizationForm")
    return name


_NO_CHARACTER = re.compile("[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]|\ufffe")


def _valid(text: str) -> str:
    """Return the text by code points; raises ArgumentException for half of a surrogate pair and for U+FFFE."""
    if _NO_CHARACTER.search(text):
        raise ArgumentException("String contains invalid Unicode code points.", "strInput")
    return from_utf16(text)


@implements("string", "Normalize")
@counts_itself
def _normalize(text: str, form: int = 1) -> str:
    name = _form(form)
    if text.isascii():
        return text
    environment().new_string(len(text) * 18 if form > 2 else len(text) * 4)
    return to_utf16(normalize(name, _valid(text)))


declines("string", "IsInterned", reason="which strings are the same object is not simulated")
declines("string", "Create", reason="spans are not simulated")
declines("string", "EnumerateRunes", reason="System.Text.Rune is not simulated")

implements_all(
    "string",
    {
        "new(char[])": lambda chars: "".join(chars or ()),
        "Empty": lambda: "",
        "Length": len,
        "IsNullOrEmpty": lambda value: not value,
        "IsNullOrWhiteSpace": lambda value: not value or not value.strip(WHITE_SPACE),
        "ToUpper()": to_upper,
        "ToUpper(CultureInfo)": lambda text, _: to_upper(text),  # Azure refuses cultures: it is null
        "ToLower(CultureInfo)": lambda text, _: to_lower(text),
        "ToUpperInvariant": to_upper,
        "ToLower()": to_lower,
        "ToLowerInvariant": to_lower,
        "GetTypeCode": lambda _: 18,
        "GetPinnableReference": lambda text: text[:1] or "\0",
        "TrimStart()": lambda text: text.lstrip(WHITE_SPACE),
        "TrimEnd()": lambda text: text.rstrip(WHITE_SPACE),
        "Trim": _trimmed,
        "TrimStart": lambda text, chars: _trimmed(text, chars, end=False),
        "TrimEnd": lambda text, chars: _trimmed(text, chars, start=False),
        "PadLeft": lambda text, width, char=" ": text.rjust(_check_width(width), char),
        "PadRight": lambda text, width, char=" ": text.ljust(_check_width(width), char),
        "Clone": lambda text, _provider=None: text,
        "ToString": lambda text, _provider=None: text,
        "IsNormalized": lambda text, form=1: is_normalized(_form(form), _valid(text)),
    },
)
