"""Untrusted text inside Markdown: shown literally, and never markup, a link, an image or a mention.

GitHub's comments and editors' hovers read Markdown. What a policy, a file name or a request brings into it is put into
code, with a fence that the text does not have.
"""

from __future__ import annotations

import re

from apimpolicy.report.columns import printable

_MEANING = re.compile(r"[&<>`*_~\[\]|\\#@$]|!\[|://|www\.", re.IGNORECASE)
_BACKTICKS = re.compile("`+")


def plain(text: str) -> str:
    """Return text as one line of Markdown for GitHub, also in a table; words with signs of Markdown are code.

    >>> plain("a | *b* for @org/team")
    'a `\\\\| *b*` for `@org/team`'
    """
    found: list[str] = []
    marked: list[str] = []
    for word in printable(text).split():
        if _MEANING.search(word):
            marked.append(word)
            continue
        found += [code(" ".join(marked))] if marked else []
        marked.clear()
        found.append(word)
    found += [code(" ".join(marked))] if marked else []
    return " ".join(found)


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
    """Return the length of the longest run of backticks."""
    return max(map(len, _BACKTICKS.findall(text)), default=0)
