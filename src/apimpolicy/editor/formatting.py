"""Formatting on request, with the layout of `apimpolicy format`: of a document, of some lines, and while typing."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from apimpolicy.errors import ConfigurationError
from apimpolicy.formatting.files import Formatter
from apimpolicy.project.fixes import Edit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from apimpolicy.project.format_settings import Style


_LINE = re.compile(r"(?P<blank>[ \t]*)(?P<rest>[^\r\n]*)")
_OPENING, _CLOSING = ("{", "(", "["), ("}", ")", "]")


def format_edits(
    text: str, path: str, style: Style, placeholders: Sequence[str] = (), lines: range | None = None
) -> list[Edit]:
    """Return the edits that lay out a document, or only its lines within `lines`, counted from 0.

    There are none for a document that can't be read, and none for text outside of policies.
    """
    try:
        formatted = Formatter(style, placeholders).file(text.encode("utf-8", "replace"), path).data.decode()
    except ConfigurationError:
        return []
    before, after = text.splitlines(keepends=True), formatted.splitlines(keepends=True)
    starts = [0]
    for line in before:
        starts.append(starts[-1] + len(line))
    return [
        Edit(starts[first], starts[last], "".join(after[start:end]))
        for first, last, start, end in _changes(before, after)
        if lines is None or (lines.start <= first and last <= lines.stop)
    ]


def indent_new_line(text: str, start: int, width: int) -> Edit | None:
    """Return the edit that indents the line of C# that begins at an offset and was just begun; None where it is right.

    The code after the caret may be unfinished, so only the lines before count.
    """
    before = text[:start].rstrip()
    last = before[before.rfind("\n") + 1 :]
    margin = last[: len(last) - len(last.lstrip())]
    line = _LINE.match(text, start)
    assert line is not None  # it matches everywhere
    if last.endswith(_OPENING) and not line["rest"].startswith(_CLOSING):
        margin += " " * width
    elif line["rest"].startswith(_CLOSING) and not last.endswith(_OPENING):
        margin = margin[: max(0, len(margin) - width)]
    return None if line["blank"] == margin else Edit(start, start + len(line["blank"]), margin)


def _changes(before: list[str], after: list[str]) -> Iterator[tuple[int, int, int, int]]:
    """Yield which lines become which; lines that only change by themselves come one by one."""
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for kind, first, last, start, end in matcher.get_opcodes():
        if kind == "replace" and last - first == end - start:
            for index in range(last - first):
                yield first + index, first + index + 1, start + index, start + index + 1
        elif kind != "equal":
            yield first, last, start, end
