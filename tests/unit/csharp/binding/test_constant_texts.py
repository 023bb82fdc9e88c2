"""Constant texts that are concatenated: their values, and what they take."""

from __future__ import annotations

import tracemalloc

import pytest

from apimpolicy.csharp.binding import bind, constants
from apimpolicy.csharp.binding.nodes import NOT_CONSTANT, Binary, Expression
from apimpolicy.csharp.emit.expression import compile_expression
from apimpolicy.csharp.syntax.parser import parse
from apimpolicy.errors import LimitExceededError
from apimpolicy.text.source import Excerpt

LINKS, PART = 2_000, "x" * 100


def bound(code: str) -> Expression:
    excerpt = Excerpt.of(code)
    found = bind(parse(excerpt), excerpt)
    assert not found.diagnostics
    body = found.body
    assert isinstance(body, Expression)
    return body


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ('@("a" + "b")', "ab"),
        ('@("a" + null + "b" + "")', "ab"),
        ('@("a" + ("b" + ("c" + "d")) + "e")', "abcde"),
        ('@(("a" + "b") + ("c" + "d"))', "abcd"),
        ("@(nameof(context) + nameof(context.Request))", "contextRequest"),
        ('@((true ? "a" + "b" : "c") + "d" + (false ? "e" : "f" + "g"))', "abdfg"),
        ('@((string)("a" + "b") + "c")', "abc"),
    ],
)
def test_values(code: str, text: str) -> None:
    found = bound(code)
    assert found.constant == text
    assert compile_expression(code).evaluate(None) == text  # type: ignore[arg-type]


def test_each_link_has_its_own_text() -> None:
    found = bound('@("a" + "b" + "c" + "d")')
    texts = []
    while isinstance(found, Binary):
        texts.append(found.constant)
        found = found.left
    assert texts == ["abcd", "abc", "ab"]


def test_two_texts_that_begin_alike_do_not_mix() -> None:
    code = '@{ const string A = "a" + "b"; const string B = A + "c"; const string C = A + "d"; return A + B + C; }'
    assert compile_expression(code).evaluate(None) == "ababcabd"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "link",
    [f'"{PART}"', f"nameof({PART})", f'(true ? "{PART}" : "")', f'(true ? "{PART}" + "" : "")', f'("" + "{PART}")'],
)
def test_a_chain_takes_what_its_text_does(link: str) -> None:
    head = f"@{{ var {PART} = 1; return " if "nameof" in link else "@("
    end = f" + {PART}; }}" if "nameof" in link else ")"
    excerpt = Excerpt.of(f"{head}{' + '.join([link] * LINKS)}{end}")
    tree = parse(excerpt)
    tracemalloc.start()
    found = bind(tree, excerpt)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert not found.diagnostics
    assert peak < LINKS * len(PART) * 40  # every prefix would be 1,000 times as much


def test_constants_that_repeat_a_long_one_are_left_to_run_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apimpolicy.csharp.binding.constants.MAX_FOLDED", 1_000)
    harmless = f'@{{ const string A = "{PART}"; return {" + ".join(["(A + 1)", *["(A + A)"] * 20])}; }}'
    assert compile_expression(harmless).evaluate(None) == f"{PART}1{PART * 40}"  # type: ignore[arg-type]
    needed = f'@{{ const string A = "{PART}"; {"".join(f"const string B{n} = A + A;" for n in range(20))} return A; }}'
    with pytest.raises(LimitExceededError, match="constant_text"):
        compile_expression(needed)


def test_a_text_that_is_too_long_is_no_error() -> None:
    doubled = "".join(f"const string A{n + 1} = A{n} + A{n};" for n in range(25))
    with pytest.raises(LimitExceededError, match="constant_text"):
        compile_expression(f'@{{ const string A0 = "x"; {doubled} return A0; }}')
    long = "x" * (constants.MAX_STRING - 1)
    assert bound(f'@("{long}" + "yz")').constant is NOT_CONSTANT
