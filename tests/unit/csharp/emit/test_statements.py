# ruff: noqa: E501 - the rows of a table keep their line
"""Statements and what comes out of them, as the C# specification has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = {
    # Loops, and what lambdas capture in them
    'var f = new List<Func<int>>(); for (int i = 0; i < 3; i++) f.Add(() => i); return string.Join(",", f.Select(x => x()));': "3,3,3",
    'var f = new List<Func<int>>(); for (int i = 0; i < 3; i++) { int j = i; f.Add(() => j); } return string.Join(",", f.Select(x => x()));': "0,1,2",
    'var f = new List<Func<int>>(); foreach (var i in new[] { 1, 2 }) f.Add(() => i); return string.Join(",", f.Select(x => x()));': "1,2",
    "var f = new List<Func<int>>(); for (int a = 0; a < 2; a++) for (int i = 0; i < 2; i++) f.Add(() => i + a * 10);"
    ' return string.Join(",", f.Select(x => x()));': "22,22,22,22",
    "var f = new List<Func<int>>(); foreach (var a in new[] { 1, 2 }) for (int i = 0; i < 2; i++) f.Add(() => i + a * 10);"
    ' return string.Join(",", f.Select(x => x()));': "12,12,22,22",
    "var f = new List<Func<int>>(); foreach (var a in new[] { 1, 2 }) for (int i = a; i < 3; i++) f.Add(() => ++i);"
    ' return string.Join(",", f.Select(x => x()));': "4,5,4",
    "var f = new List<Func<int>>(); int n = 0; while (n < 3) { var m = n; n++; f.Add(() => m++ + n); } f[0](); "
    'return string.Join(",", f.Select(x => x()));': "4,4,5",
    'var f = new List<Func<int>>(); foreach (var s in new[] { "1", "2" }) if (int.TryParse(s, out var n)) f.Add(() => n);'
    ' return string.Join(",", f.Select(x => x()));': "1,2",
    'var f = new List<Func<string>>(); foreach (object o in new object[] { "a", 1, "b" }) { if (o is string s) { f.Add(() => s); } }'
    ' return string.Join(",", f.Select(x => x()));': "a,b",
    'var f = new List<Func<int>>(); var q = new Queue<string>(new[] { "1", "2" }); '
    'while (q.Count > 0 && int.TryParse(q.Dequeue(), out var n)) f.Add(() => n); return string.Join(",", f.Select(x => x()));': "1,2",
    "var f = new List<Action>(); int s = 0; for (int i = 0; i < 3; i++) { int j = i; f.Add(() => { s += j; j = 0; }); }"
    " foreach (var a in f) { a(); a(); } return s;": "3",
    "var f = new List<Func<Func<int>>>(); foreach (var i in new[] { 1, 2 }) f.Add(() => () => i);"
    ' return string.Join(",", f.Select(x => x()()));': "1,2",
    "var f = new List<Func<int>>(); foreach (var i in new[] { 1, 2 }) { int G() => i * 10; f.Add(() => G()); }"
    ' return string.Join(",", f.Select(x => x()));': "10,20",
    "var f = new List<Func<int>>(); foreach (var i in new[] { 1, 2 }) { int G() { return i * 10; } f.Add(G); }"
    ' return string.Join(",", f.Select(x => x()));': "10,20",
    "int s = 0; for (int i = 0; i < 10; i++) { if (i % 2 == 0) continue; if (i > 6) break; s += i; } return s;": "9",
    "int s = 0; for (int i = 0, j = 10; i < j; i++, j--) s += j - i; return s;": "30",
    "int i = 0; do { i++; if (i == 2) continue; } while (i < 5); return i;": "5",
    "int i = 10; do i++; while (i < 5); return i;": "11",
    "int i = 0; for (;;) { if (++i == 4) break; } return i;": "4",
    "int i; for (i = 0; i < 5; i++) ; return i;": "5",
    "int s = 0; for (int i = 0; i < 5; i++) { i++; s += i; } return s;": "9",
    "int s = 0; int n = 5; for (int i = 0; i < n; i++) { n--; s++; } return s;": "3",
    "int s = 0; for (byte b = 250; b >= 250; b++) s++; return s;": "6",
    "int s = 0; foreach (var a in new[] { 1, 2 }) foreach (var b in new[] { 3, 4 }) { if (b == 4) continue; s += a * b; } return s;": "9",
    'var s = ""; foreach (char c in "abc") s = c + s; return s;': "cba",
    "long s = 0; foreach (long x in new[] { 1, 2 }) s += x; return s;": "3",
    "int s = 0; foreach (int x in new object[] { 1, 2 }) s += x; return s;": "3",
    'int s = 0; foreach (int x in new object[] { 1, "a" }) s += x; return s;': "InvalidCastException",
    "int[] a = null; foreach (var x in a) { } return 1;": "NullReferenceException",
    "var l = new List<int> { 1, 2 }; foreach (var x in l) l.Add(x); return 1;": "InvalidOperationException",
    'var d = new Dictionary<string, int> { ["a"] = 1 }; foreach (KeyValuePair<string, int> p in d) return p.Key + p.Value; return null;': "a1",
    'var s = ""; foreach (var p in JObject.Parse("{\\"a\\":1,\\"b\\":2}")) s += p.Key + p.Value; return s;': "a1b2",
    'var s = ""; foreach (var x in JArray.Parse("[1,2]")) s += x; return s;': "12",
    'foreach (int i in Enumerable.Range(1, 5)) { if (i == 3) return "found" + i; } return "";': "found3",
    'string s = ""; int i = 0; do { try { if (i == 1) continue; s += "a"; } finally { i++; s += i; } } while (i < 3); return s;': "a12a3",
    'string s = ""; int i = 0; while (i++ < 3) { using (new StringReader("")) { if (i == 2) continue; } s += i; } return s;': "13",
    # switch
    'int x = 2; switch (x) { case 1: return "a"; case 2: case 3: return "b"; default: return "c"; }': "b",
    'string s = "k"; switch (s) { case "k": return 1; default: return 2; }': "1",
    "string s = null; switch (s) { case null: return 1; default: return 2; }": "1",
    "int r = 0; switch (1) { case 1: r = 1; goto case 2; case 2: r += 10; goto default; default: r += 100; break; } return r;": "111",
    'string r = ""; switch ("a") { case "a": r += "a"; goto case "b"; case "b": r += "b"; break; } return r;': "ab",
    "int s = 0; for (int i = 0; i < 5; i++) { switch (i) { case 1: continue; case 3: break; default: s += i; break; } s += 100; } return s;": "406",
    "int s = 0; foreach (var i in new[] { 1, 2, 3 }) { switch (i) { case 2: switch (s) { case 1: continue; } break; } s += i; } return s;": "4",
    "int s = 0; while (true) { switch (s++) { case 3: return s; } }": "4",
    'object o = 5; switch (o) { case string s: return "s"; case int n when n > 5: return "big"; case int n: return "int" + n; default: return ""; }': "int5",
    'object o = null; switch (o) { case null: return "null"; case var x: return "var"; }': "null",
    'object o = "abc"; switch (o) { case string s when s.Length == 3: return s; default: return "no"; }': "abc",
    "char c = 'b'; switch (c) { case 'a': return 1; case 'b': return 2; } return 3;": "2",
    "bool b = true; switch (b) { case true: return 1; case false: return 2; } return 3;": "1",
    "DayOfWeek d = DayOfWeek.Friday; switch (d) { case DayOfWeek.Monday: return 1; case DayOfWeek.Friday: return 2; } return 3;": "2",
    "int? n = null; switch (n) { case 1: return 1; case null: return 2; } return 3;": "2",
    "double d = 1; switch (d) { case 1: return 1; default: return 2; }": "1",
    "long n = 5; switch (n) { case 5: return 1; default: return 2; }": "1",
    "switch (7) { default: return 1; case 1: return 2; }": "1",
    "var f = new List<Func<int>>(); foreach (object o in new object[] { 1, 2 }) switch (o) { case int n: f.Add(() => n); break; }"
    ' return string.Join(",", f.Select(x => x()));': "1,2",
    "int n = 0; switch (1) { case 1: try { n = 1; break; } finally { n += 10; } } return n;": "11",
    # Exceptions
    'try { throw new ArgumentException("x"); } catch (ArgumentException e) { return e.Message; }': "x",
    'try { throw new ArgumentNullException("p"); } catch (ArgumentException e) { return e.ParamName; }': "p",
    'try { int.Parse("x"); return 1; } catch (FormatException) { return 2; } catch { return 3; }': "2",
    "try { string s = null; return s.Length; } catch (NullReferenceException) { return -1; }": "-1",
    'try { object o = "a"; return (int)o; } catch (Exception e) { return e.GetType().Name; }': "InvalidCastException",
    'string s = ""; try { s += "t"; throw new Exception(); } catch { s += "c"; } finally { s += "f"; } return s;': "tcf",
    'string s = ""; string F() { try { return s += "r"; } finally { s += "f"; } } var r = F(); return r + "," + s;': "r,rf",
    'string s = ""; for (int i = 0; i < 3; i++) { try { if (i == 0) continue; if (i == 1) break; } finally { s += i; } } return s;': "01",
    'string s = ""; try { try { throw new Exception("a"); } finally { s += "1"; } } catch (Exception e) { s += e.Message; } return s;': "1a",
    'try { try { throw new Exception("a"); } catch (Exception) { throw; } } catch (Exception e) { return e.Message; }': "a",
    'try { try { throw new Exception("a"); } catch (Exception e) { throw new InvalidOperationException("b", e); } }'
    " catch (Exception e) { return e.Message + e.InnerException.Message; }": "ba",
    'try { throw new Exception("a"); } catch (Exception e) when (e.Message == "b") { return 1; } catch (Exception) { return 2; }': "2",
    'try { throw new Exception("a"); } catch (Exception e) when (e.Message.Length == 1) { return 1; }': "1",
    'try { throw new Exception("a"); } catch (Exception e) when (int.Parse(e.Message) == 1) { return 1; } catch { return 2; }': "2",
    'try { throw new Exception("a"); } catch (ArgumentException) { return 1; }': "Exception",
    "throw new InvalidOperationException();": "InvalidOperationException",
    "Exception e = null; throw e;": "NullReferenceException",
    "Exception e = new FormatException(); throw e;": "FormatException",
    'string s = ""; try { try { throw new Exception("a"); } catch (FormatException) { s += "1"; } finally { s += "2"; } } catch { s += "3"; } return s;': "23",
    'int n = 0; Func<int> f = () => { try { throw new Exception(); } catch { return ++n; } finally { n += 10; } }; return f() + "," + n;': "1,11",
    'var f = new List<Func<string>>(); for (int i = 0; i < 2; i++) { try { throw new Exception("" + i); } catch (Exception e) { f.Add(() => e.Message); } }'
    ' return string.Join(",", f.Select(x => x()));': "0,1",
    "int x = 0; try { return 1 / x; } catch (DivideByZeroException) when (x == 0) { return 7; }": "7",
    # using and lock
    'using (var r = new StringReader("ab")) { return r.ReadToEnd(); }': "ab",
    "using (StringReader r = null) { return 1; }": "1",
    'using (var a = new StringReader("a")) using (var b = new StringReader("b")) return a.ReadToEnd() + b.ReadToEnd();': "ab",
    'using (StringReader a = new StringReader("a"), b = new StringReader("b")) return a.ReadToEnd() + b.ReadToEnd();': "ab",
    'StringReader k; using (var r = new StringReader("ab")) { k = r; } return k.Read();': "ObjectDisposedException",
    'StringReader k = new StringReader("ab"); try { using (k) { throw new Exception(); } } catch (Exception) { } return k.Read();': "ObjectDisposedException",
    "var o = new object(); lock (o) { return 1; }": "1",
    # Local functions
    "int F(int n) => n < 2 ? n : F(n - 1) + F(n - 2); return F(10);": "55",
    "bool Even(int n) => n == 0 || Odd(n - 1); bool Odd(int n) => n != 0 && Even(n - 1); return Even(10);": "True",
    "int n = 1; void Add(int m) { n += m; } Add(2); Add(3); return n;": "6",
    "void Twice(ref int x) { x *= 2; } int n = 4; Twice(ref n); return n;": "8",
    'bool Try(string s, out int v) { v = s.Length; return v > 0; } return Try("abc", out var n) ? n : 0;': "3",
    'bool Try(out int v) { v = 1; if (v == 1) { v = 2; return true; } return false; } int x; return Try(out x) + "," + x;': "True,2",
    "void Swap(ref int a, ref int b) { (a, b) = (b, a); } int x = 1, y = 2; Swap(ref x, ref y); return x * 10 + y;": "21",
    "void F(ref int a) { a++; } var l = new[] { 1, 2 }; F(ref l[1]); return l[1];": "3",
    "void F(ref int a) { try { a = 5; return; } finally { a++; } } int n = 0; F(ref n); return n;": "6",
    "int F(int a, int b = 5) => a + b; return F(1) + F(1, 1) + F(b: 2, a: 3);": "13",
    "int F(params int[] a) => a.Length; return F() * 100 + F(1) * 10 + F(1, 2);": "12",
    'string F() { return G(); string G() => "g"; } return F();': "g",
    "int n = 0; int Next() => ++n; var l = new[] { Next(), Next() }; return l[0] * 10 + l[1];": "12",
    "Func<int, int> f = F; int F(int x) => x + 1; return f(1);": "2",
    "int F(int x) { int G(int y) { return x + y; } x = 10; return G(1); } return F(1);": "11",
    # Variables and blocks
    'const int N = 5; const string S = "a" + "b"; return S + N;': "ab5",
    "int x = 1; { int y = 2; x += y; } { int y = 3; x += y; } return x;": "6",
    "int x; if (true) x = 1; else x = 2; return x;": "1",
    "var class_ = 1; var @for = 2; var lambda = 3; var None = 4; var é = 5; return class_ + @for + lambda + None + é;": "15",
    "int step = 1, record = 2, expression = 3, excerpt = 4; return step + record + expression + excerpt;": "10",
    "var x = 0; if (x == 0) { x = 1; } else if (x == 1) { x = 2; } else x = 3; return x;": "1",
    "checked { int x = int.MaxValue; try { x++; } catch (OverflowException) { return 1; } return x; }": "1",
    "unchecked { int x = int.MaxValue; x++; return x; }": "-2147483648",
    ";;; return 1;": "1",
    "return (string)null;": "null",
}


@pytest.mark.parametrize(("code", "expected"), ROWS.items(), ids=[code[:60] for code in ROWS])
def test_value(code: str, expected: str, value_of: Callable[[str], str]) -> None:
    assert value_of(f"@{{ {code} }}") == expected
