"""The page of a code, laid out for a terminal: paragraphs, lists, headings and code instead of Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.report.columns import fitted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.report.style import Style

_INLINE = re.compile(r"\*\*(?P<strong>[^*]+)\*\*|`(?P<code>[^`]+)`|\[(?P<words>[^\]]+)\]\((?P<address>[^)\s]+)\)")
_ITEM = re.compile(r" *(?:[-*]|\d+\.) ")


def page_text(markdown: str, style: Style) -> str:
    """Return the page for a terminal; Markdown for programs.

    >>> from apimpolicy.report.style import Style
    >>> print(page_text("POL1  a **rule** about\\n`a` things.", Style(width=60, is_terminal=True)))
    POL1  a rule about 'a' things.
    """
    return "\n".join(_lines(markdown, style)) if style.is_terminal else markdown


def _lines(markdown: str, style: Style) -> Iterator[str]:
    paragraph: list[str] = []
    is_code = False
    for line in markdown.rstrip("\n").split("\n"):
        if is_code or line.startswith("```"):
            yield from _paragraph(paragraph, style)
            paragraph = []
            if line.startswith("```"):
                is_code = not is_code
            else:
                first, *more = fitted(f"    {line}", style.width - 4)
                yield from (style.paint("dim", part) for part in (first, *(f"    {part}" for part in more)))
        elif not line.strip() or _ITEM.match(line):
            yield from _paragraph(paragraph, style)
            paragraph = [line] if line.strip() else []
            if not line.strip():
                yield ""
        else:
            paragraph.append(line if not paragraph else line.strip())
    yield from _paragraph(paragraph, style)


def _paragraph(lines: list[str], style: Style) -> Iterator[str]:
    if lines:
        text = _INLINE.sub(lambda found: _painted(found, style), " ".join(lines))
        yield from fitted(text, style.width)


def _painted(found: re.Match[str], style: Style) -> str:
    if strong := found["strong"]:
        return style.paint("strong", strong)
    if code := found["code"]:
        return style.paint("info", code) if style.is_coloured else f"'{code}'"
    return f"{found['words']} ({found['address']})"
