"""Whatever parses can be bound: no exception, no recursion error, no time that grows with the square of the length."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.call_counts import calls_of
from tests.sampling import examples, sampled

from apimpolicy.csharp.binding import bind
from apimpolicy.csharp.binding.gateway_rules import check_gateway_rules
from apimpolicy.csharp.syntax.parser import parse
from apimpolicy.errors import PolicySyntaxError
from apimpolicy.text.source import Excerpt

if TYPE_CHECKING:
    from collections.abc import Callable

SHARED = Path(__file__).parents[5] / "shared"
PIECES = [
    "@(1 + 2)",
    '@(context.Request.Headers.GetValueOrDefault("a", "b").Split(\',\').Select(x => x.Trim()).First())',
    "@{ var d = new Dictionary<int, object> { [1] = 1 }; foreach (var p in d) { return p.Value is int i; } return 1; }",
    '@(context.Response?.Body?.As<JObject>(true)["a"]?.Value<int>() ?? 3)',
    '@{ int x; switch (context.Request.Method) { case "GET": x = 1; break; default: goto case "GET"; } return x; }',
    "@(from a in new[] { 1, 2 } let b = a * 2 where b > 1 orderby b descending select new { a, b })",
    "@{ (int a, string b) t = (1, null); int F(out int o) { o = t.a; return o; } return F(out var z) + z; }",
    '@{ try { throw new Exception($"{1:X,2}"); } catch (Exception e) when (e != null) { return 1; } finally { } }',
]


def _expressions() -> list[str]:
    path = SHARED / "conformance" / "expressions.jsonl"
    if not path.exists():
        return PIECES
    rows = path.read_text(encoding="utf-8").splitlines()
    return [*PIECES, *(json.loads(row)["expr"] for row in rows[::3])]


EXPRESSIONS = _expressions()


def _bind(code: str) -> str:
    excerpt = Excerpt.of(code)
    try:
        tree = parse(excerpt)
    except PolicySyntaxError as error:
        return error.diagnostics[0].code
    bound = bind(tree, excerpt)
    check_gateway_rules(bound, tree)
    return bound.diagnostics[0].code if bound.diagnostics else bound.static_type


@settings(max_examples=examples(300), suppress_health_check=list(HealthCheck))
@given(st.sampled_from(EXPRESSIONS), st.sampled_from(EXPRESSIONS), st.tuples(*[st.floats(0, 1, exclude_max=True)] * 4))
def test_cut_and_spliced_expressions(first: str, second: str, cuts: tuple[float, ...]) -> None:
    """A piece of one expression in the place of a piece of another."""
    start, end = sorted(int(cut * len(first)) for cut in cuts[:2])
    from_, to = sorted(int(cut * len(second)) for cut in cuts[2:])
    _bind(first[:start] + second[from_:to] + first[end:])


@settings(max_examples=examples(300), suppress_health_check=list(HealthCheck))
@given(st.data())
def test_subtrees_in_the_place_of_others(data: st.DataObject) -> None:
    """Replacing one expression inside another mostly still parses, and mostly no longer makes sense."""
    first, second = data.draw(st.sampled_from(EXPRESSIONS)), data.draw(st.sampled_from(EXPRESSIONS))
    try:
        old = data.draw(st.sampled_from(list(parse(first).walk())))
        new = data.draw(st.sampled_from(list(parse(second).walk())))
    except PolicySyntaxError:
        return
    _bind(first[: old.start] + second[new.start : new.end] + first[old.end :])


DEEP = [
    ("@(", "(", "1", ")", ")"),
    ("@(", "!", "true", "", ")"),
    ("@(", "context.Tracing ? 1 : ", "2", "", ")"),
    ("@(", '"a" ?? ', '"b"', "", ")"),
    ("@(1", " + context.RequestId", "", "", ")"),
    ("@(true", " && context.Tracing", "", "", ")"),
    ('@("a"', ".ToString()", "", "", ")"),
    ('@("a"', "?.ToString()", "", "", ")"),
    ("@(", "(int)", "1", "", ")"),
    ("@(", "string.Concat(", '"a"', ")", ")"),
    ("@(", "new[] { ", "1", " }", ")"),
    ("@(", "(1, ", "1", ")", ")"),
    ("@(", "new Func<int>(() => ", "1", ")()", ")"),
    ("@(", "new[] { 1 }.Select(x => ", "1", ").First()", ")"),
    ("@{", "{", "return 1;", "}", "}"),
    ("@{", "if (context.Tracing) ", "return 1;", "", "return 2; }"),
    ("@{", "if (context.Tracing) return 1; else ", "return 2;", "", "}"),
    ("@{", "try { ", "return 1;", " } finally { }", "}"),
    ("@{", "while (true) ", "return 1;", "", "}"),
    ("@{", "switch (1) { default: ", "return 1;", " }", "}"),
    ("@(", '$"{', "1", '}"', ")"),
]


@pytest.mark.parametrize(
    ("parts", "levels"), sampled([(parts, levels) for parts in DEEP for levels in (150, 247, 490, 10_000)], 15)
)
def test_deep_nesting(parts: tuple[str, str, str, str, str], levels: int) -> None:
    """Up to the parser's limit there is an answer, beyond it a diagnostic, and the process is left as it was."""
    before = sys.getrecursionlimit()
    start, opening, middle, closing, end = parts
    assert _bind(start + opening * levels + middle + closing * levels + end)
    assert sys.getrecursionlimit() == before


LONG = [
    ("@{ int x0 = 0;", lambda n: f" int x{n + 1} = x{n} + 1;", " return 1; }"),
    ("@{ int x = 0;", lambda n: " x = x + 1;", " return x; }"),
    ("@(new[] {", lambda n: f" {n},", "})"),
    ('@(string.Concat("a"', lambda n: ", context.Request.Method", "))"),
    ("@{ switch (context.Request.Method) {", lambda n: f' case "{n}": return {n};', " default: return 1; } }"),
    ("@{", lambda n: f" int y{n};", " return 1; }"),
    ("@{", lambda n: f" a{n}: goto a{max(n - 1, 0)};", " }"),
    ("@{ int x;", lambda n: " F();", " int F() => x; return 1; }"),
    ('@(from a in "a"', lambda n: f" let b{n} = 1", " select a)"),
]


@pytest.mark.parametrize("parts", sampled(LONG, 5), ids=lambda parts: parts[0])
def test_work_grows_with_the_text(parts: tuple[str, Callable[[int], str], str]) -> None:
    start, part, end = parts

    def work(count: int) -> int:
        excerpt = Excerpt.of(start + "".join(part(n) for n in range(count)) + end)
        tree = parse(excerpt)
        return calls_of(lambda: bind(tree, excerpt))

    assert work(400) <= 2.5 * work(200)
