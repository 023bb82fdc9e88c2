"""The children of bound nodes come in order of evaluation."""

from __future__ import annotations

import pytest

from apimpolicy.csharp.binding import bind
from apimpolicy.csharp.binding.nodes import Block, Bound
from apimpolicy.csharp.syntax.parser import parse
from apimpolicy.text.source import Excerpt

ORDER = [
    ("bool a = true; int b = 1, c = 2;", "var x = a ? b : c;", "a b c"),
    ("string a = null, b = null;", "var x = a ?? b;", "a b"),
    ("int[] a = null; int b = 0;", "var x = a[b];", "a b"),
    ("int a = 1, b = 1, c = 1;", "var x = new[] { a, b, c };", "a b c"),
    ("string a = null, b = null, c = null;", "var x = a.Replace(b, c);", "a b c"),
    ("int a = 1, b = 1, c = 1, d = 1;", "for (a = 1; b < 2; c++) { d = 1; }", "a b d c"),
    ("System.IO.MemoryStream a = null; int b = 1;", "using (a) { b = 1; }", "a b"),
    ("int a = 1, b = 1; var c = (1, 2);", "(a, b) = c;", "c a b"),
]
"""Declarations, a statement, and its variables in order of evaluation."""


@pytest.mark.parametrize(("declared", "statement", "names"), ORDER)
def test_order(declared: str, statement: str, names: str) -> None:
    excerpt = Excerpt.of(f"@{{ {declared} {statement} return 1; }}")
    bound = bind(parse(excerpt), excerpt)
    assert not bound.diagnostics
    assert isinstance(bound.body, Block)
    used = _names(bound.body.statements[-2], excerpt.text)
    assert list(dict.fromkeys(used)) == names.split()


def _names(node: Bound, text: str) -> list[str]:
    if type(node).__name__ == "Local":
        return [text[node.syntax.start : node.syntax.end]]
    return [name for child in node.children() for name in _names(child, text)]
