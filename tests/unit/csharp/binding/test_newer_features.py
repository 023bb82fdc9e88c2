"""Newer C# is read and then refused: one error with its place, and names that it declares exist.

The codes are those of Roslyn 3.10 at language version 7.3. Words of newer C# stay names where C# 7.3 has names.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rows import for_each

from apimpolicy.csharp.emit.expression import check_expression
from apimpolicy.text.source import Excerpt

X = 'object x = context.Variables["a"]; '
ROWS = [
    ("x is «not null»", "not pattern"),
    ("!(x is «not string s») || s == null", "not pattern"),
    ("x is «not JObject j» || j == null", "not pattern"),
    ("x is «int or string»", "or pattern"),
    ("x is «null or 1»", "or pattern"),
    ("x is «not (int or string)»", "or pattern"),
    ("x is «int and > 5»", "and pattern"),
    ("x is «>= 1 and < 5» && true", "and pattern"),
    ("x is «> 5»", "relational pattern"),
    ("x is «{ Length: 1 }»", "recursive patterns"),
    ("x is «string { Length: > 1 } s» ? s : null", "recursive patterns"),
    ("x is «(1, _)»", "recursive patterns"),
    ("x is «[1, ..]»", "list pattern"),
    ("«new { A = 1 } with { A = 2 }»", "with expression"),
    ("new[] { 1 }.Select(«static» a => a)", "static anonymous function"),
    ("new[] { 1 }.Aggregate((_, «_») => 1)", "lambda discard parameters"),
    ("default(«nint»)", "native-sized integers"),
]
STATEMENTS = [
    ("«static» int F(int a) => a; return F(1);", "static local functions"),
    ("switch (x) { case «not null»: return 1; default: return 2; }", "not pattern"),
    ("switch (x) { case «> 1» when true: return 1; default: return 2; }", "relational pattern"),
    ("switch (x) { case «string»: return 1; default: return 2; }", "type pattern"),
    ("switch (x) { case «int i and > 1»: return i; default: return 2; }", "and pattern"),
    ('if (x is «not JObject j») { return 1; } return j["a"];', "not pattern"),
    ("«await foreach» (var a in new int[0]) { } return 1;", "async streams"),
]
NAMES = [
    "x is string or && or.Length > 1",
    "x is string and ? and : null",
    "x is string not && not == null",
    "x is int ? 1 : 2",
    "x is (int, string)[] or && or == null",
    "x is -1 || x is (2) || x is 'a'",
]
OTHERS = [
    ("@{ record R(int A); return 1; }", ["CS0246", "CS8112"]),
    ("@{ int F(int a); return 1; }", ["CS8112"]),
    ('@{ const string a = $"{"b"}c"; return a; }', ["CS8652"]),
    ('@{ const string a = $"{1}c"; return a; }', ["CS0133"]),
    ("@{ int a; (a, var b) = (1, 2); return b; }", ["CS8652"]),
]


CODE = [*((f"@{{ {X}return {code}; }}", name) for code, name in ROWS), *((f"@{{ {X}{c} }}", n) for c, n in STATEMENTS)]


@for_each(CODE)
def test_one_error_at_its_place(marked: str, feature: str) -> None:
    before, _, rest = marked.partition("«")
    construct, _, after = rest.partition("»")
    code = before + construct + after
    (found,) = check_expression(Excerpt.of(code))
    assert (found.code, found.message) == ("CS8370", f"'{feature}' is newer than C# 7.3")
    assert code[found.start : found.end] == construct
    assert found.help


@for_each(NAMES)
def test_words_stay_names(code: str) -> None:
    assert check_expression(Excerpt.of(f"@{{ {X}return {code}; }}")) == []


@pytest.mark.parametrize(("code", "codes"), OTHERS)
def test_other_codes(code: str, codes: list[str]) -> None:
    assert [found.code for found in check_expression(Excerpt.of(code))] == codes


_LEAVES = st.sampled_from(
    ["null", "1", "'a'", '"t"', "int", "string s", "> 5", "<= -1", "{ }", "{ Length: 1 } n", "(1, 2)"]
)
_PATTERNS = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        inner.map(lambda text: f"not {text}"),
        inner.map(lambda text: f"({text})"),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(" ".join),
    ),
    max_leaves=5,
)


@given(_PATTERNS, st.sampled_from([" && true", " || x == null", " ? 1 : 2", "", " == true"]))
def test_a_newer_pattern_is_one_token_wherever_it_stands(pattern: str, after: str) -> None:
    """Whatever it is made of and whatever follows, nothing else is wrong with it."""
    code = f"@{{ {X}return x is not ({pattern}){after}; }}"
    (found,) = check_expression(Excerpt.of(code))
    assert (found.code, code[found.start : found.end]) == ("CS8370", f"not ({pattern})")
