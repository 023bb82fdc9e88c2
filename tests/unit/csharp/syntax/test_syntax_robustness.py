"""Whatever the text is: a tree, or a PolicySyntaxError with positions inside the text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.sampling import examples, sampled
from tests.tree_printer import print_tree

from apimpolicy.csharp.syntax.depth import MAXIMUM_DEPTH
from apimpolicy.csharp.syntax.parser import parse
from apimpolicy.errors import PolicySyntaxError

if TYPE_CHECKING:
    from syntax_rows import Row

    from apimpolicy.diagnostics import Diagnostic

WORDS = [
    *"""( ) [ ] { } < > , ; : . ? ?. ?? => = == + - ++ * / ! ~ & && | || ^ << >> >= += >>= :: @ $ # ' " $" $@" @" }} {{
    // /* */ a b var int string new
    is as in out ref from where select orderby join on equals into let group by async await
    yield return if else for foreach while do switch case default break try catch finally using throw lock const goto
    when delegate typeof nameof true null this 1 2.5 0x "s" 'c' @"v" $"i{a}" class static""".split(),  # noqa: SIM905
    *("\\", "\n"),
]


def check(code: str) -> None:
    diagnostics: tuple[Diagnostic, ...] = ()
    try:
        tree = parse(code)
    except PolicySyntaxError as error:
        diagnostics = error.diagnostics
    else:
        assert repr(parse(print_tree(tree))) == repr(tree)
        return
    assert diagnostics
    for diagnostic in diagnostics:
        assert 0 <= diagnostic.start <= len(code), (code, diagnostic)
        assert diagnostic.start <= diagnostic.end <= max(len(code), diagnostic.start + 1), (code, diagnostic)
        assert diagnostic.message


@given(st.lists(st.sampled_from(WORDS), max_size=25), st.booleans())
@settings(max_examples=examples(300))
def test_token_soups(words: list[str], block: bool) -> None:
    code = " ".join(words)
    check(f"@{{{code}}}" if block else f"@({code})")
    check(code)


@given(st.text(max_size=30))
@settings(max_examples=examples(150))
def test_any_text(text: str) -> None:
    check(text)
    check(f"@({text})")


@given(st.data())
@settings(max_examples=examples(200), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_cuts_of_real_expressions(corpus: list[Row], data: st.DataObject) -> None:
    code = data.draw(st.sampled_from(corpus)).code[:2000]
    start = data.draw(st.integers(1, len(code)))
    end = data.draw(st.integers(start, min(len(code), start + 20)))
    check(code[:start] + data.draw(st.sampled_from(["", *WORDS])) + code[end:])


DEEP_AND_LONG = [
    "@(" + "(" * 20_000 + ")" * 20_000 + ")",
    "@(" + "(" * 20_000,
    "@(" + "a<" * 20_000 + ")",
    "@(" + "(a)" * 20_000 + "b)",
    "@(" + "!" * 20_000 + "a)",
    "@(" + "a ? b : " * 20_000 + "c)",
    "@(" + "x => " * 20_000 + "x)",
    "@{" + "{" * 20_000,
    "@{" + "if (a) " * 20_000 + "; }",
    "@(" + '$"{' * 20_000 + ")",
    "@(" + "new A { B = " * 20_000 + ")",
    "@(" + "(a, " * 20_000 + ")",
    "@(" + "a[" * 20_000 + ")",
    "@(/*" + "*" * 50_000,
    "@(" + "/* * " * 20_000 + ")",
    "@(" + " " * 100_000 + "§",
    '@("' + "\\" * 50_001 + ")",
    "@(" + "(async x => " * 5_000 + ")",
    "@(" + "async x => await " * 10_000 + "x)",
    "@(" + "from a in from " * 10_000 + "x)",
    "@(" + "from a in (" * 10_000 + "x)",
    "@(" + "x is a ? " * 10_000 + "x)",
    "@{" + "a<b.c<d>[" * 10_000 + "x",
    "@(" + "1" * 50_000 + ")",
]


@pytest.mark.parametrize("code", sampled(DEEP_AND_LONG, 10), ids=lambda code: code[:14])
def test_deep_and_long_texts_are_refused(code: str) -> None:
    with pytest.raises(PolicySyntaxError):
        parse(code)


def test_long_flat_texts_are_fine() -> None:
    parse("@{ " + "a(b, c);" * 5_000 + " return d; }")
    parse("@(f(" + "a, " * 5_000 + "b))")
    parse("@(" + "1+" * 5_000 + "1)")
    parse("@(" + "a<b>" * 5_000 + "c)")
    parse("@(" + "a?.b" + ".c" * 5_000 + ")")
    parse("@(" + "(" * (MAXIMUM_DEPTH - 10) + "1" + ")" * (MAXIMUM_DEPTH - 10) + ")")
