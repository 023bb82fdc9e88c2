"""What a proof knows of values without an exact term: expressions that no request makes true, and near ones."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

pytest.importorskip("z3")

from tests.unit.reasoning.proving import policy_pairs as pairs

from apimpolicy import compile_expression
from apimpolicy.reasoning.proving.proof import Proof

M, N = "context.Request.Method", "context.Request.Method.Length"
H = 'context.Request.Headers.GetValueOrDefault("X", "")'
NEVER = [
    f'({N} + "") == "3" && {N} != 3',
    f'({N} + "") == "03"',
    f'({N} - 5).ToString() == "-0"',
    f'$"{{{N}}}" == "x"',
    f"{N} < 0",
    f'{M} == {M}.ToLower() && {M} == "GET"',
    f'{H}.Trim() == "a "',
    f"{H}.Split(',')[0].Contains(\",\")",
    f"{H}.IndexOf('a') < -1",
    f'!context.Request.Headers.ContainsKey("X") && {H} != ""',
    f'int.Parse({H}) == 5 && {H} == "6"',
    f'{H}.ToUpper() == "a"',
    f"({H} == \"a\") != ({H}.Length == 1 && {H}[0] == 'a')",
    'context.Request.Headers.ContainsKey("x") != context.Request.Headers.ContainsKey("X")',
    f'bool.Parse({H}) && {H} == "false"',
]
COUNTS = ("context.Request.Headers", "X"), ("context.Request.Url.Query", "q")
NEVER += [f'{of}.ContainsKey("{name}") && {of}.Count == 0' for of, name in COUNTS]
NEVER += [f'{of}.Count == 0 && {of}.ContainsKey("{name}")' for of, name in COUNTS]
NEVER += ["context.Request.Headers.Count == 0", "context.Request.Url.Query.Count < 0"]
NEVER += ["context.Request.Url.Host != context.Request.Url.Host"]
POSSIBLE = [
    "context.Request.Url.Query.Count == 0",
    "context.Elapsed.ToString() != context.Elapsed.ToString()",
    "context.Elapsed != context.Elapsed",
    "DateTime.UtcNow != DateTime.UtcNow",
    "Guid.NewGuid() != Guid.NewGuid()",
    "new Random().Next(9) != new Random().Next(9)",
    f'({N} + "") == "3"',
    f'({N} - 5).ToString() == "-1"',
    f"{N} == 0 || {N} > 8",
    f'{H}.Trim() == "a" && {H} != "a"',
    f"{H}.Split(',')[1].Contains(\"a\")",
    f'int.Parse({H}) == 5 && {H} != "5"',
    f'bool.Parse({H}) && {H} != "true"',
    f'context.Request.Headers.ContainsKey("X") && {H} == ""',
]


@cache
def proof() -> Proof:
    made = pairs.harness(pairs.document())
    assert made is not None
    return Proof(made.program, made.first, {}, scopes=made.scopes)


def is_never(code: str) -> Any:
    made = proof()
    return made.question(made.expression(compile_expression(f"@({code})"), made.outcome.start)).decide().is_proven


@pytest.mark.parametrize("code", NEVER)
def test_a_contradiction_is_proven(code: str) -> None:
    assert is_never(code)


@pytest.mark.parametrize("code", POSSIBLE)
def test_what_is_possible_is_never_proven_impossible(code: str) -> None:
    assert not is_never(code)
