"""Types that are identity convertible are one type in every place that compares types (section 10.2.2)."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest
from tests.rows import for_each
from tests.sampling import sampled

from apimpolicy.csharp.binding import bind
from apimpolicy.csharp.binding.type_relations import same
from apimpolicy.csharp.dotnet.metadata import parse as parse_type
from apimpolicy.csharp.syntax.parser import parse
from apimpolicy.text.source import Excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator

TUPLES = ("(int, int)", "(int a, int b)", "(int a, int)", "(int x, int y)")
AROUND = (
    "{0}",
    "{0}[]",
    "List<{0}[,]>",
    "{0}?",
    "List<{0}>",
    "Dictionary<string, {0}[]>",
    "({0}, string s)",
    "Func<{0}, {0}>",
)
SPELLINGS = [[form.format(tuple_) for tuple_ in TUPLES] for form in AROUND]
PAIRS = [pair for spellings in SPELLINGS for pair in product(spellings, repeat=2)]

PLACES = (
    "@{{ {0} p = default({0}); {1} q = p; return 1; }}",
    "@{{ Func<{0}, int> f = ({1} t) => 1; return f(default({0})); }}",
    "@{{ Func<{0}, int> f = delegate ({1} t) {{ return 1; }}; return 1; }}",
    "@{{ int F({1} t) => 1; Func<{0}, int> f = F; return f(default({0})); }}",
    "@{{ {1} F() => default({1}); Func<{0}> f = F; return f() == null ? 1 : 1; }}",
    "@{{ Func<{0}> f = () => default({1}); return 1; }}",
    "@{{ int F(ref {0} t) => 1; {1} v = default({1}); return F(ref v); }}",
    "@{{ int F(out {0} t) {{ t = default({0}); return 1; }} {1} v; return F(out v); }}",
    "@{{ int F(in {0} t) => 1; {1} v = default({1}); return F(in v); }}",
    "@{{ int F(params {0}[] t) => 1; return F(default({1})) + F(default({1}[])); }}",
    "@{{ {0} v = default({0}); ref {1} r = ref v; return 1; }}",
    "@{{ {0} v = default({0}); {1} w = default({1}); ref {0} r = ref (context.Tracing ? ref v : ref w); return 1; }}",
    "@{{ ref {0} F({1}[] t) => ref t[0]; return 1; }}",
    "@{{ var t = context.Tracing ? default({0}) : default({1}); return 1; }}",
    "@{{ var t = new[] {{ default({0}), default({1}) }}; return t.Length; }}",
    "@{{ var t = new[] {{ 1 }}.Select(i => {{ if (i > 0) return default({0}); return default({1}); }}); return 1; }}",
    "@{{ return default({0}[]).Concat(default({1}[])).Count(); }}",
    "@{{ return default({0}[]).Select(({1} t) => 1).Count(); }}",
    "@{{ int F<T>(T p, T q) => 1; return F(default({0}), default({1})); }}",
    "@{{ int F<T>(ref T s, ref T t) => 1; {0} p = default({0}); {1} q = default({1}); return F(ref p, ref q); }}",
    "@{{ int F<T>(List<T> p, List<T> q) => 1; return F(new List<{0}>(), new List<{1}>()); }}",
    "@{{ int F<T>(Func<T, int> p, T q) => 1; Func<{0}, int> f = null; return F(f, default({1})); }}",
    "@{{ int F<T>(Action<T> p, IEnumerable<T> q) => 1; Action<{0}> f = null; return F(f, default({1}[])); }}",
    "@{{ var l = new List<{0}>(); l.Sort(({1} p, {1} q) => 0); return l.Count; }}",
    "@{{ Func<{0}, int> f = null; Func<{1}, int> g = null; f += g; return f == g ? 1 : 1; }}",
    "@{{ object o = default({0}[]); return o is {1}[] p && o as {1}[] != null && ({1}[])o == p ? 1 : 0; }}",
    "@{{ object o = default({0}[]); switch (o) {{ case {1}[] p: return 1; default: return 0; }} }}",
    "@{{ return typeof(List<{0}>) == typeof(List<{1}>) ? 1 : 0; }}",
    "@{{ IEnumerable<{0}> p = new List<{1}>(); IReadOnlyList<{0}> q = default({1}[]); return 1; }}",
    "@{{ foreach ({0} p in new List<{1}>()) {{ return 1; }} return 0; }}",
    "@{{ var p = new {{ t = default({0}) }}; p = new {{ t = default({1}) }}; return 1; }}",
    "@{{ {0} p = default({0}); {1} q = ({1})p; p = q; return 1; }}",
    "@{{ T F<T>(T p) where T : IEnumerable<{0}> => p; return F(default({1}[])).Length; }}",
)


def diagnostics(code: str) -> list[str]:
    excerpt = Excerpt.of(code)
    return [f"{found.code} {found.message}" for found in bind(parse(excerpt), excerpt).diagnostics]


@for_each(sampled([(place, first, second) for place in PLACES for first, second in PAIRS], 600))
def test_spellings_of_one_type_meet(place: str, first: str, second: str) -> None:
    if first.endswith("?") and "is {1}" in place:
        return  # a nullable type can't be in a pattern
    if "== null" in place and not first.endswith(("]", ">", "?")):
        place = place.replace("f() == null ? 1 : 1", "1")
    assert diagnostics(place.format(first, second)) == []


NAMES_OF_RESULT = (
    "@{{ return (context.Tracing ? default({0}) : default({1})).{2}; }}",
    "@{{ return new[] {{ default({0}), default({1}) }}[0].{2}; }}",
    "@{{ return new {0}[1].Concat(new {1}[1]).First().{2}; }}",
    "@{{ T F<T>(T p, T q) => p; return F(default({0}), default({1})).{2}; }}",
    "@{{ T F<T>(ref T s, ref T t) => s; {0} p = default({0}); {1} q = default({1}); return F(ref p, ref q).{2}; }}",
    "@{{ T F<T>(List<T> p, List<T> q) => p[0]; return F(new List<{0}>(), new List<{1}>()).{2}; }}",
    "@{{ return new[] {{ 1 }}.Select(i => {{ if (i > 0) return default({0}); return default({1}); }}).First().{2}; }}",
)


def results() -> Iterator[tuple[str, str, str, str]]:
    for place, first, second in product(NAMES_OF_RESULT, TUPLES, TUPLES):
        for name in ("a", "b", "x", "y"):
            yield place, first, second, name


@for_each(results())
def test_only_names_common_to_both_stay(place: str, first: str, second: str, name: str) -> None:
    common = f"int {name}" in first and f"int {name}" in second
    assert bool(diagnostics(place.format(first, second, name))) != common


@pytest.mark.parametrize(
    ("first", "second"), [("int", "long"), ("(int a, int b)", "(int a, long b)"), ("int[]", "int[,]")]
)
def test_other_types_are_not_the_same(first: str, second: str) -> None:
    assert not same(parse_type(first), parse_type(second))
