"""Characters: white space, letter case of single characters, and the members of `char`."""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import Any, Literal

from apimpolicy.csharp.dotnet.environment import FREE_UNITS, work_through
from apimpolicy.csharp.dotnet.exceptions import (
    ArgumentException,
    ArgumentOutOfRangeException,
    FormatException,
    check_range,
    require,
)
from apimpolicy.csharp.dotnet.registry import implements, implements_all
from apimpolicy.csharp.dotnet.values import Char, from_utf16, to_utf16

WHITE_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f"
    "\u205f\u3000"
)
"""The characters that `char.IsWhiteSpace` and `Trim` take for white space."""
_WHITE_SPACE = frozenset(WHITE_SPACE)


@functools.lru_cache(4096)
def _upper(char: str) -> str:
    changed = char.upper()
    return changed if len(changed) == 1 and char != "ı" else char


@functools.lru_cache(4096)
def _lower(char: str) -> str:
    changed = char.lower()
    return changed if len(changed) == 1 and char != "İ" else char


def _by_code_point(text: str) -> str:
    """Surrogate pairs as one character each, lone surrogates as they are."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _by_code_unit(text: str) -> str:
    return to_utf16(text)


def to_upper(text: str) -> str:
    """Upper case by simple case mapping: the length never changes, `ß` stays.

    >>> to_upper("straße")
    'STRAßE'
    """
    if len(text) > FREE_UNITS:
        work_through(len(text))
    if text.isascii():
        upper = text.upper()
        return text if upper == text else upper
    return _by_code_unit("".join(map(_upper, _by_code_point(text))))


def to_lower(text: str) -> str:
    """Lower case by simple case mapping: the length never changes."""
    if len(text) > FREE_UNITS:
        work_through(len(text))
    if text.isascii():
        lower = text.lower()
        return text if lower == text else lower
    return _by_code_unit("".join(map(_lower, _by_code_point(text))))


_LATIN_1 = {"§": "So", "ª": "Ll", "\xad": "Pd", "¶": "So", "º": "Ll"}
"""`char` has its own table for Latin-1 up to .NET Core 3.1, made before Unicode moved these five characters."""


def _category(char: str) -> str:
    return _LATIN_1.get(char) or unicodedata.category(char)


_NAMES = "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Zs Zl Zp Cc Cf Cs Co Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Cn"
_CATEGORIES = {name: number for number, name in enumerate(_NAMES.split())}
"""Unicode's general categories to the numbers of `System.Globalization.UnicodeCategory`."""


def _any_of(*categories: str) -> Any:
    return lambda char: _category(char).startswith(categories)


_TESTS: dict[str, Any] = {
    "IsDigit": _any_of("Nd"),
    "IsNumber": _any_of("N"),
    "IsLetter": _any_of("L"),
    "IsLetterOrDigit": _any_of("L", "Nd"),
    "IsUpper": _any_of("Lu"),
    "IsLower": _any_of("Ll"),
    "IsWhiteSpace": lambda char: char in _WHITE_SPACE,
    "IsPunctuation": _any_of("P"),
    "IsSymbol": _any_of("S"),
    "IsSeparator": _any_of("Z"),
    "IsControl": _any_of("Cc"),
    "IsSurrogate": lambda char: "\ud800" <= char <= "\udfff",
    "IsHighSurrogate": lambda char: "\ud800" <= char <= "\udbff",
    "IsLowSurrogate": lambda char: "\udc00" <= char <= "\udfff",
}


def _character_at(text: str | None, index: int) -> str:
    text = require(text, "s")
    check_range(0 <= index < len(text), "index")
    return text[index]


def _register_tests() -> None:
    for name, test in _TESTS.items():
        implements("char", f"static bool {name}(char c)")(test)
        implements("char", f"static bool {name}(string s, int index)")(
            lambda text, index, test=test: test(_character_at(text, index))
        )


_register_tests()


@implements("char", "GetUnicodeCategory(char)")
def _unicode_category(char: str) -> int:
    return _CATEGORIES[_category(char)]


@implements("char", "GetNumericValue(char)")
def _numeric_value(char: str) -> float:
    return unicodedata.numeric(char, -1.0)


@implements("char", "Parse")
def parse_char(text: str | None, parameter: str = "s") -> str:
    if len(text := require(text, parameter)) != 1:
        raise FormatException("String must be exactly one character long.")
    return text


@implements("char", "CompareTo(object)")
def _compare_to_object(char: str, other: Any) -> int:
    if other is None:
        return 1
    if not isinstance(other, Char):
        raise ArgumentException("Object must be of type Char.")
    return ord(char) - ord(other)


@implements("char", "ConvertFromUtf32")
def _from_utf32(value: int) -> str:
    if not 0 <= value <= 0x10FFFF or 0xD800 <= value <= 0xDFFF:
        raise ArgumentOutOfRangeException(
            "utf32",
            "A valid UTF32 value is between 0x000000 and 0x10ffff, inclusive, and should not include surrogate "
            "codepoint values (0x00d800 ~ 0x00dfff).",
        )
    return _by_code_unit(chr(value))


