"""The part of two long texts in which they differ, for people."""

from __future__ import annotations

from difflib import SequenceMatcher

_LONG = 120
"""Characters of a text that is shown whole."""
_AROUND = 3
"""Words that are shown before and after a difference."""
_MOST_WORDS = 2_000


def differing(old: str, new: str) -> tuple[str, str]:
    """Return two texts on one line each: of long ones, the first place where they differ, with the words around it."""
    before, after = old.split(), new.split()
    if before == after:  # they differ in white space alone
        return shortened(old), shortened(new)
    if max(len(old), len(new)) <= _LONG:
        return " ".join(before), " ".join(after)
    places = _places(before, after)
    first, last, start, end = places[0]
    one, other = _shown(before, first, last), _shown(after, start, end)
    return one, other if len(places) == 1 else f"{other} (and {len(places) - 1} more)"


def shortened(text: str) -> str:
    """Return a text on one line; of a long one, the beginning."""
    text = " ".join(text.split()) or text
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"


def _places(before: list[str], after: list[str]) -> list[tuple[int, int, int, int]]:
    """Return where words differ; places with few words between them are one."""
    same = next((at for at, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1]), 0)
    if max(len(before), len(after)) - same > _MOST_WORDS:
        return [(same, len(before), same, len(after))]
    found: list[tuple[int, int, int, int]] = []
    for what, first, last, start, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what == "equal":
            continue
        if found and first - found[-1][1] <= _AROUND:
            found[-1] = (found[-1][0], last, found[-1][2], end)
        else:
            found.append((first, last, start, end))
    return found


def _shown(words: list[str], first: int, last: int) -> str:
    start, end = max(first - _AROUND, 0), last + _AROUND
    text = shortened(" ".join(words[start:end]))
    return ("… " if start else "") + text + (" …" if end < len(words) and not text.endswith("…") else "")
