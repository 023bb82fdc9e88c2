"""What a recorder keeps: every value in order, of loops the first rounds and the last values; all with overflow."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING, Any

import pytest

from apimpolicy.csharp.dotnet.environment import Environment, Limits, use_environment
from apimpolicy.csharp.emit import expression
from apimpolicy.csharp.emit.expression import CompiledExpression, compile_expression
from apimpolicy.csharp.emit.recording import ROUNDS, UNREACHED, Recorder
from apimpolicy.errors import LimitExceededError
from apimpolicy.gateway.context.execution import Context

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from apimpolicy.csharp.binding.nodes import Bound

SUM = "@{{ var n = 0; for (var i = 0; i < {rounds}; i++) {{ if (i % 3 == 0) {{ n += i; }} }} return n; }}"


def recorded(code: str, recorder: Recorder | None = None) -> tuple[Any, list[tuple[str, Any]], Recorder]:
    """The value of an expression, and the texts and values that were recorded."""
    recorder = recorder or Recorder()
    compiled = compile_expression(code)
    value = compiled.evaluate(Context(), recorder=recorder)
    return value, [(text_of(compiled, node), found) for node, found in recorder.entries], recorder


def text_of(compiled: CompiledExpression, node: Bound) -> str:
    return compiled.excerpt.text[node.syntax.start : node.syntax.end]


ROWS: dict[str, list[tuple[str, Any]]] = {
    '@("ab".Length + 1)': [('"ab".Length', 2), ('"ab".Length + 1', 3)],
    "@(new[] { 1, 2 }.Sum(x => x + 1))": [
        ("new[] { 1, 2 }", [1, 2]),
        ("new[] { 1, 2 }", [1, 2]),  # as the sequence that Sum takes
        ("x", 1),
        ("x + 1", 2),
        ("x", 2),
        ("x + 1", 3),
        ("new[] { 1, 2 }.Sum(x => x + 1)", 5),
    ],
    "@{ foreach (var c in \"ab\") { if (c == 'b') return c; } return 'z'; }": [
        ("c", "a"),
        ("c", 97),
        ("c == 'b'", False),
        ("c", "b"),
        ("c", 98),
        ("c == 'b'", True),
        ("c", "b"),
    ],
    '@{ foreach (var x in "ab") { x.ToString(); foreach (var y in x + "c") { y.ToString(); } x.Equals(\'b\'); }'
    " return 1; }": [
        ("x.ToString()", "a"),
        ('x + "c"', "ac"),
        ("y.ToString()", "a"),
        ("y.ToString()", "c"),
        ("x.Equals('b')", False),
        ("x.ToString()", "b"),
        ('x + "c"', "bc"),
        ("y.ToString()", "b"),
        ("y.ToString()", "c"),
        ("x.Equals('b')", True),
    ],
    "@{ for (var i = 0; i < 2; i++) { i.ToString(); } return 1; }": [
        ("i < 2", True),
        ("i.ToString()", "0"),
        ("i < 2", True),
        ("i.ToString()", "1"),
        ("i < 2", False),
    ],
    # both read their target twice: what was assigned in between must not be lost
    "@{ var t = (1, 2); t.Item1 = (t = (5, 6)).Item2; return t.Item1 * 10 + t.Item2; }": [],
    "@{ var t = (a: 1, b: 2); t.a++; t.a += 10; return t.a; }": [],
}


@pytest.mark.parametrize("code", ROWS)
def test_entries_in_order_of_evaluation(code: str) -> None:
    value, entries, recorder = recorded(code)
    assert value == compile_expression(code).evaluate(Context())
    if ROWS[code]:
        shown = [(text, list(found) if isinstance(found, list) else found) for text, found in entries]
        assert [pair for pair in shown if pair in ROWS[code]] == ROWS[code]
    assert recorder.rounds_left_out == 0
    assert not recorder.is_full


@pytest.mark.parametrize("rounds", [0, 1, ROUNDS - 1, ROUNDS, ROUNDS + 1, 1000])
def test_of_a_loop_the_first_rounds_and_the_last_values(rounds: int) -> None:
    value, entries, recorder = recorded(SUM.format(rounds=rounds))
    assert value == sum(range(0, rounds, 3))
    assert recorder.rounds_left_out == max(rounds - ROUNDS, 0)
    tests = [found for text, found in entries if text == "i % 3 == 0"]
    kept = [number % 3 == 0 for number in range(rounds)]
    assert tests == (kept if rounds <= ROUNDS else [*kept[:ROUNDS], kept[-1]])
    assert [found for text, found in entries if text == f"i < {rounds}"][-1] is False
    assert recorder.value_of(recorder.entries[-1][0]) == (True, value)


LEFT_ON_ANY_WAY = {
    "break": "@{ var i = 0; while (true) { i++; if (i == 500) break; } return i; }",
    "return": "@{ for (var i = 0; ; i++) { if (i == 500) { return i; } } }",
    "continue": "@{ var i = 0; do { i++; if (i < 500) continue; } while (i < 500); return i; }",
    "an exception that is caught": "@{ var i = 0; try { while (true) { i++; if (i == 500) throw new Exception(); } }"
    " catch (Exception) { return i; } }",
    "a loop in a loop": "@{ var n = 0; for (var i = 0; i < 2; i++) { foreach (var x in Enumerable.Range(0, 250))"
    " { n++; } } return n; }",
    "a switch in a loop": "@{ var i = 0; while (i < 500) {"
    " switch (i % 2) { case 0: i++; break; default: i++; break; } } return i; }",
    "a lambda in a loop": "@{ var i = 0; while (new[] { 1, 2 }.Any(x => x + i > 0) && i < 500) { i++; } return i; }",
}


@pytest.mark.parametrize("name", LEFT_ON_ANY_WAY)
def test_a_loop_is_left(name: str) -> None:
    value, entries, recorder = recorded(LEFT_ON_ANY_WAY[name])
    assert value == 500
    assert 399 <= recorder.rounds_left_out <= 401
    assert len(entries) < 3_000
    assert 500 in [found for _, found in recorder.entries[-12:]]


def test_rounds_of_an_inner_loop_are_counted_over_all_its_runs() -> None:
    code = "@{ var n = 0; for (var i = 0; i < 300; i++) { for (var j = 0; j < 300; j++) { n += 1; } } return n; }"
    value, _, recorder = recorded(code)
    assert value == 90_000
    assert len(recorder.entries) < 3_000


@pytest.mark.parametrize("limit", [0, 50, 10_000])
def test_overflow_is_told_of_all_that_is_not_kept(limit: int) -> None:
    told: list[tuple[str, Any]] = []
    code = SUM.format(rounds=1000)
    compiled = compile_expression(code)

    class Told:
        def take(self, node: Bound, value: Any) -> None:
            told.append((text_of(compiled, node), value))

        def of_loop(self, nodes: Sequence[Bound]) -> Callable[[Sequence[Any]], None]:
            return lambda values: [
                self.take(node, value) for node, value in zip(nodes, values, strict=True) if value is not UNREACHED
            ]

    value, entries, recorder = recorded(code, Recorder(limit, Told()))
    assert value == sum(range(0, 1000, 3))
    assert recorder.is_full == (limit < 500)
    tests = [found for text, found in [*entries, *told] if text == "i % 3 == 0"]
    assert tests.count(True) == 334 + 1  # the loop's last value is kept besides


@pytest.mark.parametrize("code", ["@{ while (true) { } }", "@(Enumerable.Range(0, 1000000).Count(x => x > 1))"])
def test_memory_is_bounded(code: str) -> None:
    recorder = Recorder()
    with use_environment(Environment(limits=Limits(steps=200_000))), pytest.raises(LimitExceededError):
        compile_expression(code).evaluate(Context(), recorder=recorder)
    assert len(recorder.entries) <= recorder.limit + 1


@pytest.mark.parametrize("code", [*ROWS, *LEFT_ON_ANY_WAY.values(), "@{ goto a; a: return context.Request.Method; }"])
def test_what_is_recorded_once_runs_once(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`once` stands in no loop and no function, and once for a node."""
    trees: list[ast.Module] = []

    def compile_and_keep(tree: ast.Module, *arguments: Any, **options: Any) -> Any:
        trees.append(tree)
        return builtins.compile(tree, *arguments, **options)

    monkeypatch.setattr(expression, "compile", compile_and_keep, raising=False)
    expression.emit(compile_expression(code).bound, recording=True)
    (function,) = trees[0].body
    nodes = [call.args[0].id for call in recordings(function, "once")]  # type: ignore[attr-defined]
    assert len(nodes) == len(set(nodes))
    for inner in ast.walk(function):
        if isinstance(inner, (ast.While, ast.For, ast.Lambda, ast.FunctionDef)) and inner is not function:
            parts = [inner.iter] if isinstance(inner, ast.For) else []
            assert not [call for call in recordings(inner, "once") if not any(call in ast.walk(p) for p in parts)]


def recordings(tree: ast.AST, name: str) -> list[ast.Call]:
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
    ]
