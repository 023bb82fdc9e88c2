# ruff: noqa: E501 - the rows of a table keep their line
"""`goto`, labels and iterators: where control goes, and what lambdas capture on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apimpolicy.csharp.dotnet.environment import Environment, Limits, use_environment
from apimpolicy.csharp.emit.expression import compile_expression
from apimpolicy.errors import LimitExceededError
from apimpolicy.gateway.context.execution import Context

if TYPE_CHECKING:
    from collections.abc import Callable

GOTO = {
    "int i = 0; again: i++; if (i < 5) goto again; return i;": "5",
    "int i = 0; if (i == 0) { goto mid; } i = 50; mid: i++; { goto end; } end: i += 3; return i;": "4",
    "int i = 0; for (int a = 0; a < 5; a++) for (int b = 0; b < 5; b++) { i++; if (a * b == 6) goto done; } done: return i;": "14",
    "int n = 0; while (true) { n++; inner: if (n == 3) break; if (n == 5) continue; n += 2; goto inner; } return n;": "3",
    "int n = 0; foreach (var x in new[]{1,2,3}) { a: n++; if (n % 3 != 0) goto a; if (n > 5) break; } return n;": "6",
    'var s = ""; int i = 0; top: try { i++; if (i < 3) goto top; s += i; } finally { s += "f"; } return s;': "ff3f",
    "int i = 0; do { try { i++; if (i == 2) goto next; } finally { i += 10; } next: ; } while (i < 30); return i;": "33",
    "Func<int> g = () => { int k = 0; up: k++; if (k < 4) goto up; return k; }; return g();": "4",
    # switch
    "int i = 0; foreach (var a in new[]{1,2,3}) { switch (a) { case 1: goto case 3; case 2: i += 10; goto default; "
    "case 3: i += 100; break; default: i += 1000; continue; } i++; } return i;": "1212",
    "int i = 0; switch (2) { case 1: lab: i += 5; break; case 2: i++; goto lab; } return i;": "6",
    "int i = 0; switch (2) { case 1: i += 3; lab: i += 5; if (i < 20) goto case 1; goto lab2; case 2: i++; goto lab; "
    "case 3: lab2: i += 1000; break; } return i;": "1022",
    'long q = 2; switch (q) { case 1: return "one"; case 2: goto case 1; } return "";': "one",
    'switch ("a") { case "a": goto case null; case null: return "n"; default: return "d"; }': "n",
    "int i = 0; switch (1) { case 1: foreach (var x in new[]{1,2}) { i++; if (x == 2) goto case 2; } break; case 2: i += 10; break; } return i;": "12",
    # a block that is entered again has new variables, the block that a label stands in has not
    "var f = new List<Func<int>>(); int i = 0; again: { int j = i; f.Add(() => j); } i++; if (i < 3) goto again;"
    ' return string.Join(",", f.Select(x => x()));': "0,1,2",
    "var f = new List<Func<int>>(); int i = 0; again: int j = i; f.Add(() => j); i++; if (i < 3) goto again;"
    ' return string.Join(",", f.Select(x => x()));': "2,2,2",
    "var f = new List<Func<int>>(); int i = 0; do { int j = i; try { if (i == 1) continue; f.Add(() => j); } finally { i++; } }"
    ' while (i < 3); return string.Join(",", f.Select(x => x()));': "0,2",
}

ITERATORS = {
    "IEnumerable<int> G() { yield return 1; yield break; } return G().Count();": "1",
    'var log = ""; IEnumerable<int> G(int n) { log += "s"; try { for (int i = 0; i < n; i++) { log += i; yield return i * 10; } }'
    ' finally { log += "f"; } } var g = G(3); log += "-"; foreach (var x in g) { log += "(" + x + ")"; if (x == 10) break; }'
    ' log += "|"; foreach (var x in g) { } return log;': "-s0(0)1(10)f|s012f",
    'IEnumerable<int> G() { int i = 0; while (true) yield return i++; } return string.Join(",", G().Skip(2).Take(3));': "2,3,4",
    'System.Collections.IEnumerable G() { yield return 1; yield return "a"; } var s = ""; foreach (object o in G())'
    " s += o.GetType().Name; return s;": "Int32String",
    "IEnumerator<int> G() { yield return 1; yield return 2; } var e = G(); int s = 0; while (e.MoveNext()) s += e.Current; return s;": "3",
    # each enumeration begins with the arguments of the call
    "int total = 0; IEnumerable<int> G(int n) { n++; total += n; yield return n; } var g = G(1); g.ToList(); g.ToList(); return total;": "4",
    "IEnumerable<int> T(int d) { if (d == 0) yield break; yield return d; foreach (var x in T(d - 1)) yield return x;"
    ' foreach (var x in T(d - 1)) yield return x * 10; } return string.Join(",", T(3));': "3,2,1,10,20,10,100",
    # nothing runs before the first element is asked for
    'IEnumerable<int> G() { throw new FormatException(); yield return 1; } var g = G(); return "calm";': "calm",
    "IEnumerable<int> G() { throw new FormatException(); yield return 1; } return G().First();": "FormatException",
    "IEnumerable<int> G() { a: yield return 1; goto a; } return G().Take(3).Sum();": "3",
    "foreach (var x in G()) { return x; } return -1; IEnumerable<int> G() { try { yield return 1; } finally { throw new FormatException(); } }": "FormatException",
    'var s = ""; IEnumerable<int> G() { try { yield return 1; } finally { s += "end"; } } var e = G().GetEnumerator();'
    " e.MoveNext(); e.Dispose(); return s;": "end",
    "int yield = 3; yield = 4; return yield;": "4",
}


@pytest.mark.parametrize(("code", "expected"), [*GOTO.items(), *ITERATORS.items()])
def test_value(code: str, expected: str, value_of: Callable[[str], str]) -> None:
    assert value_of("@{" + code + "}") == expected


@pytest.mark.parametrize(
    "code",
    [
        "top: goto top;",
        "x: { goto x; }",
        "switch (1) { case 1: goto case 1; } return 1;",
        "IEnumerable<int> G() { a: goto a; yield return 1; } return G().Count();",
        "IEnumerable<int> G() { while (true) yield return 1; } return G().Count();",
    ],
)
def test_loops_of_jumps_use_up_steps(code: str) -> None:
    compiled = compile_expression("@{" + code + "}")
    with use_environment(Environment(limits=Limits(steps=1_000))), pytest.raises(LimitExceededError) as raised:
        compiled.evaluate(Context())
    assert raised.value.limit == "steps"
