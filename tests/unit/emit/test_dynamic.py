# ruff: noqa: E501 - the rows of a table keep their line
"""`dynamic`: operations are bound when they run, with the types that the values have then."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apimpolicy.context.execution import Context
from apimpolicy.emit.dynamic_sites import RuntimeBinderException
from apimpolicy.emit.expression import compile_expression

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = {
    "dynamic d = 5; return d + 1;": "6",
    'dynamic d = "abc"; return d.Length + d.Substring(1).ToUpper();': "3BC",
    "dynamic d = 5; int x = d; long y = d; double z = d * 2.5; return x + y + z;": "22.5",
    "dynamic d = 5.5; return (int)d;": "5",
    "dynamic d = new List<int> { 1, 2 }; d.Add(3); d[0] = 10; int s = 0; foreach (var x in d) s += x; return s + d.Count;": "18",
    'dynamic d = JObject.Parse("{\\"a\\": {\\"b\\": 5}}"); int b = d.a.b; d.c = 3; return b + (string)d.c;': "53",
    'dynamic d = JObject.Parse("{}"); return d.a == null;': "True",
    "dynamic d = 3; return Math.Max(d, 4L);": "4",
    'dynamic d = 3; d++; d += 2; if (d == 6) return "six"; return "no";': "six",
    "dynamic d = true; return d ? 1 : 2;": "1",
    'dynamic d = new { A = 1, B = "x" }; return d.A + d.B;': "1x",
    'dynamic d = 1; return d.ToString("D3") + d.GetType().Name;': "001Int32",
    'dynamic d = 1; return string.Format("{0}-{1}", d, 2);': "1-2",
    'dynamic d = "5"; return int.Parse(d) + 1;': "6",
    "byte q = 1; dynamic d = q; byte b = d; return b;": "1",
    "dynamic d = null; int? x = d; return x.HasValue;": "False",
    'var list = new List<dynamic> { 1, "a" }; return list[0] + list[1];': "1a",
    'dynamic d = "abc"; return d?.Length;': "3",
    'dynamic d = null; return d?.Length ?? "none";': "none",
    'dynamic d = 3; return $"{d:D4}";': "0003",
    "dynamic d = 7; return new TimeSpan(d).Ticks;": "7",
    "int F(int a) => a + 1; dynamic d = 4; return F(d);": "5",
    'Func<dynamic, dynamic> f = x => x + x; return f("a") + f(1);': "aa2",
    "dynamic d = 5; return -d + (d is int ? 1 : 0);": "-4",
    # delegates
    "Func<int, long, long> f = (x, y) => x + y; dynamic d = f; return d(4, 5);": "9",
    "int F(int x) => x * 2; dynamic d = (Func<int, int>)F; return d(4) + d.Invoke(1);": "10",
    'dynamic d = (Func<string, int>)int.Parse; return d("41") + 1;': "42",
    'dynamic d = (Func<dynamic, dynamic>)(x => x + x); return d("a") + d(2);': "aa4",
    "Func<int, int> f = x => x + 1; dynamic d = new { F = f }; return d.F(4);": "5",
    # the operators of a JValue: on its left side they are Newtonsoft's
    'dynamic d = JObject.Parse("{\\"a\\": 7, \\"b\\": 3}"); return d.a + d.b;': "10",
    'dynamic d = JObject.Parse("{\\"a\\": 7}"); int x = d.a + 1; return x + (d.a + 1).GetType().Name;': "8JValue",
    'dynamic d = JObject.Parse("{\\"a\\": 7}"); return d.a / 2 + "," + d.a / 2.0 + "," + d.a * 2m;': "3,3.5,14",
    'dynamic d = JObject.Parse("{\\"a\\": 7}"); return d.a - "3";': "4",
    'dynamic d = JObject.Parse("{\\"a\\": 7}"); return d.a - "x";': "FormatException",
    'dynamic d = JObject.Parse("{\\"a\\": 7}"); return d.a / 0;': "DivideByZeroException",
    'dynamic d = JObject.Parse("{\\"a\\": 9223372036854775807}"); return d.a + 1;': "-9223372036854775808",
    'dynamic d = JObject.Parse("{\\"a\\": 5}"); return d.a == 5 && d.a == "5" && d.a < 5.5 && d.a != 4;': "True",
    'dynamic d = JObject.Parse("{\\"s\\": \\"x\\"}"); return d.s == "x" ? d.s + "y" + d.s : "";': "xyx",
    'dynamic d = JObject.Parse("{\\"n\\": null}"); return d.n == null && (d.n + 1).Type == JTokenType.Null;': "True",
    'dynamic d = JObject.Parse("{\\"t\\": \\"2024-01-02T00:00:00Z\\"}"); return d.t < DateTime.UtcNow;': "True",
    'dynamic d = JObject.Parse("{\\"a\\": 7}"); d.a += 3; return (string)d.a;': "10",
}

REFUSED = {
    "dynamic d = 5; return d.Foo;": "'int' does not contain a definition for 'Foo'",
    'dynamic d = "abc"; return d.Substring("x");': "The best overloaded method match for 'string.Substring(int)' has some invalid arguments",
    'dynamic d = "abc"; return d.Substring(1, 2, 3);': "No overload for method 'Substring' takes 3 arguments",
    'dynamic d = "abc"; return d - 1;': "Operator '-' cannot be applied to operands of type 'string' and 'int'",
    "dynamic d = null; return d - 1 + d.Length;": "Cannot perform runtime binding on a null reference",
    "dynamic d = null; int x = d; return x;": "Cannot convert null to 'int' because it is a non-nullable value type",
    'dynamic d = "a"; int x = d; return x;': "Cannot implicitly convert type 'string' to 'int'",
    "dynamic d = 5.5; int x = d; return x;": "Cannot implicitly convert type 'double' to 'int'. An explicit conversion exists (are you missing a cast?)",
    "dynamic d = 255; byte b = d; return b;": "Cannot implicitly convert type 'int' to 'byte'. An explicit conversion exists (are you missing a cast?)",
    'dynamic d = "a"; return (int)d;': "Cannot convert type 'string' to 'int'",
    "dynamic d = 5; return d[0];": "Cannot apply indexing with [] to an expression of type 'int'",
    "dynamic d = new[] { 1, 2 }; return d.Select(1);": "'int[]' does not contain a definition for 'Select'",
    "dynamic d = 1; d.Foo = 2; return 1;": "'int' does not contain a definition for 'Foo'",
    "dynamic d = 1; return d && true;": "Cannot implicitly convert type 'int' to 'bool'",
    "dynamic d = 5; return d();": "Cannot invoke a non-delegate type",
    "dynamic d = null; return d(1);": "Cannot perform runtime binding on a null reference",
    'Func<int, int> f = x => x; dynamic d = f; return d("a");': "Delegate 'System.Func<int,int>' has some invalid arguments",
    "Func<int, int> f = x => x; dynamic d = f; return d(1, 2);": "Delegate 'System.Func<int,int>' does not take '2' arguments",
    'dynamic d = JObject.Parse("{\\"a\\": 7}"); return d.a % 2;': "Operator '%' cannot be applied to operands of type 'Newtonsoft.Json.Linq.JValue' and 'int'",
    'dynamic d = JObject.Parse("{\\"a\\": 7}"); return 1 + d.a;': "Operator '+' cannot be applied to operands of type 'int' and 'Newtonsoft.Json.Linq.JValue'",
    'dynamic d = JObject.Parse("{\\"a\\": 7}"); return -d.a;': "Operator '-' cannot be applied to operand of type 'Newtonsoft.Json.Linq.JValue'",
    'dynamic d = JObject.Parse("{\\"a\\": 7}"); d.a++; return d;': "Operator '++' cannot be applied to operand of type 'Newtonsoft.Json.Linq.JValue'",
    'dynamic d = JObject.Parse("{\\"b\\": true}"); return d.b + true;': "Operator '+' cannot be applied to operands of type 'Newtonsoft.Json.Linq.JValue' and 'bool'",
}


@pytest.mark.parametrize(("code", "expected"), ROWS.items())
def test_value(code: str, expected: str, value_of: Callable[[str], str]) -> None:
    assert value_of("@{" + code + "}") == expected


@pytest.mark.parametrize(("code", "message"), REFUSED.items())
def test_message_of_the_run_time_binder(code: str, message: str) -> None:
    with pytest.raises(RuntimeBinderException) as raised:
        compile_expression("@{" + code + "}").evaluate(Context())
    assert raised.value.message == message
    assert raised.value.span is not None


def test_a_policy_can_catch_it(value_of: Callable[[str], str]) -> None:
    code = '@{ dynamic d = 1; try { d.Foo(); } catch (Exception e) { return e.GetType().Name; } return ""; }'
    assert value_of(code) == "RuntimeBinderException"


def test_a_site_serves_all_types_that_come_by(value_of: Callable[[str], str]) -> None:
    code = '@{ var s = ""; foreach (dynamic d in new object[] { 1, "a", 2.5, 1, "b" }) s += d + d; return s; }'
    assert value_of(code) == "2aa52bb"
