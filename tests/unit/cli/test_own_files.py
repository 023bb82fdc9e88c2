"""What the tool wrote changes no finding, wherever it lies in a checkout."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from apimpolicy.project.files import describes_resources, is_report

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

POLICY = """<polices><inbound /></polices>"""
WRONG = """<policies>
    <inbound>
        <base />
        <set-header name="X" exists-action="override"><value>{{not-there}}</value></set-header>
        <set-backend-service backend-id="gone" />
        <include-fragment fragment-id="missing" />
        <choose><when condition="@(context.Request.Lenght > 0)"><policies /></when></choose>
    </inbound>
    <backend><base /></backend><outbound><base /></outbound><on-error><base /></on-error>
</policies>
"""
CASES = "policy: a.xml\ncases:\n  - {name: one, request: {get: /}, expect: {status: 200}}\n"
INFORMATION = {"properties": {"displayName": "orders", "path": "orders", "serviceUrl": "https://b.example"}}


@pytest.fixture
def findings(apimpolicy: Callable[..., Any], tmp_path: Path) -> Callable[[], list[Any]]:
    (tmp_path / ".git").mkdir()
    (tmp_path / "main.json").write_text(json.dumps({"resources": [{"properties": {"value": WRONG}}]}))
    (tmp_path / "a.xml").write_text("<policies><inbound><base /></inbound></policies>")
    (tmp_path / "broken.xml").write_text(POLICY)
    (tmp_path / "a.test.yaml").write_text(CASES)
    api = tmp_path / "service/apis/orders"
    api.mkdir(parents=True)
    for folder, kind in (
        ("backends", "backend"),
        ("policy fragments", "policyFragment"),
        ("named values", "namedValue"),
    ):
        (tmp_path / "service" / folder / "n").mkdir(parents=True)
        description = tmp_path / "service" / folder / f"n/{kind}Information.json"
        description.write_text('{"properties": {"displayName": "n", "value": "1"}}')
    (tmp_path / "service/policy fragments/n/policy.xml").write_text("<fragment />")
    (api / "apiInformation.json").write_text(json.dumps(INFORMATION))
    (api / "policy.xml").write_text(WRONG)
    return lambda: json.loads(apimpolicy("check", ".", "--format", "json", "--no-cache").out)["diagnostics"]


def test_what_was_written_changes_no_finding(
    apimpolicy: Callable[..., Any], tmp_path: Path, findings: Callable[[], list[Any]]
) -> None:
    before = findings()
    assert {"POL001", "POL101", "POL135", "POL160"} <= {each["code"] for each in before}
    for form in ("json", "sarif", "junit"):
        ending = "xml" if form == "junit" else "json"
        for command in (("check", "."), ("audit", "service")):
            path = f"service/{command[0]}-{form}.{ending}"
            assert apimpolicy(*command, "--format", form, "--output-file", path).code in (0, 1)
    (tmp_path / "run.json").write_text(apimpolicy("run", "a.xml", "--get", "/", "--format", "json").out)
    (tmp_path / "test.json").write_text(apimpolicy("test", "a.test.yaml", "--format", "json").out)
    reports = ("--coverage-report", "c.json", "--coverage-report", "c.xml", "--coverage-report", "c.html")
    assert apimpolicy("test", "a.test.yaml", *reports, "--junit", "junit.xml").code == 0
    assert apimpolicy("audit", "service", "--html", "audit.html").code in (0, 1)
    assert apimpolicy("audit", "service", "--write-baseline", "audit-baseline.json").code == 0
    assert apimpolicy("check", ".", "--write-baseline", "baseline.json").code == 0
    assert findings() == before
    done = apimpolicy("check", ".", "--baseline", "baseline.json")
    assert (done.code, "no longer" in done.err) == (0, False)
    assert apimpolicy("check", "--policies-only", "--", "baseline.json", "service/check-sarif.json").out == ""


@pytest.mark.parametrize(
    ("text", "is_description", "is_own"),
    [
        ('{"$schema": "https://…/deploymentTemplate.json#", "resources": []}', True, False),
        ('{"properties": {"format": "rawxml", "value": "<policies/>"}}', True, False),
        ('{"value": "<policies a="no escape"/>"}', True, False),
        ('{"version": 1, "findings": {"resources": {"a": 1}}}', False, True),
        ('{"version": 1, "tool": {"name": "apimpolicy"}, "resources": []}', True, True),
        ('{"$schema": "…", "version": "2.1.0", "runs": [{"properties": {}}]}', False, True),
        ('{"version": 1, "namedValues": {"a": "b"}}', False, False),
        ('[{"value": "<policies/>"}]', False, False),
        ("", False, False),
    ],
)
def test_json_is_a_description_or_a_report(text: str, is_description: bool, is_own: bool) -> None:
    assert describes_resources(text) is is_description
    assert is_report("a.json", text) is is_own
    assert not is_report("a.tf", text)
