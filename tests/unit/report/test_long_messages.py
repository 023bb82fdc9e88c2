"""A policy may make a message as long as memory is: no report shows all of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.sampling import IS_NIGHTLY

from apimpolicy import Gateway, Request
from apimpolicy.csharp.dotnet.exceptions import DotnetException
from apimpolicy.csharp.emit.expression import compile_expression
from apimpolicy.report.bounds import FULL, LONGEST_MESSAGE, MOST_CHARACTERS, bounded, shortened
from apimpolicy.report.explanation import explain
from apimpolicy.report.gateway_trace import gateway_trace
from apimpolicy.report.journey_html import journey_to_html
from apimpolicy.report.result_findings import exception_diagnostic
from apimpolicy.report.run_results import explanation_to_json, render, result_to_json
from apimpolicy.report.terminal import render as render_finding
from apimpolicy.text.secrets import keep_secret

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


COUNT = 40
LARGE = (
    f"<policies><inbound><set-variable name='v' value='@(new string(&quot;x&quot;[0], {LENGTH}))' />"
    + "".join(
        f"<set-header name='h{each}'><value>@((string)context.Variables[\"v\"])</value></set-header>"
        for each in range(COUNT)
    )
    + '<return-response><set-body>@((string)context.Variables["v"])</set-body></return-response></inbound></policies>'
)


@pytest.fixture(scope="module")
def large() -> Result:
    return Gateway().run(LARGE, Request.get("/", headers={f"a{each}": "x" * LENGTH for each in range(COUNT)}))


@pytest.mark.parametrize("name", REPORTS)
def test_many_long_values(name: str, large: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FULL, raising=False)
    text = REPORTS[name](large)
    assert len(text) < 1.2 * MOST_CHARACTERS
    if name.startswith("explain"):
        return  # it tells conditions only, and there are none
    assert "--full shows" in text
    if "JSON" not in name and not (name == "journey" and IS_NIGHTLY):
        return
    monkeypatch.setenv(FULL, "1")
    assert len(REPORTS[name](large)) > LENGTH


def test_json_says_what_was_cut() -> None:
    assert bounded({"a": "x" * LENGTH, "b": ["y" * 200] * 50_000})["shortened"]["entries"] > 0
    assert bounded({"a": "x", "b": [1, None]}) == {"a": "x", "b": [1, None]}


def test_no_part_of_a_secret_is_left_at_a_cut() -> None:
    secret = "correct-horse-battery-staple"
    keep_secret([secret])
    for shift in range(len(secret) + 1):
        cut = shortened("x" * (LONGEST_MESSAGE - shift) + secret + "y" * 100)
        assert secret[:8] not in cut
