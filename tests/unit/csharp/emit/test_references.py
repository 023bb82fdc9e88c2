# ruff: noqa: E501 - the rows of a table keep their line
"""`ref` locals, `ref` returns and `ref` arguments: other names for one variable."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = {
    "ref int G(int[] a) => ref a[0]; var arr = new[] { 1 }; G(arr) = 5; return arr[0];": "5",
    "int a = 1; ref int b = ref a; b = 2; b += 3; return a;": "5",
    'var arr = new[] { 1, 2, 3 }; ref var x = ref arr[1]; x++; x = ref arr[2]; x = 10; return string.Join(",", arr);': "1,3,10",
    "ref int P(ref int p, ref int q, bool f) { if (f) return ref p; return ref q; } int a = 1, b = 2;"
    ' P(ref a, ref b, false) = 9; P(ref a, ref b, true)++; return a + "," + b;': "2,9",
    'int a = 1, b = 2; ref int m = ref (a > b ? ref a : ref b); m = 7; return a + "," + b;': "1,7",
    'int a = 1, b = 2; (a < b ? ref a : ref b) = 7; return a + "," + b;': "7,2",
    "var t = (1, 2); ref int x = ref t.Item2; x = 5; return t;": "(1, 5)",
    "var a = new int[2, 2]; ref int r = ref a[1, 1]; r = 4; return a[1, 1];": "4",
    "var a = new int[1]; ref int r = ref a[1]; return r;": "IndexOutOfRangeException",
    "void T(ref int v) { ref int w = ref v; w *= 2; w *= 2; } int n = 3; T(ref n); return n;": "12",
    "Func<int, int> f = x => { ref int y = ref x; y++; return x; }; return f(4);": "5",
    "int total = 0; void Add() { total += 5; } ref int r = ref total; Add(); r += 1; Add(); return total;": "11",
    'int.TryParse("5", out var n); ref int r = ref n; r++; return n;': "6",
    "var fs = new List<Func<int>>(); for (int i = 0; i < 3; i++) { int j = i; ref int k = ref j; k += 10; fs.Add(() => j); }"
    ' return string.Join(",", fs.Select(f => f()));': "10,11,12",
    # the parts of an argument are evaluated once
    'void Inc(ref int v) { v++; } int n = 0; var a = new int[3]; Inc(ref a[n++]); return n + "," + string.Join(",", a);': "1,1,0,0",
    'int n = 0; var a = new int[3]; int.TryParse("7", out a[n++]); return n + "," + string.Join(",", a);': "1,7,0,0",
    # ref readonly
    "int y = 1; ref readonly int x = ref y; y = 5; return x;": "5",
    "int y = 1, w = 9; ref readonly int x = ref y; x = ref w; w++; return x;": "10",
    "ref readonly int F(in int a) => ref a; int k = 3; return F(k);": "3",
    "ref readonly int F(int[] a) => ref a[0]; var b = new[] { 8 }; ref readonly var r = ref F(b); b[0]++; return r;": "9",
    "foreach (var y in new[] { 4 }) { ref readonly int x = ref y; return x; } return 0;": "4",
}


@pytest.mark.parametrize(("code", "expected"), ROWS.items())
def test_value(code: str, expected: str, value_of: Callable[[str], str]) -> None:
    assert value_of("@{" + code + "}") == expected
