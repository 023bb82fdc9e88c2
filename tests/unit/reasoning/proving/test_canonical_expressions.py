"""Canonical expressions: the same form only where a rule of C# gives the same value, errors and effects."""

from __future__ import annotations

import pytest

from apimpolicy.reasoning.proving.canonical_expressions import canonical
from apimpolicy.text.source import Excerpt

P, Q = (f'context.Request.Headers.ContainsKey("{name}")' for name in "PQ")
M = "context.Request.Method"
N, D = "context.Request.Headers.Count", "context.Elapsed.TotalSeconds"
SAME = [
    (f"({P})", P),
    (f"!!{P}", P),
    (f"{P} == true", P),
    (f"true == {P}", P),
    (f"{P} != true", f"!{P}"),
    (f"{P} == false", f"!{P}"),
    (f"{P} != false", P),
    (f"!({P} && {Q})", f"!{P} || !{Q}"),
    (f"!({P} || {Q})", f"!{P} && !{Q}"),
    (f"({P} && {Q}) && {P}", f"{P} && ({Q} && {P})"),
    (f"true && {P}", P),
    (f"{P} && true", P),
    (f"{P} || false", P),
    (f"false && {P}", "false"),
    (f"true || {P}", "true"),
    (f'"GET" == {M}', f'{M} == "GET"'),
    (f'!({M} == "GET")', f'{M} != "GET"'),
    *((f"1 {one} {N}", f"{N} {other} 1") for one, other in {"<": ">", ">": "<", "<=": ">=", ">=": "<="}.items()),
    *((f"!({N} {one} 1)", f"{N} {other} 1") for one, other in {"<": ">=", ">": "<=", "<=": ">", ">=": "<"}.items()),
]
OTHER = [
    (P, Q),
    (P, f"!{P}"),
    (f"{P} && {Q}", f"{P} || {Q}"),
    (f"{P} && {Q}", f"{Q} && {P}"),  # the first one decides whether the second one is evaluated
    (f"{P} && false", "false"),  # what stands first is evaluated, and may throw
    (f"{P} || true", "true"),
    (f"!({P} && {Q})", f"!{P} && !{Q}"),
    (f'"GET" == {M}', f'{M} == "PUT"'),
    (f"1 < {N}", f"{N} < 1"),
    (f"{N} < 1", f"{N} <= 1"),
    (f"!({D} < 1)", f"{D} >= 1"),  # neither of a number that is none
]


def form(code: str) -> object:
    text = f"@({code})"
    return canonical(Excerpt.of(text))


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same(one: str, other: str) -> None:
    assert form(one) == form(other)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_not_the_same(one: str, other: str) -> None:
    assert form(one) != form(other)
