"""The pages of the compiler's codes: their examples are what they say."""

from __future__ import annotations

import pytest

from apimpolicy.checks.pages import all_codes, explained_codes, is_compiler_code, page_of_code
from apimpolicy.csharp.binding import bind
from apimpolicy.csharp.binding.bind import compiler_warnings
from apimpolicy.csharp.emit.expression import check_expression
from apimpolicy.csharp.syntax.parser import parse
from apimpolicy.text.source import Excerpt


def codes_of(text: str) -> list[str]:
    """The codes of the errors, or else of the warnings, about an expression."""
    excerpt = Excerpt.of(text)
    found = check_expression(excerpt) or compiler_warnings(bind(parse(excerpt), excerpt))
    return [diagnostic.code for diagnostic in found]


@pytest.mark.parametrize("code", explained_codes())
def test_the_wrong_example_gives_the_code_and_the_right_one_nothing(code: str) -> None:
    entry = explained_codes()[code]
    assert is_compiler_code(code)
    assert codes_of(entry["wrong"])[:1] == [code]
    assert codes_of(entry["right"]) == []
    assert set(entry) <= {"title", "text", "wrong", "right", "is_warning"}


def test_every_listed_code_has_a_page() -> None:
    assert {"CS1061", "POL001", "APIM0001"} <= set(all_codes())
    assert all(page_of_code(code) for code in all_codes())
    assert page_of_code("CS9999") is None
