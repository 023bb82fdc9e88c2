"""The order of the invariant culture: what `string.Compare`, `CompareTo` and culture-sensitive searches go by.

It is the root order of CLDR (which .NET asks ICU for), made of three levels that are compared one after the other:

1. what the character is: white space < punctuation < symbols < currency < digits by value < letters (Latin, Greek,
   Cyrillic, others); punctuation counts, `co-op` is before `coop`;
2. accents, from the canonical decomposition (`é` is `e` and an accent);
3. letter case and form: small before capital, `ss` before `ß`.

Control and format characters (a soft hyphen) do not count at all. The order is CLDR's for ASCII and for letters with
accents; within other scripts and other symbols it is that of code points, an approximation.
Source: Unicode Technical Standard #10 and CLDR's root collation.
"""

from __future__ import annotations

import functools
import re
import unicodedata

from apimpolicy.csharp.dotnet.environment import FREE_UNITS, work_through
from apimpolicy.csharp.dotnet.system.characters import WHITE_SPACE, normalize, rfind

_ASCII_ORDER = "\t\n\v\f\r\x85\u2028\u2029 _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~"
_WHITE, _PUNCTUATION, _SYMBOL, _CURRENCY, _DIGIT, _LATIN, _OTHER, _BEYOND = (n << 16 for n in (1, 2, 3, 4, 5, 6, 9, 12))
_SCRIPTS = ((0x370, _LATIN), (0x400, 7 << 16), (0x530, 8 << 16))
_SPECIAL = {"ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE"}
_STROKED = {"ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ł": "l", "Ł": "L", "ħ": "h", "Ħ": "H"}
_STROKE = "\u0338"
_SMALL, _VARIANT, _CAPITAL = "\x02", "\x04", "\x08"
_COMMON = "\x20"
_NONE = "\0"
_ASCII_IS_SLOW, _OTHER_IS_SLOW = 1, 4
"""Logarithms: how much more a character costs here than one that is passed over."""

Element = tuple[str, str, str]
"""The weights of the three levels, one character each; `\\0` where a level has none."""


def _primary(char: str) -> str:
    position = _ASCII_ORDER.find(char)
    if position >= 0:
        group = _WHITE if char in WHITE_SPACE else _PUNCTUATION if position < _ASCII_ORDER.index("`") else _SYMBOL
        return chr(group + position + 1)
    code = ord(char)
    category = unicodedata.category(char)
    if char in WHITE_SPACE:
        return chr(_WHITE + code)
    if category == "Sc":
        return chr(_CURRENCY + (code & 0xFFFF))
    if category == "Nd":
        return chr(_DIGIT + unicodedata.decimal(char, 0))
    low = 0x100 + (code & 0x7FFF)
    if category[0] == "P":
        return chr(_PUNCTUATION + low)
    if category[0] in "SN":
        return chr(_SYMBOL + low)
    if code > 0xFFFF:
        return chr(_BEYOND + (code & 0xFFFF))
    code = ord(char.lower()[0])
    for limit, group in _SCRIPTS:
        if code < limit:
            return chr(group + code)
    return chr(_OTHER + code)


@functools.lru_cache(8192)
def elements(char: str) -> tuple[Element, ...]:
    """Return the collation elements of one character; none when it does not count.

    >>> [len(elements(char)) for char in ("a", "é", "ß", "\\u00ad")]
    [1, 2, 2, 0]
    """
    if char in _SPECIAL:
        return tuple((_primary(part), _COMMON, _VARIANT if part.islower() else _CAPITAL) for part in _SPECIAL[char])
    if char in _STROKED:
        return (*elements(_STROKED[char]), (_NONE, _STROKE, _SMALL))
    weights: list[Element] = []
    plain = unicodedata.normalize("NFD", char)
    parts = plain if plain != char else unicodedata.normalize("NFKD", char)
    form = _VARIANT if parts != plain else ""
    for part in parts:
        category = unicodedata.category(part)
        if category in ("Mn", "Me"):
            weights.append((_NONE, part, _SMALL))
        elif category not in ("Cc", "Cf", "Cs", "Cn") or part in WHITE_SPACE:
            case = _CAPITAL if part.isupper() else _SMALL
            weights.append((_primary(part), _COMMON, chr(ord(case) + 2) if form else case))
    return tuple(weights)


_ASCII = {code: "".join(e[0] for e in elements(chr(code))) or None for code in range(128)}
_ASCII_CASE = {code: "".join(e[2] for e in elements(chr(code))) or None for code in range(128)}


