"""Comparing strings by `System.Globalization.CompareOptions`."""

from __future__ import annotations

import unicodedata
from typing import Any

from apimpolicy.dotnet.exceptions import ArgumentException, require
from apimpolicy.dotnet.registry import implements
from apimpolicy.dotnet.system import collation
from apimpolicy.dotnet.system.linear_text import normalize
from apimpolicy.dotnet.system.string_comparison import StringComparer, compare, parts_in_culture
from apimpolicy.dotnet.system.string_search import ORDINAL, ORDINAL_IGNORE_CASE
from apimpolicy.dotnet.values import from_utf16
from apimpolicy.errors import NotSimulatedError

IGNORE_CASE, IGNORE_NON_SPACE, IGNORE_SYMBOLS, IGNORE_KANA, IGNORE_WIDTH = 1, 2, 4, 8, 16
_ORDINAL_IGNORE_CASE, _STRING_SORT, _ORDINAL = 1 << 28, 1 << 29, 1 << 30
_KANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}
_COMPARISONS = {0: 2, IGNORE_CASE: 3, _ORDINAL: ORDINAL, _ORDINAL_IGNORE_CASE: ORDINAL_IGNORE_CASE}
"""Options to the `StringComparison` that is the same, with the invariant culture."""


def check_options(options: int) -> None:
    """Raise ArgumentException for flags that are none or do not go together."""
    if options & _ORDINAL and options != _ORDINAL:
        raise ArgumentException("CompareOption.Ordinal cannot be used with other options.", "options")
    if options not in (_ORDINAL, _ORDINAL_IGNORE_CASE) and options & ~(31 | _STRING_SORT):
        raise ArgumentException("Value of flags is invalid.", "options")


def _seen(text: str, options: int) -> str:
    """Return the text without what the options leave out of account."""
    text = from_utf16(text)
    if options & IGNORE_WIDTH:
        text = normalize("NFKC", text)
    if options & IGNORE_KANA:
        text = text.translate(_KANA)
    if options & IGNORE_NON_SPACE:
        text = "".join(char for char in normalize("NFD", text) if unicodedata.category(char) != "Mn")
    if options & IGNORE_SYMBOLS:
        text = "".join(char for char in text if unicodedata.category(char)[0] not in "ZPS" and not char.isspace())
    return text


def compare_by_options(a: str | None, b: str | None, options: int) -> int:
    """-1, 0 or 1 (the difference of code units for the ordinal options); null comes first.

    >>> compare_by_options("é", "E", IGNORE_CASE | IGNORE_NON_SPACE), compare_by_options("a-b", "ab", IGNORE_SYMBOLS)
    (0, 0)
    """
    check_options(options)
    options &= ~_STRING_SORT
    if options in _COMPARISONS or a is None or b is None:
        return compare(a, b, _COMPARISONS.get(options, 2))
    return collation.compare(_seen(a, options), _seen(b, options), bool(options & IGNORE_CASE))


@implements("string", "Compare(string, string, CultureInfo, CompareOptions)")
def _compare(a: str | None, b: str | None, culture: Any, options: int) -> int:
    collation.check_culture(culture, a, b)
    return compare_by_options(a, b, options)


@implements("string", "Compare(string, int, string, int, int, CultureInfo, CompareOptions)")
def _compare_parts(
    a: str | None, index_a: int, b: str | None, index_b: int, length: int, culture: Any, options: int
) -> int:
    collation.check_culture(culture, a, b)
    return compare_by_options(*parts_in_culture(a, index_a, b, index_b, length), options)


_COMPARER = "System.StringComparer"


@implements(_COMPARER, "Create(CultureInfo, bool)")
def _create(culture: Any, ignore_case: bool) -> StringComparer:
    culture = require(culture, "culture")
    _check_comparer(culture)
    return StringComparer(2 + ignore_case)


def _check_comparer(culture: Any) -> None:
    if culture.has_own_order:
        raise NotSimulatedError(f"{_COMPARER}.Create for the culture {culture.name}", "it has an order of its own")


@implements(_COMPARER, "Create(CultureInfo, CompareOptions)")
def _create_by_options(culture: Any, options: int) -> StringComparer:
    """Raise NotSimulatedError for options that no `StringComparison` has."""
    culture = require(culture, "culture")
    check_options(options)
    if options not in (_ORDINAL, _ORDINAL_IGNORE_CASE):
        _check_comparer(culture)
    found = _COMPARISONS.get(options & ~_STRING_SORT)
    if found is None:
        raise NotSimulatedError(f"{_COMPARER}.Create", f"no comparer with CompareOptions {options}")
    return StringComparer(found)
