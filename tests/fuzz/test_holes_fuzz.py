"""A document with a hole in it has no finding of its own; more of them with `python -m tests.fuzz.holes`."""

from __future__ import annotations

import random

import pytest
from tests.fuzz.holes import CORPUS, STYLES, Style, documents, surplus, template_of


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.before + style.after)
def test_holes_explain_what_is_missing(style: Style) -> None:
    if not CORPUS.exists():
        pytest.skip("the corpus is not beside this checkout")
    chance = random.Random(style.before)
    known = [text for text in documents(("documentation",)) if not (style.is_text and "liquid" in text.lower())]
    for _ in range(150):
        text = chance.choice(known)
        template = template_of(chance, text, style)
        assert not surplus(text, template, style), template
