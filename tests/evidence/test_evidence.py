"""What real gateways were seen to do, one row for each piece of evidence.

The rows are cases in the product's own test files, `*.test.yaml`, which its own plugin collects and runs; their names
begin with the ids of the evidence, their descriptions are the sources. `saved.yaml` has what gateways refused or took
when a document was saved. `known_differences.toml` names what is different, and why.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from tests.rows import read_yaml

from apimpolicy import Api, Deployment, Gateway, Operation, Response
from apimpolicy.checks.document import check_document
from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.checks.subject import Settings
from apimpolicy.diagnostics import Severity
from apimpolicy.report.gateway_trace import gateway_trace
from apimpolicy.testing.case_files import load_case_file
from apimpolicy.testing.recorded_traces import first_difference, read_recorded_trace
from apimpolicy.text.source import Source

HERE = Path(__file__).parent
TRACES = HERE.parents[2] / "shared" / "corpus" / "traces"
SAVED: list[dict[str, Any]] = read_yaml((HERE / "saved.yaml").read_text("utf-8"))
DIFFERENT: dict[str, str] = tomllib.loads((HERE / "known_differences.toml").read_text("utf-8"))
IDS = re.compile(r"[A-Z]{1,2}\d\d")
needs_traces = pytest.mark.skipif(not TRACES.exists(), reason="the recorded traces are not here")


def document_of(row: dict[str, Any]) -> str:
    if "document" in row:
        return str(row["document"])
    sections = {"backend": "<base />", **row.get("sections", {})}
    if "expression" in row:
        sections["inbound"] = f"<set-variable name='v' value='{row['expression']}' />"
    inside = "".join(f"<{name}>{sections.get(name, '')}</{name}>" for name in ("inbound", "backend", "outbound"))
    return f"<policies>{inside}<on-error>{sections.get('on-error', '')}</on-error></policies>"


def row_id(row: dict[str, Any]) -> str:
    return str(row["id"])


@pytest.mark.parametrize("row", SAVED, ids=row_id)
def test_what_is_refused_when_it_is_saved(row: dict[str, Any]) -> None:
    names = row.get("named-values")
    settings = Settings(scope=row.get("scope"), url_template=row.get("url-template"), named_values=names)
    found = check_document(Source(document_of(row), "evidence.xml"), ExpressionCheck(), names, settings)
    refused = [finding for finding in found if finding.severity is Severity.ERROR]
    if (disputed := row.get("disputed")) is not None:
        holds = not refused and any(disputed in finding.message for finding in found)
    elif row["refused"] is None:
        holds = not (found if row.get("silent") else refused)
    else:
        holds = any(row["refused"] in f"{finding.code} {finding.message}" for finding in refused)
    if row["id"] in DIFFERENT and not holds:
        pytest.xfail(DIFFERENT[row["id"]])
    assert holds, found


def test_t07_a_trace_has_an_id_with_dashes() -> None:
    """Self-hosted gateway (2025-01-24), example of the REST documentation (2024-05-01)."""
    trace = gateway_trace(Gateway().run("<policies><inbound /></policies>", "/"))
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", trace["traceId"])


@needs_traces
@pytest.mark.parametrize("name", ["long-running-apis", "portal-2021"])
def test_t27_t28_both_traces_say_what_the_backend_answered(name: str) -> None:
    """https://github.com/tomkerkhove/azure-apim-shgw-long-running-apis; portal trace of 2021-06-26."""
    recorded = read_recorded_trace(TRACES / f"{name}.json")
    assert [answer.status_code for answer in recorded.answers] == [200]
    assert recorded.response is not None
    assert recorded.response.status_code == 200


COMPLETE_POLICIES = {
    "global": (
        "<policies><inbound><cors><allowed-origins><origin>*</origin></allowed-origins></cors></inbound>"
        "<backend><forward-request timeout='1800' /></backend><outbound /><on-error /></policies>"
    ),
    "api": "<policies><inbound><base /></inbound><backend><base /></backend><outbound><base /></outbound></policies>",
}
NOT_OURS = {"Request-Id", "Request-Context"}
"""Headers by which Application Insights follows a request."""


