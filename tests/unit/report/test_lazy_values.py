"""Lazy sequences in variables: a report walks over them within limits, and what they throw is a value."""

from __future__ import annotations

import json
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from apimpolicy import Gateway, Limits, Request
from apimpolicy.csharp.dotnet.environment import Environment, use_environment
from apimpolicy.csharp.dotnet.environment import environment as running
from apimpolicy.errors import LimitExceededError
from apimpolicy.report.explanation import explain
from apimpolicy.report.gateway_trace import gateway_trace
from apimpolicy.report.journey_html import journey_to_html
from apimpolicy.report.run_results import render, result_to_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.gateway.engine.result import Result

POLICY = """<policies><inbound>
    <set-variable name="endless" value="@(Enumerable.Range(0, int.MaxValue).Select(i => new string('x', 1000)))" />
    <set-variable name="large" value="@(Enumerable.Repeat(new string('x', 100000), 100000))" />
    <set-variable name="throws" value="@(Enumerable.Range(0, 3).Select(i => 1 / i))" />
    <set-variable name="null" value="@(Enumerable.Range(0, 3).Select(i => ((string)null).Length))" />
    <set-variable name="good" value="@(Enumerable.Range(0, 3).Select(i => i + 1))" />
</inbound></policies>"""
REPORTS: list[Callable[[Result], str]] = [
    result_to_json,
    lambda result: json.dumps(gateway_trace(result)),
    lambda result: str(explain(result)),
    lambda result: render(result, with_values=True),
    journey_to_html,
]


@pytest.fixture(scope="module")
def result() -> Result:
    return Gateway(limits=Limits(steps=100_000)).run(POLICY, Request.get("http://a/"))


@pytest.mark.parametrize("report", REPORTS)
def test_every_report_ends(report: Callable[[Result], str], result: Result) -> None:
    tracemalloc.start()
    text = report(result)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert text
    assert peak < 100 << 20


def test_what_happens_is_the_value(result: Result) -> None:
    shown = {name: found["value"] for name, found in json.loads(result_to_json(result))["variables"].items()}
    assert shown["good"] == "[1,2,3]"
    assert shown["throws"] == "(System.DivideByZeroException: Attempted to divide by zero.)"
    assert shown["null"].startswith("(System.NullReferenceException: ")
    assert shown["endless"] == shown["large"] == "(not shown: the policy exceeded the limit 'steps' of 100,000)"


def test_a_share_leaves_something_and_counts() -> None:
    environment = Environment(limits=Limits(steps=1_000))
    with use_environment(environment):
        with environment.share(), pytest.raises(LimitExceededError):
            running().step(501)
        assert environment.steps_left == 500
        with environment.share():
            running().step(10)
        assert environment.steps_left == 490
