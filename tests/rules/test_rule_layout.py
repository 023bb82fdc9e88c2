"""What is found does not depend on layout: every bad example again, with white space wherever C# and XML allow it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tests.rows import for_each
from tests.rules.test_rules import HERE, settings_of

from apimpolicy.checks.document import check_document
from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.csharp.syntax.lexer import tokenize
from apimpolicy.text.markup import read
from apimpolicy.text.source import Excerpt, Source

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLES = sorted(HERE.glob("POL*/bad*.xml"))
OF_THE_TEXT_ITSELF = {
    "POL130",  # counts the characters
    "POL219",  # a comment ends with its line
}


def stretched(text: str) -> str:
    """The document with a line break before every attribute, around every `=`, and between the tokens of its C#."""
    edits: list[tuple[int, str]] = []
    for element in read(Source(text)).elements():
        for attribute in element.attributes:
            edits += [(attribute.name_start, "\n "), (attribute.name_end, "\n "), (attribute.value.start - 1, "\n ")]
    edits += [place for excerpt in read(Source(text)).expressions() for place in _between_tokens(excerpt)]
    for place, space in sorted(edits, reverse=True):
        text = text[:place] + space + text[place:]
    return text


def _between_tokens(excerpt: Excerpt) -> list[tuple[int, str]]:
    code = excerpt.text
    tokens, mistake = tokenize(code, 1)
    if mistake is not None or "$" in code:  # the pieces of an interpolated string are tokens as well
        return []
    return [(excerpt.locate(start), " \n ") for start in tokens.starts if start < len(code) and start > 2]


@for_each(path for path in EXAMPLES if path.parent.name not in OF_THE_TEXT_ITSELF)
def test_white_space_changes_no_finding(path: Path) -> None:
    code = path.parent.name
    settings = settings_of(path, code)
    text = path.read_text(encoding="utf-8")
    assert _codes(stretched(text), settings) == _codes(text, settings)


def _codes(text: str, settings: object) -> Counter[str]:
    found = check_document(Source(text), ExpressionCheck(), settings.named_values, settings)  # type: ignore[attr-defined, arg-type]
    return Counter(finding.code for finding in found)