def without_times(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry without its times, its headers in one order and without telemetry."""
    data = entry["data"]
    for message in data.values() if isinstance(data, dict) else ():
        if isinstance(message, dict) and "headers" in message:
            named = [header for header in message["headers"] if header["name"] not in NOT_OURS]
            message["headers"] = sorted(named, key=lambda header: (header["name"], header["value"]))
    return {"source": entry["source"], "data": data}


@needs_traces
def test_the_complete_trace_entry_by_entry() -> None:
    """https://github.com/tomkerkhove/azure-apim-shgw-long-running-apis (self-hosted gateway, 2025-01-24)."""
    path = TRACES / "long-running-apis.json"
    recorded, expected = read_recorded_trace(path), json.loads(path.read_text("utf-8"))
    gateway = Gateway(
        backend=recorded.backend,
        api=Api(path="timeout", service_url="http://longrunning.api:8088/long-running"),
        operation=Operation(url_template="/"),
        deployment=Deployment(gateway_id="self-hosted"),
    )
    operation = (TRACES / "long-running-apis.operation.xml").read_text("utf-8")
    made = gateway_trace(gateway.run({**COMPLETE_POLICIES, "operation": operation}, recorded.request))
    assert list(made) == list(expected)
    assert list(made["traceEntries"]) == list(expected["traceEntries"])
    for section, entries in expected["traceEntries"].items():
        ours = [without_times(entry) for entry in made["traceEntries"][section]]
        assert ours == [without_times(entry) for entry in entries], section


@needs_traces
def test_the_complete_trace_from_the_command_line(tmp_path: Path) -> None:
    """`apimpolicy run … --gateway-trace`: the same entries, in the same order, with the same words."""
    expected = json.loads((TRACES / "long-running-apis.json").read_text("utf-8"))["traceEntries"]
    (tmp_path / "global.xml").write_text(COMPLETE_POLICIES["global"])
    (tmp_path / "apimpolicy.toml").write_text(
        """
        api = {path = "timeout", service-url = "http://longrunning.api:8088/long-running"}
        operation = {url-template = "/"}
        deployment = {gateway-id = "self-hosted"}
        backend = {headers = {Content-Length = "0", Date = "Fri, 24 Jan 2025 09:53:11 GMT", Server = "Kestrel"}}
        """
    )
    request = expected["inbound"][0]["data"]["request"]
    headers = [f"--header={each['name']}: {each['value']}" for each in request["headers"]]
    command = [sys.executable, "-m", "apimpolicy", "run", str(TRACES / "long-running-apis.operation.xml")]
    options = ["--config=apimpolicy.toml", "--scope=global=global.xml", f"--get={request['url']}"]
    options += ["--ip-address=172.21.0.1", "--gateway-trace"]
    done = subprocess.run([*command, *options, *headers], cwd=tmp_path, capture_output=True, check=True)
    made = json.loads(done.stdout)["traceEntries"]
    for section, entries in expected.items():
        ours = [without_times(entry) for entry in made[section]]
        assert ours == [without_times(entry) for entry in entries], section


@needs_traces
def test_the_abridged_trace() -> None:
    """Portal trace of 2021-06-26, Consumption tier, course notes on Azure/apim-lab."""
    data = json.loads((TRACES / "portal-2021.json").read_text("utf-8"))
    received = data["traceEntries"]["inbound"][0]["data"]["request"]
    received["headers"] = [each for each in received["headers"] if each["name"] != "Connection"]  # left out behind it
    recorded = read_recorded_trace(data)
    assert recorded.request.ip_address == "13.91.254.72"
    answer = Response(200, headers={"Content-Length": "522", "Content-Type": "application/xml"}, body="<a>1</a>")
    gateway = Gateway(
        backend=answer,
        api=Api(service_url="http://httpapifpm.azurewebsites.net"),
        operation=Operation(url_template="/xml"),
    )
    policies = {**COMPLETE_POLICIES, "operation": (TRACES / "portal-2021.operation.xml").read_text("utf-8")}
    policies["global"] = policies["global"].replace(" timeout='1800'", "")
    result = gateway.run(policies, recorded.request)
    assert first_difference(recorded, result) is None


EVIDENCE = HERE.parents[2] / "shared" / "facts" / "evidence.jsonl"
IN_PYTHON = {"T07", "T27", "T28"}


def ids_of_rows() -> set[str]:
    """The ids of all rows: of cases, of what is saved, and of the tests here."""
    seen = {row["id"] for row in SAVED} | IN_PYTHON
    for path in sorted(HERE.glob("*.test.yaml")):
        for case in load_case_file(str(path)).cases:
            seen.update(IDS.findall(case.name.partition(":")[0]))
    return seen


@pytest.mark.skipif(not EVIDENCE.exists(), reason="the evidence is not here")
def test_everything_that_can_be_run_has_a_row() -> None:
    rows = [json.loads(line) for line in EVIDENCE.read_text("utf-8").splitlines()]
    assert {row["id"] for row in rows if "expected_value" in row} <= ids_of_rows()


def test_every_row_has_an_id_and_a_source() -> None:
    seen: set[str] = set()
    for path in sorted(HERE.glob("*.test.yaml")):
        for case in load_case_file(str(path)).cases:
            if path.name == "scenarios.test.yaml":
                continue
            ids = IDS.findall(case.name.partition(":")[0])
            assert ids, case
            assert "description" in case.given, case
            seen.update(ids)
    assert all(row["source"] for row in SAVED)
    assert len({row["id"] for row in SAVED}) == len(SAVED)
    seen.update(row["id"] for row in SAVED)
    assert set(DIFFERENT) <= seen
