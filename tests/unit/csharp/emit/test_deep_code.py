"""Code as deep and as long as the documentation promises: 500 levels of every form, chains of many thousand links.

Work is counted in calls of Python functions, not in seconds: twice the code may cost a little more than twice that.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from tests.call_counts import calls_of
from tests.sampling import sampled

from apimpolicy.csharp.binding import bind
from apimpolicy.csharp.emit.expression import compile_expression, emit
from apimpolicy.csharp.syntax.parser import parse
from apimpolicy.errors import PolicySyntaxError
from apimpolicy.gateway.context.execution import Context
from apimpolicy.text.source import Excerpt

if TYPE_CHECKING:
    from collections.abc import Callable

LEVELS = 500
TOO_MANY = 5 * LEVELS


def around(start: str, opening: str, middle: str, closing: str, end: str) -> Callable[[int], str]:
    """Code with so many levels; `#` is the number of a level."""

    def code(levels: int) -> str:
        return start + "".join(opening.replace("#", str(n)) for n in range(levels)) + middle + closing * levels + end

    return code


DEEP: dict[str, tuple[Callable[[int], str], object]] = {
    "parentheses": (around("@(", "(", "1", ")", ")"), 1),
    "not": (around("@(", "!", "true", "", ")"), True),
    "negation": (around("@{ int x = 1; return ", "-(", "x", ")", "; }"), 1),
    "casts": (around("@(", "(object)", "1", "", ")"), 1),
    "?.": (around("@(context.Request.Method", "?.Trim()", "", "", ")"), "GET"),
    "right operands": (around("@{ int x = 1; return ", "x + (", "x", ")", "; }"), 501),
    "texts": (around('@("a"', ' + (context.Request.Method + "b"', "", ")", ".Length)"), None),
    "or": (around("@(", 'context.Request.Method == "a" || (', "true", ")", ")"), True),
    "??": (around("@{ string x = null; return ", "x ?? ", '"a"', "", "; }"), "a"),
    "? : on the right": (around("@{ int x = 1; return ", "x == 2 ? 1 : ", "3", "", "; }"), 3),
    "? : in the middle": (around("@{ int x = 1; return ", "x == 1 ? ", "3", " : 4", "; }"), 3),
    "? : on the left": (around("@{ bool x = true; return ", "(", "x", " ? x : x)", "; }"), True),
    "calls": (around("@{ int x = 1; return ", "Math.Max(x, ", "x", ")", "; }"), 1),
    "calls on the left": (around('@{ string x = "a"; return ', "string.Concat(", "x", ", x)", ".Length; }"), 501),
    "lambdas": (around("@(", "new[] { 1 }.Any(a# => ", "true", ")", ")"), True),
    "lambdas with blocks": (around("@(", "new[] { 1 }.Any(a# => { return ", "true", "; })", ")"), True),
    "lambdas that are called": (around("@(", "((Func<int, int>)(a# => ", "1", "))(1)", ")"), 1),
    "local functions": (around("@{ ", "int F#() { ", "return 1; ", "return 2; } ", "return F0(); }"), 2),
    "if": (around("@{ int x = 1; ", "if (x == 1) { ", "x = 2; ", "} ", "return x; }"), 2),
    "else if": (around("@{ int x = 1; ", "if (x == #) { return 7; } else ", "{ x = 2; } ", "", "return x; }"), 7),
    "blocks": (around("@{ int x = 1; ", "{ ", "x = 2; ", "} ", "return x; }"), 2),
    "while": (around("@{ int x = 0; ", "while (true) { ", "x++; ", "break; } ", "return x; }"), 1),
    "for": (around("@{ int x = 0; ", "for (int i# = 0; i# < 1; i#++) { ", "x++; ", "} ", "return x; }"), 1),
    "foreach": (around("@{ int x = 0; ", "foreach (var i# in new[] { 1 }) { ", "x += i0; ", "} ", "return x; }"), 1),
    "do": (around("@{ int x = 0; ", "do { ", "x++; ", "} while (x == 0); ", "return x; }"), 1),
    "try": (around("@{ int x = 0; ", "try { ", "x++; ", "} finally { x++; } ", "return x; }"), 501),
    "return out of try": (around("@{ int x = 0; ", "try { ", "return 9; ", "} finally { x++; } ", "}"), 9),
    "switch": (around("@{ int x = 1; ", "switch (x) { default: ", "x = 2; ", "break; } ", "return x; }"), 2),
    "using": (around("@{ int x = 1; ", 'using (var r# = new StringReader("a")) { ', "x = 2; ", "} ", "return x; }"), 2),
    "arrays": (around("@(", "new object[] { ", "1", " }", ".Length)"), 1),
    "lists": (around("@(", "new List<object> { ", "1", " }", ".Count)"), 1),
    "dictionaries": (around("@(", 'new Dictionary<string, object> { { "a", ', "1", " } }", ".Count)"), 1),
    "indexers": (around("@(", 'new Dictionary<string, object> { ["a"] = ', "1", " }", ".Count)"), 1),
    "JSON": (around("@(", 'new JObject(new JProperty("a", ', "1", "))", ".Count)"), 1),
    "anonymous objects": (around("@(", "new { A = ", "1", " }", ".A != null)"), True),
    "interpolation": (around("@(", '$"a{', "1", '}b"', ".Length)"), 1001),
    "generics": (around("@(new ", "List<", "int", ">", "().Count)"), 0),
    "tuples": (around("@(", "(", "1", ", 2)", ".Item2)"), 2),
    "indexes": (around("@{ var a = new[] { 0 }; return ", "a[", "0", "]", "; }"), 0),
}

CHAINS: dict[str, tuple[Callable[[int], str], Callable[[int], object]]] = {
    "replace": (around('@("a"', '.Replace("a", "b")', "", "", ")"), lambda n: "b"),
    "members": (around("@(context.Request.OriginalUrl.Path", ".Trim().ToLower()", "", "", ".Length)"), lambda n: 1),
    "builder": (around("@(new StringBuilder()", ".Append(1)", "", "", ".Length)"), lambda n: n),
    "after ?.": (around("@(context.Request.Method?", ".Trim()", "", "", ")"), lambda n: "GET"),
    "ints": (around("@{ int x = 1; return x", " + x", "", "", "; }"), lambda n: n + 1),
    "constants": (around("@(1", " + 1", "", "", ")"), lambda n: n + 1),
    "nullable": (around("@{ int? x = 1; return x", " + x", "", "", "; }"), lambda n: n + 1),
    "texts": (around("@((context.Request.Method", ' + "ab"', "", "", ").Length)"), lambda n: 2 * n + 3),
    "and": (around("@(context.Tracing || true", ' && context.Request.Method == "GET"', "", "", ")"), lambda n: True),
    "as": (around("@{ object x = 1; return x", " as object", "", "", "; }"), lambda n: 1),
}


@pytest.mark.parametrize("name", sampled(DEEP, 7))
def test_500_levels_run(name: str) -> None:
    code, expected = DEEP[name]
    before = sys.getrecursionlimit()
    value = compile_expression(code(LEVELS)).evaluate(Context())
    assert expected is None or value == expected
    assert sys.getrecursionlimit() == before


@pytest.mark.parametrize("name", sampled([name for name in DEEP if name not in ("generics", "local functions")], 3))
def test_many_more_levels_are_a_diagnostic(name: str) -> None:
    with pytest.raises(PolicySyntaxError) as raised:
        compile_expression(DEEP[name][0](TOO_MANY))
    assert raised.value.diagnostics[0].code == "CS8078"


@pytest.mark.parametrize("name", sampled(CHAINS, 2))
def test_chains_of_thousands_run(name: str) -> None:
    code, expected = CHAINS[name]
    assert compile_expression(code(2000)).evaluate(Context()) == expected(2000)


def work_of(code: str) -> int:
    """Count the calls between the text and Python's syntax tree."""
    excerpt = Excerpt.of(code)
    return calls_of(lambda: emit(bind(parse(excerpt), excerpt)))


@pytest.mark.parametrize("name", sampled(DEEP, 3))
def test_work_grows_with_the_levels(name: str) -> None:
    code = DEEP[name][0]
    assert work_of(code(2 * 120)) < 2.5 * work_of(code(120))


@pytest.mark.parametrize("name", sampled(CHAINS, 2))
def test_work_grows_with_the_links(name: str) -> None:
    code = CHAINS[name][0]
    assert work_of(code(2 * 200)) < 2.5 * work_of(code(200))
