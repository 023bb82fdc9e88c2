"""Formatting moves nothing but tags and attributes, in every document that anybody has written."""

from __future__ import annotations

from pathlib import Path

import pytest

from apimpolicy.editor.formatting import format_edits, is_same
from apimpolicy.project.fixes import apply
from apimpolicy.text.markup import read
from apimpolicy.text.source import Source

CORPUS = Path(__file__).parents[4] / "shared" / "corpus" / "documents"

ROWS = [
    ("<inbound>\n<base />\n</inbound>", "<inbound>\n  <base />\n</inbound>"),
    ("<a>\n<b>\n<c />\n</b>\n</a>", "<a>\n  <b>\n    <c />\n  </b>\n</a>"),
    ('<inbound>\n<set-header name="a"   id="b" /></inbound>', '<inbound>\n  <set-header name="a" id="b" /></inbound>'),
    ('<inbound>\n<x\nid="true">\n</x>\n</inbound>', '<inbound>\n  <x\n    id="true">\n</x>\n</inbound>'),
]

KEPT = [
    "<inbound>\n<set-body>\n <a>\n</a>\n</set-body></inbound>",
    '<inbound>\n  <set-header name="a"><value>@{\nreturn 1;\n}</value></set-header>\n</inbound>',
    "<inbound>\n<broken",
    "<inbound>\n  <!-- one\n two -->\n  <base />\n</inbound>",
]


def formatted(text: str) -> str:
    return apply(text, format_edits(text, "  "))


@pytest.mark.parametrize(("text", "wanted"), ROWS)
def test_tags_and_attributes_are_indented(text: str, wanted: str) -> None:
    assert formatted(text) == wanted


@pytest.mark.parametrize("text", KEPT)
def test_what_is_inside_stays(text: str) -> None:
    inside = text.partition("\n")[2]
    assert formatted(text).replace(" ", "") == text.replace(" ", "")
    assert inside.split("\n")[-2:][0] in formatted(text) or "broken" in text


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus of real policies is not here")
def test_nothing_is_lost_in_the_corpus_and_once_is_enough() -> None:
    changed = 0
    for path in sorted(CORPUS.rglob("*"))[::7]:
        if not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        new = formatted(text)
        if new != text:
            changed += 1
            assert is_same(read(Source(text)), read(Source(new)))
            assert formatted(new) == new
    assert changed > 20
