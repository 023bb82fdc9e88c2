"""A lexer of Pygments for policies: XML whose expressions `@(…)` and `@{…}` are C# with unescaped quotation marks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pygments.lexer import Lexer
from pygments.lexers.dotnet import CSharpLexer
from pygments.lexers.html import XmlLexer
from pygments.token import Punctuation

from apimpolicy.text.scanner import EXPRESSION_START, scan_code

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PolicyLexer"]  # Pygments loads these

_STAND_IN = "\ue000"
"""Stands for each character of an expression while the XML around it is read."""


class PolicyLexer(Lexer):
    """XML with C#."""

    name = "API Management policy"
    aliases = ("xml",)

    def get_tokens_unprocessed(self, text: str) -> Iterator[tuple[int, Any, str]]:
        expressions = dict(_expressions(text))
        hidden = list(text)
        for start, end in expressions.items():
            hidden[start:end] = _STAND_IN * (end - start)
        for index, kind, value in XmlLexer().get_tokens_unprocessed("".join(hidden)):
            for part in re.finditer(f"{_STAND_IN}+|[^{_STAND_IN}]+", value):
                start = index + part.start()
                if part[0][0] != _STAND_IN:
                    yield start, kind, part[0]
                    continue
                stop = start + len(part[0])
                while start < stop:
                    end = expressions.get(start, stop)
                    yield start, Punctuation, text[start]
                    for inner, inner_kind, code in CSharpLexer().get_tokens_unprocessed(text[start + 1 : end]):
                        yield start + 1 + inner, inner_kind, code
                    start = end


def _expressions(text: str) -> Iterator[tuple[int, int]]:
    position = 0
    while (match := EXPRESSION_START.search(text, position)) is not None:
        scan = scan_code(text, match.start(), len(text))
        if scan.open is not None:
            return
        yield match.start(), scan.end
        position = scan.end


def install() -> None:
    """Use this lexer for blocks of the language `xml`."""
    from pygments.lexers import LEXERS

    LEXERS.pop("XmlLexer", None)
    LEXERS["PolicyLexer"] = (__name__, PolicyLexer.name, PolicyLexer.aliases, (), ())
