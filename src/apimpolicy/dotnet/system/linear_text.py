"""Searching and normalising in linear time, where Python's own functions take quadratic time."""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import Literal

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
