"""`apimpolicy eval`: one expression, and many."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize(
    ("expression", "out"),
    [
        ("@(1 + 2 * 3)", "7\nint\n"),
        ("7 / 2", "3\nint\n"),
        ("@(context.Request.Method)", "GET\nstring\n"),
        ("(object)1L", "1\nobject, at run time long\n"),
        ("(string)null", "null\nstring\n"),
        ("\"a,b\".Split(',')", '["a","b"]\nstring[]\n'),
    ],
)
def test_value_and_type(apimpolicy: Callable[..., Any], expression: str, out: str) -> None:
    assert apimpolicy("eval", expression) == (0, out, "")


@pytest.mark.parametrize(
    "text", ["subscription-key=abc|https://backend", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.sig", "a?code=" + "x" * 30]
)
def test_what_the_user_wrote_is_no_secret(apimpolicy: Callable[..., Any], text: str) -> None:
    assert apimpolicy("eval", f'"{text[:9]}" + "{text[9:]}"') == (0, f"{text}\nstring\n", "")


def test_secrets_of_a_context_are_hidden_with_a_note(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    contexts = {"contexts": {"a": {"request": {"method": "GET", "url": "https://h/x?subscription-key=abcdefgh12345"}}}}
    path = tmp_path / "contexts.json"
    path.write_text(json.dumps(contexts))
    code = 'context.Request.Url.QueryString + "|subscription-key=mine"'
    found = apimpolicy("eval", code, "--context", str(path))
    assert found.out == "?subscription-key=***|subscription-key=mine\nstring\n"
    assert "--show-secrets" in found.err
    shown = apimpolicy("eval", code, "--context", str(path), "--show-secrets")
    assert shown == (0, "?subscription-key=abcdefgh12345|subscription-key=mine\nstring\n", "")


def test_compile_only_and_standard_input(apimpolicy: Callable[..., Any]) -> None:
    assert apimpolicy("eval", "-", "--compile-only", stdin=b"@{ return 1m; }").out == "decimal\n"


def test_a_compiler_error(apimpolicy: Callable[..., Any]) -> None:
    found = apimpolicy("eval", "@(1 +)")
    assert found.code == 1
    assert found.err.startswith("<expression>:1:6: CS1525 error:")
    assert found.err.splitlines()[-1].split("|")[1] == "      ^"


@pytest.mark.parametrize(
    ("expression", "what", "column"),
    [
        ("@(1+", "its '(' is never closed", 2),
        ("@{ return 1", "its '{' is never closed", 2),
        ('@("a', "a string is never closed", 3),
        ("@(1 /* ", "a comment is never closed", 5),
    ],
)
def test_an_expression_that_never_ends(apimpolicy: Callable[..., Any], expression: str, what: str, column: int) -> None:
    found = apimpolicy("eval", expression)
    assert found.code == 1
    assert found.err.startswith(f"<expression>:1:{column}: POL015 error: the expression is not terminated: {what}")


def test_an_exception(apimpolicy: Callable[..., Any]) -> None:
    found = apimpolicy("eval", '@("a".Substring(2))')
    assert found.code == 1
    assert found.err.startswith("<expression>:1:3: System.ArgumentOutOfRangeException error: ")


@pytest.fixture
def contexts(tmp_path: Path) -> str:
    path = tmp_path / "contexts.json"
    path.write_text('{"contexts": {"post": {"request": {"method": "POST"}}, "put": {"request": {"method": "PUT"}}}}')
    return str(path)


def test_contexts(apimpolicy: Callable[..., Any], contexts: str) -> None:
    assert apimpolicy("eval", "context.Request.Method", "--context", contexts).out == "POST\nstring\n"
    named = ("--context", contexts, "--context-name")
    assert apimpolicy("eval", "context.Request.Method", *named, "put").out == "PUT\nstring\n"
    found = apimpolicy("eval", "context.Request.Method", *named, "patch")
    assert found.code == 2
    assert "there is no context 'patch'" in found.err
    assert "post, put" in found.err


def test_lines(apimpolicy: Callable[..., Any], contexts: str) -> None:
    questions = [
        {"id": 1, "expr": "@(1 + 1)"},
        {"id": "b", "expr": "@(context.Request.Method)", "context": "put"},
        {"id": 3, "expr": "@(1 +\n foo)"},
        {"id": 4, "expr": "@{ int x = 0; return 1 / x; }", "context": "put"},
        {"id": 5, "expr": '@{ context.Trace("t"); return "é"; }', "context": "post"},
        {"id": 6, "expr": "@(null as string)"},
    ]
    found = apimpolicy("eval", "--jsonl", "--contexts", contexts, stdin="\n".join(map(json.dumps, questions)).encode())
    assert found.code == 0
    answers = [json.loads(line) for line in found.out.splitlines()]
    assert answers[0] == {"id": 1, "static_type": "int", "runtime_type": "int", "value": "2", "constant": True}
    assert answers[1] == {"id": "b", "static_type": "string", "runtime_type": "string", "value": "PUT"}
    assert [(e["code"], e["line"], e["column"]) for e in answers[2]["errors"]] == [("CS0103", 2, 2)]
    assert answers[3] == {
        "id": 4,
        "static_type": "int",
        "exception": {"type": "System.DivideByZeroException", "message": "Attempted to divide by zero."},
    }
    assert answers[4] == {"id": 5, "static_type": "string", "runtime_type": "string", "value": "é", "trace": ["t"]}
    assert answers[5]["runtime_type"] == "<null>"
    assert answers[5]["value"] is None


def test_lines_that_are_no_questions(apimpolicy: Callable[..., Any]) -> None:
    found = apimpolicy(
        "eval", "--jsonl", "--compile-only", stdin=b'{"id": 1, "expr": "@(1)"}\nnonsense\n\n[]\n{"id": 9}\n'
    )
    assert found.code == 2
    answers = [json.loads(line) for line in found.out.splitlines()]
    assert answers[0] == {"id": 1, "static_type": "int", "constant": True}
    assert [answer["line"] for answer in answers[1:]] == [2, 4, 5]
    assert all("error" in answer for answer in answers[1:])
