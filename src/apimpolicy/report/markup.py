"""Untrusted text inside Markdown and HTML, pages laid out for a terminal, and the frame of a self-contained HTML page.

The frame of a self-contained HTML page: no network and no fonts, and its content security policy allows none.

Colors are those of `page_colors.css`. They follow what the reader's system prefers, light or dark.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path

from apimpolicy.report.columns import Style, fitted, printable
from apimpolicy.report.log_commands import markup_without_log_commands

# Untrusted text inside Markdown: shown literally, and never markup, a link, an image or a mention.
# GitHub's comments and editors' hovers read Markdown. What a policy, a file name or a request brings into it is put
# into code, with a fence that the text does not have.

_MEANING = re.compile(r"[&<>`*_~\[\]|\\#@$]|!\[|://|www\.", re.IGNORECASE)
_BACKTICKS = re.compile("`+")


def plain(text: str) -> str:
    """Return text as one line of Markdown for GitHub, also in a table; words with signs of Markdown are code.

    >>> plain("a | *b*, for @org/team")
    'a `\\\\| *b*`, for `@org/team`'
    """
    words: list[str] = []
    marked: list[str] = []

    def close(end: str = "") -> None:
        if marked:
            words.append(code(" ".join(marked)) + end)
            marked.clear()

    for word in printable(text).split():
        core = word.rstrip(",;:.")
        if _MEANING.search(core) is None:
            close()
            words.append(word)
            continue
        marked.append(core)
        if core != word:
            close(word[len(core) :])
    close()
    return " ".join(words)


def code(text: str) -> str:
    """Return text as code in one line of Markdown for GitHub, in a table, where `|` needs an escape.

    >>> code("a`b|c")
    '``a`b\\\\|c``'
    """
    return code_span(text).replace("|", "\\|")


def code_span(text: str) -> str:
    """Return text as code in one line of any Markdown.

    >>> code_span("a`b")
    '``a`b``'
    """
    text = " ".join(printable(text).split())
    fence = "`" * (_longest(text) + 1)
    space = " " if text[:1] == "`" or text[-1:] == "`" or not text else ""
    return f"{fence}{space}{text}{space}{fence}"


def fenced(text: str, language: str = "text") -> str:
    """Return text of any number of lines as a block of code.

    >>> fenced("a")
    '```text\\na\\n```'
    """
    lines = [printable(line) for line in text.expandtabs(4).splitlines()]
    fence = "`" * max(3, _longest(text) + 1)
    return "\n".join([f"{fence}{language}", *lines, fence])


def _longest(text: str) -> int:
    return max(map(len, _BACKTICKS.findall(text)), default=0)


# The page of a code, laid out for a terminal: paragraphs, lists, headings and code instead of Markdown

_INLINE = re.compile(r"\*\*(?P<strong>[^*]+)\*\*|`(?P<code>[^`]+)`|\[(?P<words>[^\]]+)\]\((?P<address>[^)\s]+)\)")
_ITEM = re.compile(r" *(?:[-*]|\d+\.) ")


def page_text(markdown: str, style: Style) -> str:
    """Return the page for a terminal; Markdown for programs.

    >>> from apimpolicy.report.columns import Style
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


def page(title: str, style: str, body: Iterable[str], *, data: str = "", script: str = "", more_style: str = "") -> str:
    """Return the document. `title` is text, `style` names a style sheet in this package, `body` is markup.

    `data` is JSON for `script`, the name of a script in this package. Raises OSError when the package's own files can't
    be read.
    """
    sheet = _file("page_colors.css") + _file(style) + more_style
    code = _file(script) if script else ""
    allowed = f"script-src '{_hash(code)}'; " if code else ""
    policy = f"default-src 'none'; style-src '{_hash(sheet)}'; {allowed}base-uri 'none'; form-action 'none'"
    scripts = [f'<script type="application/json" id="data">{data}</script>', f"<script>{code}</script>"] if code else []
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{text(title)}</title>",
            f"<style>{sheet}</style>",
            "</head>",
            "<body>",
            *body,
            *scripts,
            "</body>",
            "</html>",
            "",
        ]
    )


def text(value: str) -> str:
    """Return text as markup on one line: escaped, with invisible characters made visible.

    >>> text("<b>\\x1b")
    '&lt;b&gt;␛'
    """
    return markup_without_log_commands(escape(printable(value)))


def lines(value: str) -> str:
    """Return text as markup, with its line breaks."""
    return "\n".join(text(line) for line in value.replace("\r\n", "\n").split("\n"))


def _file(name: str) -> str:
    return Path(__file__).with_name(name).read_text("utf-8")


def _hash(sheet: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
