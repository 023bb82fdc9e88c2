"""What real gateways were seen to do, one row for each piece of evidence.

The rows are cases in the product's own test files, `*.test.yaml`, which its own plugin collects and runs; their names
begin with the ids of the evidence, their descriptions are the sources. `saved.yaml` has what gateways refused or took
when a document was saved. `known_differences.toml` names what is different, and why.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from apimpolicy import Gateway
from apimpolicy.checks.document import check_document
from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.checks.subject import Settings
from apimpolicy.diagnostics import Severity
from apimpolicy.report.gateway_trace import gateway_trace
from apimpolicy.testing.case_files import load_case_file
from apimpolicy.testing.recorded_traces import read_recorded_trace
from apimpolicy.text.source import Source

HERE = Path(__file__).parent
TRACES = HERE.parents[2] / "shared" / "corpus" / "traces"
SAVED: list[dict[str, Any]] = yaml.safe_load((HERE / "saved.yaml").read_text("utf-8"))
DIFFERENT: dict[str, str] = tomllib.loads((HERE / "known_differences.toml").read_text("utf-8"))
IDS = re.compile(r"[A-Z]\d\d")
needs_traces = pytest.mark.skipif(not TRACES.exists(), reason="the recorded traces are not here")


def document_of(row: dict[str, Any]) -> str:
    if "document" in row:
        return str(row["document"])
    sections = dict(row.get("sections", {}))
    if "expression" in row:
        sections["inbound"] = f"<set-variable name='v' value='{row['expression']}' />"
    inside = "".join(f"<{name}>{sections.get(name, '')}</{name}>" for name in ("inbound", "backend", "outbound"))
    return f"<policies>{inside}<on-error>{sections.get('on-error', '')}</on-error></policies>"


def row_id(row: dict[str, Any]) -> str:
    return str(row["id"])


@pytest.mark.parametrize("row", SAVED, ids=row_id)
def test_what_is_refused_when_it_is_saved(row: dict[str, Any]) -> None:
    if row["id"] in DIFFERENT:
        pytest.skip(DIFFERENT[row["id"]])
    names = row.get("named-values")
    settings = Settings(scope=row.get("scope"), url_template=row.get("url-template"), named_values=names)
    found = check_document(Source(document_of(row), "evidence.xml"), ExpressionCheck(), names, settings)
    refused = [finding for finding in found if finding.severity is Severity.ERROR]
    if row["refused"] is None:
        assert not (found if row.get("silent") else refused), found
    else:
        assert any(row["refused"] in f"{finding.code} {finding.message}" for finding in refused), found


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
