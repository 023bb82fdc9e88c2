"""A policy may make a message as long as memory is: no report shows all of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from apimpolicy import Gateway
from apimpolicy.csharp.dotnet.exceptions import DotnetException
from apimpolicy.csharp.emit.expression import compile_expression
from apimpolicy.report.columns import LONGEST_MESSAGE
from apimpolicy.report.explanation import explain
from apimpolicy.report.gateway_trace import gateway_trace
from apimpolicy.report.journey_html import journey_to_html
from apimpolicy.report.result_findings import exception_diagnostic
from apimpolicy.report.run_results import explanation_to_json, render, result_to_json
from apimpolicy.report.terminal import render as render_finding

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.gateway.engine.result import Result

LENGTH = 1_000_000
CODE = f"@{{ throw new Exception(new string('x', {LENGTH})); return 1; }}"
REPORTS: dict[str, Callable[[Result], str]] = {
    "run": lambda result: render(result, with_values=True),
    "run, JSON": result_to_json,
    "gateway trace": lambda result: json.dumps(gateway_trace(result)),
    "explain": lambda result: str(explain(result)),
    "explain, JSON": lambda result: explanation_to_json(explain(result)),
    "journey": journey_to_html,
}


@pytest.fixture(scope="module")
def result() -> Result:
    return Gateway().run(f'<policies><inbound><set-variable name="a" value="{CODE}" /></inbound></policies>', "/")


@pytest.mark.parametrize("name", REPORTS)
def test_reports(name: str, result: Result) -> None:
    text = REPORTS[name](result)
    assert "x" * 40 in text
    assert text.count("x") < 5 * LONGEST_MESSAGE


def test_the_message_itself_stays_whole(result: Result) -> None:
    assert result.error is not None
    assert len(result.error.message) >= LENGTH


def test_a_finding() -> None:
    compiled = compile_expression(CODE)
    with pytest.raises(DotnetException) as raised:
        compiled.evaluate(None)  # type: ignore[arg-type]
    shown = render_finding(exception_diagnostic(raised.value, compiled.excerpt))
    assert len(shown) < 2 * LONGEST_MESSAGE
    assert "1,000,000 characters" in shown
