# ruff: noqa: E501 - the rows of a table keep their line
"""Generic local functions: one body for each choice of type arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apimpolicy.csharp.emit.expression import compile_expression
from apimpolicy.errors import NotSimulatedError
from apimpolicy.gateway.context.execution import Context

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = {
    'string S<T>(T x) { if (x is string s) return s; return "other"; } return S(1) + S("a");': "othera",
    'string F<T>(T a) { switch (a) { case int i when i > 1: return "i"; case "x": return "x"; case T t: return "T"; default: return "?"; } } return F(2) + F("x") + F(1.5) + F((string)null);': "ixT?",
    'string F<T>(T a) => (a as string) + (a == null) + (a is int); return F(2) + F("x") + F((int?)null);': "FalseTruexFalseFalseTrueFalse",
    'T F<T>(T x) { return x; } return F("a") + F(1);': "a1",
    'T[] P<T>(T a, T b) => new[] { a, b }; return P(1, 2L).GetType().Name + string.Join(",", P("a", "b"));': "Int64[]a,b",
    "string N<T>() => typeof(T).Name; return N<int>() + N<List<string>>();": "Int32List`1",
    'bool S<T>(T a, T b) => EqualityComparer<T>.Default.Equals(a, b); return S(1, 1) && !S("a", "b");': "True",
    'T D<T>() => default(T); return D<int>() + (D<string>() ?? "null");': "0null",
    'int n = 0; void C<T>(IEnumerable<T> items) { foreach (var i in items) n++; } C(new[] { 1, 2 }); C("abc"); return n;': "5",
    "int D<T>(T x, int n) => n == 0 ? 0 : D(new List<T> { x }, n - 1) + 1; return D(1, 3);": "3",
    "TOut M<TIn, TOut>(TIn x, Func<TIn, TOut> f) => f(x); return M(3, x => x * 2.5);": "7.5",
    "Func<int, int> f = Id; T Id<T>(T x) => x; return f(3);": "3",
    'IEnumerable<T> T2<T>(IEnumerable<T> s) { foreach (var x in s) { yield return x; yield return x; } } return string.Join(",", T2(new[] { 1, 2 }));': "1,1,2,2",
    'T Outer<T>(T x) { T Inner(T y) => y; return Inner(x); } return Outer("q");': "q",
    "T F<T>(T x) { object o = x; return (T)o; } return F(5) + F(2.5);": "7.5",
    'string S<T>(T x) => "" + x?.GetHashCode(); return S(1) + S((string)null);': "1",
    'string S<T>(T x) { if (x is string s) return s; return "other"; } return S("a");': "a",
    # constraints
    'T Max<T>(T a, T b) where T : IComparable<T> => a.CompareTo(b) > 0 ? a : b; return Max(1, 2) + Max("a", "b");': "2b",
    "T N<T>() where T : new() => new T(); return N<int>() + N<List<int>>().Count;": "0",
    "int S<T>(T xs) where T : IEnumerable<int> { int n = 0; foreach (var y in xs) n += y; return n; } return S(new[] { 1, 2 });": "3",
    'string K<T>(T x) where T : struct, IFormattable => x.ToString("X", null); return K(255);': "FF",
    "bool N<T>(object x) where T : class => (x as T) == null; return N<string>(1);": "True",
    'string P<T>(T x) where T : JToken => x.Type + x.Path; return P(JObject.Parse("{}"));': "Object",
    "void D<T>(T x) where T : IDisposable { using (x) { } } D(new StringWriter()); return 1;": "1",
}


@pytest.mark.parametrize(("code", "expected"), ROWS.items())
def test_value(code: str, expected: str, value_of: Callable[[str], str]) -> None:
    assert value_of("@{" + code + "}") == expected


@pytest.mark.parametrize(
    "code", ["int D<T>(T x, int n) => n == 0 ? 0 : D(new List<T> { x }, n - 1) + 1; return D(1, 60);"]
)
def test_what_no_instance_can_do_fails_by_name(code: str) -> None:
    with pytest.raises(NotSimulatedError, match="generic local function"):
        compile_expression("@{" + code + "}").evaluate(Context())
