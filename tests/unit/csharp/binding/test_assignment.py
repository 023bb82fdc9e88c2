"""Definite assignment: variables that may be read without a value, and those that never are."""

from __future__ import annotations

import pytest

from apimpolicy.csharp.binding import bind
from apimpolicy.csharp.syntax.parser import parse
from apimpolicy.text.source import Excerpt

ASSIGNED = [
    "int x; x = 1; return x;",
    "int x; if (context.Tracing) x = 1; else throw new Exception(); return x;",
    "(int a, int b) t; t.a = 1; return t.a;",
    "(int a, int b) t; t.a = 1; t.b = 2; return t;",
    "int x; int F() => x; x = 1; return F();",
    "int x; void F() { x = 1; } F(); return x;",
    "int x; void F(int n) { if (n == 0) { x = 1; return; } F(n - 1); } F(3); return x;",
    "bool F(out int a, bool b) { try { if (b) return false; } finally { a = 1; } return true; } return 1;",
    'int x; try { x = int.Parse("1"); } catch { return 1; } return x;',
    "int x; try { } finally { x = 1; } return x;",
    "int x; while (true) { if (context.Tracing) { x = 1; break; } } return x;",
    "int x; while (true) { try { break; } finally { x = 1; } } return x;",
    "int x; goto b; a: return x; b: x = 1; goto a;",
    "int x; a: if (context.Tracing) { x = 1; goto b; } goto a; b: return x;",
    'int x; switch (context.Request.Method) { case "A": x = 1; break; default: x = 2; break; } return x;',
    "object o = 1; if (o is int i && i > 1) return i; return 0;",
    "object o = 1; if (!(o is int i)) return 0; return i;",
    'if (!int.TryParse("1", out var n)) return 0; return n;',
    "int x; return context.Tracing && (x = 1) > 0 ? x : 0;",
    "int x; var f = new Func<int>(() => { x = 2; return x; }); return f();",
    "for (int i; ; ) { i = 1; return i; }",
    "int i; for (i = 0; i < 3; i++) { } return i;",
    "int x; do { x = 1; } while (x < 0); return x;",
    'int x; lock ("a") { x = 1; } return x;',
    "(int a, int b) t; (t.a, t.b) = (1, 2); return t;",
    "int a, b; (a, b) = (1, 2); return a + b;",
    "const int k = 1; return k;",
    "switch (1) { case 1: int x = 1; break; default: x = 2; return x; } return 3;",
    "int x; if (false) { return x; } return 1;",
    "int x; return 1; return x;",
    'var q = from c in "abc" let d = c + 1 where d > 2 select d; return q.Count();',
]

NOT_ASSIGNED = [
    ("int x; if (context.Tracing) x = 1; return x;", "CS0165"),
    ("(int a, int b) t; t.a = 1; return t.b;", "CS0170"),
    ("(int a, int b) t; t.a = 1; return t;", "CS0165"),
    ("int x; int F() => x; return F();", "CS0165"),
    ("int x; Action a = () => { x = 1; }; a(); return x;", "CS0165"),
    ("bool F(out int a, bool b) { if (b) return false; a = 1; return true; } return 1;", "CS0177"),
    ('int x; try { x = int.Parse("1"); } catch { } return x;', "CS0165"),
    ("int x; goto b; a: return x; b: goto a;", "CS0165"),
    ("object o = 1; return o is int i || i > 1;", "CS0165"),
    ("int x = x + 1; return x;", "CS0165"),
    ("int x; return context.Tracing ? (x = 1) : x;", "CS0165"),
    ('string s = context.Tracing ? "a" : null; int n; var l = s?.IndexOf((n = 1).ToString()); return n;', "CS0165"),
    ('int x; foreach (var c in "abc") { x = 1; } return x;', "CS0165"),
    ("DateTime d; return d.Year;", "CS0165"),
    ("int? n; return n.HasValue;", "CS0165"),
    ("int[] a; a[0] = 1; return a;", "CS0165"),
    ('string s; s += "a"; return s;', "CS0165"),
    ("F(); int x = 1; return x; void F() { var y = x; }", "CS0165"),
]

PLACES = [
    ("int x; return x;", "CS0165", 15),
    ("int x; return x + x;", "CS0165", 15),
    ("void F(out int a) { } return 1;", "CS0177", 6),
    ("bool F(out int a, bool b) { if (b) return false; a = 1; return true; } return 1;", "CS0177", 36),
    ("int x; int F() => x; return F();", "CS0165", 29),
]


def _codes(body: str) -> list[tuple[str, int]]:
    excerpt = Excerpt.of("@{" + body + "}")
    return [(found.code, found.start - 1) for found in bind(parse(excerpt), excerpt).diagnostics]


@pytest.mark.parametrize("body", ASSIGNED)
def test_every_path_sets_the_variable(body: str) -> None:
    assert _codes(body) == []


@pytest.mark.parametrize(("body", "code"), NOT_ASSIGNED)
def test_a_path_leaves_the_variable_unset(body: str, code: str) -> None:
    assert [found for found, _ in _codes(body)] == [code]


@pytest.mark.parametrize(("body", "code", "column"), PLACES)
def test_first_use_is_reported(body: str, code: str, column: int) -> None:
    """The column counts from 1 in the body."""
    assert _codes(body) == [(code, column)]
