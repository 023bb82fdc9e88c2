"""Holes: text that is not there yet, because a template or a named value supplies it later.

A source that was made from a template has a mark for each placeholder: a noncharacter of Unicode, the number of
the placeholder in `Source.holes`, and another noncharacter. Unicode reserves these characters for use inside a program,
so that no document contains them. A mark can be wherever text can: in a value, in content, between attributes, in C#
code, in a C# string. `{{name}}`, a named value whose value is not known, is a hole in the same sense (`is_unknown`).

The rule for all readers of documents: the text of a hole is assumed valid. Nothing is reported because of a hole;
all that does not touch a hole is checked in full.
"""

from __future__ import annotations

import re

OPEN, CLOSE = "\ufdd0", "\ufdd1"
MARK = rf"{OPEN}[0-9]++{CLOSE}"
FIRST_NAMED_VALUE = 100_000
"""Marks from this number on stand for named values, which `checks.expressions` numbers in each expression."""

UNKNOWN_POLICIES = "unknown: "
"""The id of the fragment that represents policies that aren't known begins so; the reason follows."""
UNKNOWN_BASE = "unknown-base"
"""The named value that represents whether a policy whose text isn't known has `<base />`."""

_HOLE = MARK
_UNKNOWN = rf"{MARK}|\{{\{{[A-Za-z0-9\-._]++(?: ++[A-Za-z0-9\-._]++)*+\}}\}}"


def mark(number: int) -> str:
    """Return the mark of the placeholder with a number."""
    return f"{OPEN}{number}{CLOSE}"


def has_hole(text: str) -> bool:
    """Return whether a template puts something into the text later."""
    return OPEN in text


def is_unknown(text: str) -> bool:
    """Return whether a part of the text is not known: a template's placeholder, or a named value without a value."""
    return (OPEN in text or "{{" in text) and re.compile(_UNKNOWN).search(text) is not None


def without_holes(text: str) -> str:
    """Return the text that is known."""
    return re.compile(_UNKNOWN).sub("", text)


def shown(text: str, holes: tuple[str, ...]) -> str:
    """Return the text with every placeholder as it is written in the template."""
    if OPEN not in text:
        return text
    return re.compile(_HOLE).sub(lambda found: _written(int(found[0][1:-1]), holes), text)


def _written(number: int, holes: tuple[str, ...]) -> str:
    return holes[number] if number < len(holes) else "{{…}}" if number >= FIRST_NAMED_VALUE else "…"
