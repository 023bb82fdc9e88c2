# ruff: noqa: E501 - the rows of a table keep their line
"""Delegates as values: how they print, what they are equal to, what they can be cast to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = {
    'Func<int> f = () => 1; return "" + f;': "System.Func`1[System.Int32]",
    "Func<int, int, int> f = Math.Max; return f.ToString();": "System.Func`3[System.Int32,System.Int32,System.Int32]",
    'Predicate<int> p = x => x > 1; return $"{p}";': "System.Predicate`1[System.Int32]",
    'var l = new List<Func<int>> { () => 1 }; return string.Join(",", l);': "System.Func`1[System.Int32]",
    "return new { F = (Func<int>)(() => 1) };": "{ F = System.Func`1[System.Int32] }",
    'Action a = () => {}; a += () => {}; return "" + a + a.GetInvocationList().Length;': "System.Action2",
    'Func<int> f = null; return "" + f;': "",
    "int F(int x) => x; Func<int, int> f = F; return f.GetType().Name;": "Func`2",
    # one method, two types of delegates
    "bool F(int x) => x > 0; Predicate<int> p = F; Func<int, bool> f = F; return p.GetType().Name + f.GetType().Name;": "Predicate`1Func`2",
    # tests and casts see the type that a delegate was made with
    'Func<int> f = () => 1; object o = f; return (o is Func<int>) + "," + (o is Func<string>) + "," + (o is Action) + "," + (o is Delegate);': "True,False,False,True",
    'Func<string> f = () => "a"; object o = f; return ((Func<object>)o)();': "a",
    'Func<string> f = () => "a"; Func<object> g = f; return g.GetType() == f.GetType();': "True",
    "Func<int> f = () => 1; object o = f; return ((Action)o) == null;": "InvalidCastException",
    "Func<int> f = () => 1; object o = f; return (o as Action) == null;": "True",
    "Func<int, int> f = x => x + 1; object o = f; return o is Func<int, int> g ? g(1) : 0;": "2",
    # the same method on the same target
    "Func<string, int> a = int.Parse, b = int.Parse; return a == b && a.Equals(b) && a.GetHashCode() == b.GetHashCode();": "True",
    "Func<string, int> a = int.Parse, b = Convert.ToInt32; return a == b;": "False",
    'string s = "x"; Func<string> a = s.ToUpper, b = s.ToUpper; return a == b && object.Equals(a, b);': "True",
    'string s = "x"; Func<string> a = s.ToUpper, b = "y".ToUpper; return a != b && !a.Equals(b) && !a.Equals(null);': "True",
    "int F() => 1; Func<int> a = F, b = F; return a == b;": "True",
    "int F() => 1; int G() => 1; Func<int> a = F, b = G; return a == b;": "False",
    "Func<int> a = () => 1, b = () => 1; return a == b;": "False",
    "var l = new List<Func<int>>(); for (int i = 0; i < 2; i++) l.Add(() => 1); return l[0] == l[1];": "True",
    "var l = new List<Func<int>>(); for (int i = 0; i < 2; i++) { int j = i; l.Add(() => j); } return l[0] == l[1];": "False",
    'int n = 0; Action a = () => n++, b = () => n += 2; var c = a + b; c -= b; c(); return n + "," + (c == a);': "1,True",
    "Func<string, int> a = int.Parse; a += int.Parse; a -= int.Parse; a -= int.Parse; return a == null;": "True",
}


@pytest.mark.parametrize(("code", "expected"), ROWS.items())
def test_value(code: str, expected: str, value_of: Callable[[str], str]) -> None:
    assert value_of("@{" + code + "}") == expected
