"""What a proof knows of values without an exact term: expressions that no request makes true, and near ones."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

pytest.importorskip("z3")

from tests.unit.reasoning.proving import policy_pairs as pairs

from apimpolicy import compile_expression
from apimpolicy.reasoning.proving.proof import Proof
from apimpolicy.reasoning.semantics.facts import escapes

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


ESCAPES = {
    "context.Request.Method": False,
    'context.Request.Headers.ContainsKey("a")': False,
    "context.Request == null": False,
    "context.Request is IRequest": False,
    "context.Response?.StatusCode": False,
    "(context.Response ?? context.Response) == null": False,
    "{ var r = context.Request; return r.Method; }": False,
    "{ foreach (var h in context.Request.Headers) { return h.Key; } return null; }": False,
    "context.Request.Headers.Select(h => h.Key).First()": False,
    "context.Request": True,
    "context.Variables": True,
    "(object)context.Request": True,
    "context.Request is IRequest r && r.Method == null": True,
    "new List<object> { context.Request }": True,
    "new { R = context.Request }.R.Method": True,
    "(context.Request, 1).Item1.Method": True,
    "{ object r = context.Request; return r == null; }": True,
    "{ Func<IRequest> f = () => context.Request; return f().Method; }": True,
    "((IDictionary<string, object>)context.Variables).Count": True,
    "context.Request.Headers.Cast<object>().Count()": True,
}
"""Whether an object of the gateway is used in another way than to read its members, so that more may change it."""


@pytest.mark.parametrize("code", ESCAPES)
def test_an_object_of_the_gateway_is_followed_as_long_as_its_members_are_read(code: str) -> None:
    text = f"@{code}" if code.startswith("{") else f"@({code})"
    assert escapes(compile_expression(text).bound.body) is ESCAPES[code]
