"""Untrusted text inside Markdown: shown literally, and never markup, a link, an image or a mention.

GitHub's comments and editors' hovers read Markdown. What a policy, a file name or a request brings into it is put into
code: with a fence that the text does not have, or as `<code>` with character references where tables are, which know
no other way to have a `|`.
"""

from __future__ import annotations

import re

from apimpolicy.report.columns import printable

_MEANING = re.compile(r"[&<>\"'`*_~\[\]!|\\#@:$]|(?<=www)\.|(?<=WWW)\.")
_BACKTICKS = re.compile("`+")


def plain(text: str) -> str:
    """Return text as one line of Markdown for GitHub.

    >>> plain("a | *b* @org/team")
    'a &#124; &#42;b&#42; <code>@</code>org/team'
    """
    return re.sub(r"&#(64|35);", lambda found: f"<code>{chr(int(found[1]))}</code>", _referenced(text))


def code(text: str) -> str:
    """Return text as code in one line of Markdown for GitHub, also in a table.

    >>> code("a`b|c")
    '<code>a&#96;b&#124;c</code>'
    """
    return f"<code>{_referenced(text)}</code>"


def _referenced(text: str) -> str:
    return _MEANING.sub(lambda found: f"&#{ord(found[0])};", " ".join(printable(text).split()))


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
    """Return the length of the longest run of backticks."""
    return max(map(len, _BACKTICKS.findall(text)), default=0)
