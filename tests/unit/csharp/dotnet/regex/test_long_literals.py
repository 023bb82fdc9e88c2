"""Patterns with long runs of literal characters: they mean what they say, and are searched for in no time."""

from __future__ import annotations

import pytest

from apimpolicy.csharp.emit.expression import compile_expression
from apimpolicy.gateway.context.execution import Context


@pytest.mark.parametrize("length", [254, 255, 256, 257, 511, 512, 513])
@pytest.mark.parametrize("options", ["RegexOptions.None", "RegexOptions.IgnoreCase", "RegexOptions.RightToLeft"])
def test_a_quantifier_is_for_the_last_character_wherever_it_stands(length: int, options: str) -> None:
    code = (
        f'@{{ var p = new string(\'a\', {length}) + "b+c"; var t = "x" + new string(\'a\', {length}) + "bbbc";'
        f' var m = Regex.Match(t, p, {options}); return m.Index + ":" + m.Length; }}'
    )
    assert compile_expression(code).evaluate(Context()) == f"1:{length + 4}"


def test_a_long_literal_is_searched_for_in_no_time() -> None:
    code = (
        '@{ var t = string.Concat(Enumerable.Repeat("<a>", 50000));'
        " return Regex.Matches(t, \"e\" + new string('\\u0301', 9000)).Count; }"
    )
    assert compile_expression(code).evaluate(Context()) == 0
