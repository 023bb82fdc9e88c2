"""Traces in the gateway's own form: written by a run, read again, and compared with a run step by step."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from apimpolicy import Api, ConfigurationError, FixedClock, Gateway, Operation, Request, Response, Result
from apimpolicy.report.gateway_trace import gateway_trace
from apimpolicy.testing.recorded_traces import first_difference, read_recorded_trace

FOLDER = Path(__file__).parent / "recorded_traces"
POLICY = FOLDER / "policy.xml"


def trace(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return data


def run(request: Request, *answers: Response) -> Result:
    """Send a request through the policy; the backend takes half a second."""
    clock = FixedClock(datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC))
    waiting = iter(answers)

    def backend(_: Request) -> Response:
        clock.advance(0.5)
        return next(waiting)

    gateway = Gateway(
        now=clock,
        backend=backend,
        api=Api("shop", path="shop", service_url="https://shop.example/v1"),
        operation=Operation("list", "GET", url_template="/orders"),
    )
    return gateway.run(POLICY, request)


def recorded_run() -> Result:
    recorded = read_recorded_trace(FOLDER / "accepted.json")
    return run(recorded.request, *recorded.answers)


def test_a_run_writes_exactly_the_recorded_trace() -> None:
    expected = trace("accepted")
    made = gateway_trace(recorded_run())
    expected["traceId"] = made["traceId"]
    assert json.loads(json.dumps(made)) == expected


def test_what_a_trace_tells() -> None:
    recorded = read_recorded_trace(FOLDER / "accepted.json")
    assert (recorded.request.method, recorded.request.url) == ("GET", "https://contoso.azure-api.net/shop/orders?top=1")
    assert dict(recorded.request.headers) == {"Host": "contoso.azure-api.net", "X-Tenant": "contoso", "Accept": "*/*"}
    assert recorded.variables == {"tenant": "CONTOSO"}
    assert [(answer.status_code, answer.headers["Content-Type"]) for answer in recorded.answers] == [
        (200, "application/json")
    ]
    assert recorded.response is not None
    assert (recorded.response.status_code, recorded.response.reason) == (202, "Later")
    assert recorded.backend.send(recorded.request, 1).status_code == 200


def test_no_difference() -> None:
    assert first_difference(read_recorded_trace(FOLDER / "accepted.json"), recorded_run()) is None


def changed(section: str, index: int, **data: Any) -> dict[str, Any]:
    """The recorded trace with something else in one entry."""
    found = trace("accepted")
    found["traceEntries"][section][index]["data"].update(data)
    return found


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [
        (
            trace("unavailable"),
            'outbound[0] set-status message: recorded ["Response status code was set to 503", "Response status reason'
            ' was set to \'Never\'"], simulated ["Response status code was set to 202", "Response status reason'
            " was set to 'Later'\"]",
        ),
        (
            changed("inbound", 6, value="FABRIKAM"),
            'inbound[6] set-variable value: recorded "FABRIKAM", simulated "CONTOSO"',
        ),
        (
            changed("inbound", 3, header={"name": "X-Tenant", "value": "fabrikam"}),
            'inbound[3] check-header header: recorded {"name": "X-Tenant", "value": "fabrikam"}, simulated'
            ' {"name": "X-Tenant", "value": "contoso"}',
        ),
        (changed("inbound", 5, message="a sentence that no document states"), None),
    ],
)
def test_the_first_difference(recorded: dict[str, Any], expected: str | None) -> None:
    found = first_difference(read_recorded_trace(recorded), recorded_run())
    assert (None if found is None else str(found)) == expected


def test_a_step_that_only_one_side_has() -> None:
    recorded = trace("accepted")
    del recorded["traceEntries"]["inbound"][2]
    found = first_difference(read_recorded_trace(recorded), recorded_run())
    assert str(found) == 'inbound[2]: recorded "check-header", simulated "cors"'
    recorded = trace("accepted")
    recorded["traceEntries"]["outbound"].pop()
    found = first_difference(read_recorded_trace(recorded), recorded_run())
    assert str(found) == 'outbound[2]: recorded nothing, simulated "transfer-response"'


def test_times_names_of_headers_and_their_order_do_not_count() -> None:
    recorded = trace("accepted")
    for entries in recorded["traceEntries"].values():
        for entry in entries:
            entry["elapsed"] = "00:00:09.0000000"
    request = recorded["traceEntries"]["backend"][0]["data"]["request"]
    request["headers"] = [
        {"name": "x-forwarded-for", "value": "127.0.0.1"},
        {"name": "host", "value": "shop.example"},
        {"name": "accept", "value": "*/*"},
        {"name": "host", "value": "what a self-hosted gateway repeats"},
        {"name": "x-tenant", "value": "contoso"},
        {"name": "Request-Id", "value": "|of Application Insights"},
    ]
    assert first_difference(read_recorded_trace(recorded), recorded_run()) is None


def test_an_error_is_in_on_error_and_in_its_own_section() -> None:
    made = gateway_trace(run(Request.get("/shop/orders")))["traceEntries"]
    message = "Header X-Tenant was not found in the request. Access denied."
    assert made["inbound"][-1]["source"] == "check-header"
    assert made["inbound"][-1]["data"] == {"messages": [message]}
    assert "backend" not in made
    assert made["outbound"] == []
    assert [entry["source"] for entry in made["on-error"]] == ["transfer-response"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{", "the trace is not JSON"),
        ("{}", "it has no 'traceEntries'"),
        ('{"traceEntries": {"inbound": 1}}', "the section 'inbound' of the trace is not a list"),
        ('{"traceEntries": {"inbound": []}}', "the trace has no request"),
        ('{"traceEntries": {"inbound": [{"source": "api-inspector", "data": {"request": {}}}]}}', "no request"),
        ("missing.json", "cannot read the trace 'missing.json'"),
    ],
)
def test_what_is_no_trace_is_refused(source: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        read_recorded_trace(source)


def test_a_status_that_is_none() -> None:
    recorded = changed("outbound", 1, response={"status": {"code": "Nonsense"}, "headers": []})
    with pytest.raises(ConfigurationError, match="the trace has 'Nonsense' as a status, which is not one"):
        read_recorded_trace(recorded)
