"""Completion in a comment that suppresses findings: `<!-- apimpolicy: ignore POL301: the reason -->`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.editor.items import Item

if TYPE_CHECKING:
    from collections.abc import Collection

_BEGUN = re.compile(
    r"<!--\s*apimpolicy:\s*(?:(?P<verb>[a-z-]*)|ignore(?:-file)?\s+(?:[\w-]+\s*,\s*)*(?P<code>[\w-]*))\Z"
)
_VERBS = {
    "ignore": "not for the element that follows",
    "ignore-file": "not for the whole document",
}
_LONGEST = 300


def complete_suppression(text: str, offset: int, found: Collection[str]) -> list[Item] | None:
    """Return completions in a suppression begun before an offset; None anywhere else.

    Codes in `found` come first.
    """
    begun = _BEGUN.search(text, max(0, offset - _LONGEST), offset)
    if begun is None:
        return None
    if begun["code"] is None:
        start = begun.start("verb")
        return [
            Item(verb, "keyword", meaning, insert=f"{verb} ", start=start, end=offset, rank=(place,))
            for place, (verb, meaning) in enumerate(_VERBS.items())
        ]
    from apimpolicy.checks.catalogue import entries
    from apimpolicy.checks.pages import all_codes, title_of_code

    start = begun.start("code")
    codes = {*all_codes(), *(entry.code for entry in entries()), *found}
    return [
        Item(
            code,
            "constant",
            title_of_code(code),
            insert=f"{code}: ",
            start=start,
            end=offset,
            rank=(code not in found,),
        )
        for code in sorted(codes)
    ]