@implements("char", "ConvertToUtf32(char, char)")
def _to_utf32(high: str, low: str) -> int:
    if not "\ud800" <= high <= "\udbff":
        raise ArgumentOutOfRangeException(
            "highSurrogate", "A valid high surrogate character is between 0xd800 and 0xdbff, inclusive."
        )
    if not "\udc00" <= low <= "\udfff":
        raise ArgumentOutOfRangeException(
            "lowSurrogate", "A valid low surrogate character is between 0xdc00 and 0xdfff, inclusive."
        )
    return 0x10000 + ((ord(high) - 0xD800) << 10) + (ord(low) - 0xDC00)


@implements("char", "ConvertToUtf32(string, int)")
def _to_utf32_at(text: str | None, index: int) -> int:
    char = _character_at(text, index)
    if not "\ud800" <= char <= "\udfff":
        return ord(char)
    if not _is_pair_at(text, index):
        raise ArgumentException(f"Found a surrogate char without its pair at index: {index}.", "s")
    return _to_utf32(char, (text or "")[index + 1])


@implements("char", "IsSurrogatePair(char, char)")
def _is_pair(high: str, low: str) -> bool:
    return "\ud800" <= high <= "\udbff" and "\udc00" <= low <= "\udfff"


@implements("char", "IsSurrogatePair(string, int)")
def _is_pair_at(text: str | None, index: int) -> bool:
    high = _character_at(text, index)
    following = (text or "")[index + 1 : index + 2]
    return bool(following) and _is_pair(high, following)


@implements("char", "GetNumericValue(string, int)")
def _numeric_value_at(text: str | None, index: int) -> float:
    first = _character_at(text, index)
    following = (text or "")[index + 1 : index + 2]
    if "\ud800" <= first <= "\udbff" and "\udc00" <= following <= "\udfff":
        return _numeric_value(from_utf16(first + following))
    return _numeric_value(first)


implements_all(
    "char",
    {
        "Equals(char)": lambda char, other: char == other,
        "Equals(object)": lambda char, other: isinstance(other, Char) and char == str(other),
        "GetHashCode": lambda char: ord(char) | ord(char) << 16,
        "GetTypeCode": lambda _char: 4,
        "ToUpper(char)": _upper,
        "ToUpperInvariant": _upper,
        "ToLower(char)": _lower,
        "ToLowerInvariant": _lower,
        "ToString": lambda char, _provider=None: char,
        "TryParse": lambda text: (True, text) if text is not None and len(text) == 1 else (False, "\0"),
        "CompareTo(char)": lambda char, other: ord(char) - ord(other),
        "GetUnicodeCategory(string, int)": lambda text, index: _unicode_category(_character_at(text, index)),
    },
)


# Searching and normalising in linear time, where Python's own functions take quadratic time.

Form = Literal["NFC", "NFD", "NFKC", "NFKD"]

_SMALL = 1 << 20
"""Comparisons that take no time to speak of."""
_LONGEST_RUN = 32
"""Characters beyond the commonest letters in a row from which on their order is looked at."""


def rfind(text: str, value: str) -> int:
    """`str.rfind`, which compares each place with the whole value; `str.find` from the other end does not.

    >>> rfind("banana", "an"), rfind("banana", "x")
    (3, -1)
    """
    if len(text) * len(value) <= _SMALL:
        return text.rfind(value)
    found = text[::-1].find(value[::-1])
    return len(text) - len(value) - found if found >= 0 else -1


@functools.cache
def _many_marks() -> re.Pattern[str]:
    letters = r"\u0000-\u02ff\u0370-\u0482\u048a-\u058f\u3041-\u3096\u30a1-\u30ff\u4e00-\u9fff\uac00-\ud7a3"
    return re.compile(f"[^{letters}]{{{_LONGEST_RUN},}}")


def normalize(form: Form, text: str) -> str:
    """`unicodedata.normalize`, which sorts marks in a row by insertion: long rows are put in order before.

    >>> normalize("NFC", "e\\u0301") == "\\xe9"
    True
    """
    if text.isascii():
        return text
    if _many_marks().search(text) is not None:
        text = _many_marks().sub(lambda run: _in_order(run.group(), "K" in form), text)
    return unicodedata.normalize(form, text)


def is_normalized(form: Form, text: str) -> bool:
    """`unicodedata.is_normalized`, likewise."""
    return text.isascii() or normalize(form, text) == text


def _in_order(run: str, is_compatible: bool) -> str:
    """Marks between two other characters, decomposed and sorted by their class; those of one class stay in order."""
    decomposed: Form = "NFKD" if is_compatible else "NFD"
    out: list[str] = []
    marks: list[str] = []
    for char in "".join(unicodedata.normalize(decomposed, char) for char in run):
        if unicodedata.combining(char):
            marks.append(char)
            continue
        out += sorted(marks, key=unicodedata.combining)
        marks.clear()
        out.append(char)
    out += sorted(marks, key=unicodedata.combining)
    return "".join(out)
