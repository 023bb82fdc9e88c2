"""What calls cost: no member that takes or gives a text or a collection goes free without saying so."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from apimpolicy.csharp.dotnet import costs
from apimpolicy.csharp.dotnet.environment import Environment, Limits, use_environment
from apimpolicy.csharp.dotnet.metadata import all_definitions
from apimpolicy.csharp.dotnet.registry import Implementation, find_implementation
from apimpolicy.csharp.dotnet.signatures import Method, Property
from apimpolicy.csharp.emit.expression import compile_expression
from apimpolicy.errors import LimitExceededError
from apimpolicy.gateway.context.execution import Context

SAID_TO_BE_FREE = frozenset(
    {"ContextExtensions", "DictionaryExtensions", "System.Collections.Generic.CollectionExtensions"}
)
"""Types whose members look something up; besides them only `Enumerable`, whose operators count elements."""


def members() -> list[tuple[str, Method | Property, Implementation]]:
    found = []
    for definition in all_definitions():
        for member in definition.all_members():
            implementation = find_implementation(definition, member.signature)
            if isinstance(member, (Method, Property)) and implementation is not None:
                found.append((definition.name, member, implementation))
    return found


def test_every_member_with_a_length_costs() -> None:
    assert len(members()) > 3000
    for name, member, implementation in members():
        counted = any(map(costs.is_counted, costs.passed_types(member)))
        if not counted or implementation.form == "attribute" or isinstance(member, Property):
            continue
        cost = costs.cost_of(implementation, member)
        if cost == costs.FREE:
            is_declared = getattr(implementation.body, "counts_itself", False)
            is_known = name in SAID_TO_BE_FREE or name == "System.Linq.Enumerable"
            assert is_known or is_declared, f"{name}: {member.signature} is free"


COUNTERS = frozenset({"joined", "new_elements", "new_string", "step", "work_through"})
"""What a body calls to count what it works through."""


def test_a_body_that_is_said_to_count_does() -> None:
    declared = [found for _, _, found in members() if getattr(found.body, "counts_itself", False)]
    assert len(declared) > 50
    for implementation in declared:
        assert not COUNTERS.isdisjoint(implementation.body.__code__.co_names), implementation


def test_the_name_of_an_attribute_makes_nothing_free() -> None:
    def body(given: Any) -> Any:
        return given.step + given.joined

    _, member, implementation = next(found for found in members() if found[1].signature == "string Trim()")
    other = Implementation(implementation.form, body, implementation.name, implementation.types)
    assert costs.cost_of(other, member) is costs.USUAL


def steps(code: str) -> int:
    here = Environment()
    with use_environment(here):
        compile_expression(code).evaluate(Context())
    return here.limits.steps - here.steps_left


@pytest.mark.parametrize(
    ("call", "least"),
    [
        ("Uri.IsWellFormedUriString(s, UriKind.Absolute) ? 1 : 0", 1000),
        ("string.IsNullOrWhiteSpace(s) ? 1 : 0", 1000),
        ("System.Net.WebUtility.HtmlEncode(s).Length", 40_000),
        ("Regex.Escape(s).Length", 40_000),
    ],
)
def test_a_call_pays_for_the_length_of_its_arguments(call: str, least: int) -> None:
    assert steps(f"@{{ var s = new string('a', 100000); return {call}; }}") >= least


def test_a_short_text_costs_nothing() -> None:
    assert steps("@(string.IsNullOrWhiteSpace(context.Request.Method) ? 1 : 0)") == 0


def test_what_a_call_makes_has_the_limit_of_strings() -> None:
    with use_environment(Environment(limits=Limits(string_length=10_000))), pytest.raises(LimitExceededError):
        compile_expression("@(Uri.EscapeDataString(new string('/', 9000)))").evaluate(Context())


def test_an_own_cost() -> None:
    cost = costs.Cost(product=(0, 1), units=10, extra=3)
    assert cost.before(("abcde", [1, 2, 3, 4])) == 5
    assert costs.Cost(extra=7, takes=False).before(("a" * 9999,)) == 7


@pytest.mark.parametrize(
    "code",
    [
        "@{ int n = 0; void F() { try { F(); } finally { n++; F(); } } F(); return n; }",
        "@{ try { while (true) { } } finally { while (true) { } } return 1; }",
        "@{ IEnumerable<int> F() { try { while (true) yield return 1; } finally { while (true) { } } }"
        " foreach (var i in F()) { while (true) { } } return 1; }",
        "@{ IEnumerable<int> F() { try { yield return 1; while (true) { } } finally { while (true) { } } }"
        " return F().Count(); }",
    ],
)
def test_after_a_limit_nothing_runs(code: str) -> None:
    here = Environment(limits=Limits(steps=200_000))
    with use_environment(here), pytest.raises(LimitExceededError) as raised:
        compile_expression(code).evaluate(Context())
    assert raised.value.limit in ("steps", "recursion")
    assert here.is_over


def test_an_iterator_that_is_left_early_ends() -> None:
    code = (
        '@{ var s = ""; IEnumerable<int> F() { try { yield return 1; yield return 2; } finally { s += "end"; } }'
        " var first = F().First(); return s + first; }"
    )
    assert compile_expression(code).evaluate(Context()) == "end1"


def test_an_iterator_of_an_evaluation_that_is_over_runs_nothing_when_python_lets_go_of_it() -> None:
    code = (
        "@{ IEnumerable<int> F() { try { while (true) yield return 1; } finally { while (true) { } } }"
        " foreach (var i in F()) { while (true) { } } return 1; }"
    )
    held: list[BaseException] = []
    with use_environment(Environment(limits=Limits(steps=10_000))), pytest.raises(LimitExceededError) as raised:
        compile_expression(code).evaluate(Context())
    held.append(raised.value)
    del raised
    later = Environment()
    with use_environment(later):
        held.clear()
        gc.collect()
    assert later.steps_left == later.limits.steps