def _code_points(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def sort_key(text: str, ignore_case: bool = False) -> tuple[str, str, str]:
    """Return a key whose order is that of the strings: the weights of level one, two and three.

    >>> sorted(["B", "b", "a", "_", "é", "f", "1"], key=sort_key)
    ['_', '1', 'a', 'b', 'B', 'é', 'f']
    """
    if len(text) > FREE_UNITS:
        work_through(len(text) << (_ASCII_IS_SLOW if text.isascii() else _OTHER_IS_SLOW))
    if text.isascii():
        primary = text.translate(_ASCII)
        return primary, "", "" if ignore_case else text.translate(_ASCII_CASE)
    found = [element for char in normalize("NFD", _code_points(text)) for element in elements(char)]
    return (
        "".join([element[0] for element in found if element[0] != _NONE]),
        "".join([element[1] for element in found]).rstrip(_COMMON),
        "" if ignore_case else "".join([element[2] for element in found]),
    )


def compare(a: str, b: str, ignore_case: bool = False) -> int:
    """-1, 0 or 1.

    >>> compare("a", "B"), compare("a", "A"), compare("co-op", "coop"), compare("é", "e\\u0301")
    (-1, -1, -1, 0)
    """
    if a == b:
        return 0
    left, right = sort_key(a, ignore_case), sort_key(b, ignore_case)
    if left[0] != right[0]:
        return -1 if left[0] < right[0] else 1
    if left[1] != right[1]:
        width = max(len(left[1]), len(right[1]))
        return -1 if left[1].ljust(width, _COMMON) < right[1].ljust(width, _COMMON) else 1
    return (left[2] > right[2]) - (left[2] < right[2])


@functools.cache  # it takes a millisecond to compile
def _untroubled() -> re.Pattern[str]:
    """Common characters that are neither skipped nor marks, and none of which equals an ASCII character but itself."""
    return re.compile(
        "(?:[\t-\r -~\xa1-\xac\xae-\u017f\u0391-\u03a9\u03b1-\u03c9\u0410-\u044f\u2010-\u2027\u2030-\u205e\u20ac"
        "\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff\uac00-\ud7a3]++|[\ud83c-\ud83e][\udc00-\udfff])*+"
    )


def _is_plain(text: str, value: str, ignore_case: bool) -> bool:
    """Return whether printable ASCII is found in the text exactly where its code units are."""
    if not (value.isascii() and value.isprintable()):
        return False
    return (text.isascii() or not ignore_case) and _untroubled().fullmatch(text) is not None


def _encode(text: str, ignore_case: bool, known: dict[Element, str]) -> tuple[str, list[int], list[int]]:
    """Return the elements of a text as one character each; where in the text each one's character begins and ends."""
    out: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    position = 0
    for char in _code_points(text):
        end = position + (2 if char > "\uffff" else 1)
        for element in elements(char):
            key = (element[0], element[1], "") if ignore_case else element
            out.append(known.setdefault(key, chr(0x100 + len(known))))
            starts.append(position)
            ends.append(end)
        position = end
    return "".join(out), starts, ends


def find(text: str, value: str, ignore_case: bool = False, last: bool = False) -> tuple[int, int]:
    """Return where `value` first (or last) occurs in `text`, as start and end; (-1, -1) when it does not.

    An occurrence never splits a letter from its accents, nor CR from LF.

    >>> find("a\\u00adb", "ab"), find("\\r\\n", "\\n")
    ((0, 3), (-1, -1))
    """
    if _is_plain(text, value, ignore_case):
        a, b = (text.lower(), value.lower()) if ignore_case else (text, value)
        at = rfind(a, b) if last else a.find(b)
        return (at, at + len(value)) if at >= 0 else (-1, -1)
    codes: dict[Element, str] = {}
    needle = _encode(value, ignore_case, codes)[0]
    haystack, starts, ends = _encode(text, ignore_case, codes)
    if not needle:
        return (len(text), len(text)) if last else (0, 0)
    marks = {code for element, code in codes.items() if element[0] == _NONE}
    at = rfind(haystack, needle) if last else haystack.find(needle)
    while at >= 0:
        after = at + len(needle)
        start, end = starts[at], ends[after - 1]
        whole = (at == 0 or starts[at - 1] != start) and (after == len(starts) or starts[after] >= end)
        split = text[start - 1 : start + 1] == "\r\n" if start else False
        split = split or text[end - 1 : end + 1] == "\r\n"
        if whole and not split and haystack[after : after + 1] not in marks:
            return start, end
        at = rfind(haystack[: at + len(needle) - 1], needle) if last else haystack.find(needle, at + 1)
    return -1, -1


def starts_with(text: str, value: str, ignore_case: bool = False) -> bool:
    if _is_plain(text[: len(value) + 2], value, ignore_case):
        return text[: len(value)].lower() == value.lower() if ignore_case else text.startswith(value)
    known: dict[Element, str] = {}
    needle = _encode(value, ignore_case, known)[0]
    haystack, starts, ends = _encode(text, ignore_case, known)
    size = len(needle)
    marks = {code for element, code in known.items() if element[0] == _NONE}
    if not haystack.startswith(needle) or haystack[size : size + 1] in marks:
        return False
    return not size or size == len(starts) or starts[size] >= ends[size - 1]


def ends_with(text: str, value: str, ignore_case: bool = False) -> bool:
    if _is_plain(text[max(len(text) - len(value) - 2, 0) :], value, ignore_case):
        return text[-len(value) :].lower() == value.lower() if ignore_case and value else text.endswith(value)
    known: dict[Element, str] = {}
    needle = _encode(value, ignore_case, known)[0]
    haystack, starts, _ = _encode(text, ignore_case, known)
    at = len(haystack) - len(needle)
    if at < 0 or not haystack.endswith(needle):
        return False
    return not needle or at == 0 or starts[at - 1] != starts[at]
