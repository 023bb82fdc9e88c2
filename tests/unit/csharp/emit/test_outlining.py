"""Statements that moved into functions of their own do what they did in their place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from apimpolicy.csharp.binding import bind
from apimpolicy.csharp.dotnet.environment import Environment, use_environment
from apimpolicy.csharp.dotnet.exceptions import DotnetException
from apimpolicy.csharp.dotnet.system.objects import text
from apimpolicy.csharp.dotnet.values import box
from apimpolicy.csharp.emit import expression, outlining
from apimpolicy.csharp.emit.runtime import as_policy_error
from apimpolicy.csharp.syntax.parser import parse
from apimpolicy.errors import ApimPolicyError, PolicySyntaxError
from apimpolicy.gateway.context.execution import Context
from apimpolicy.text.source import Excerpt

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable

    from apimpolicy.csharp.binding import BoundExpression

CONFORMANCE = Path(__file__).parents[3] / "conformance" / "expressions"

CODES = [
    "int n = 0; while (true) { while (true) { if (n++ > 5) return n; } }",
    "int n = 0; for (int i = 0; i < 9; i++) { foreach (var j in new[] { 1, 2, 3 }) { if (j == 2) continue; n += j; } }"
    " return n;",
    "int n = 0; while (n < 100) { try { n++; if (n == 7) break; if (n % 2 == 0) continue; } finally { n += 10; } }"
    " return n;",
    "int n = 0; while (true) { switch (n) { case 0: n = 3; continue; case 3: goto case 5; case 5: n = 9; break;"
    " default: return n; } }",
    "var all = new List<Func<int>>(); for (int i = 0; i < 3; i++) { int k = i; while (true) {"
    " all.Add(() => k++); break; } } return all.Select(f => f() + f()).Sum();",
    "int n = 0; void Add(int k) { while (k-- > 0) { n++; while (n % 3 == 0) n++; } } Add(5); return n;",
    'try { while (true) { try { throw new Exception("a"); } catch (Exception e) { if (e.Message == "a") throw; } } }'
    " catch (Exception e) { return e.Message + e.GetType(); }",
    'string s = ""; foreach (var c in "abc") { using (var r = new StringReader("x" + c)) { while (true) {'
    " int k = r.Read(); if (k < 0) break; s += (char)k; } } } return s;",
    "int x; int y = 0; while (true) { while (true) { x = 5; if (y++ > 2) break; } break; } return x + y;",
    "int n = 0; do { do { n++; if (n == 4) continue; if (n > 6) break; } while (n < 9); n += 100; } while (n < 300);"
    " return n;",
    "long total = 0; foreach (var a in new[] { 1, 2 }) foreach (var b in new[] { 3, 4 }) "
    "foreach (var c in new[] { 5, 6 }) { total += a * b * c; if (total > 40) { goto done; } } done: return total;",
]


def rows() -> list[str]:
    codes = [f"@{{ {code} }}" for code in CODES]
    for path in sorted(CONFORMANCE.glob("*.jsonl")):
        codes.extend(json.loads(line)["expr"] for line in path.read_text("utf-8").splitlines())
    return [
        code
        for code in codes
        if code.startswith("@{") and any(word in code for word in ("while", "for", "try", "switch"))
    ]


def outcome(bound: BoundExpression) -> Any:
    with use_environment(Environment(seed=1, utc_now=lambda: 638_000_000_000_000_000)):
        try:
            value = expression.emit(bound)(Context())
            return type(value).__name__, text(box(bound.type, value))
        except DotnetException as error:
            return error.dotnet_type_name, error.message
        except ApimPolicyError as error:
            return type(error).__name__, str(error)
        except Exception as error:
            return type(as_policy_error(error)).__name__, str(error)


def outlined_always(function: Callable[..., Any]) -> Callable[..., Any]:
    def compiled(made: Any, tree: ast.FunctionDef, filename: str) -> Any:
        return function(made, outlining.outlined(tree, made.fresh), filename)

    return compiled


@pytest.mark.parametrize("most", [0, 5])
def test_outlined_code_does_the_same(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = 0
    plain = expression._compiled
    monkeypatch.setattr(outlining, "MOST_BLOCKS", most)
    for code in rows():
        excerpt = Excerpt.of(code)
        try:
            bound = bind(parse(excerpt), excerpt)
        except PolicySyntaxError:
            continue
        if bound.diagnostics or "Guid.NewGuid" in code or "Random" in code:
            continue
        monkeypatch.setattr(expression, "_compiled", plain)
        expected = outcome(bound)
        monkeypatch.setattr(expression, "_compiled", outlined_always(plain))
        assert outcome(bound) == expected, code
        compared += 1
    assert compared > 40
