"""Every policy name that any source knows, and what the simulated ones say of themselves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.rows import for_each

from apimpolicy import PolicySyntaxError, Severity, load_policy
from apimpolicy.gateway.policies.registry import did_you_mean, names, specification_of
from apimpolicy.gateway.policies.spec import SECTIONS

SHARED = Path(__file__).parents[5] / "shared"
SIMULATED = [name for name in names() if specification_of(name) is not None]
FACTS = SHARED / "facts" / "policies.json"
NEWER = ("cache-value", "invoke-request", "send-service-bus-message")
"""What came, or got attributes, after the facts were gathered: pages of 2026, the toolkit, and what was seen saved."""
OF_RELEASE_NOTES = {"xml-to-json": {"trim"}, "json-to-xml": {"trim"}}
UNDOCUMENTED_SECTIONS = {"trace": "on-error", "set-body": "on-error"}


def facts() -> dict[str, dict[str, object]]:
    if not FACTS.exists():
        pytest.skip("the shared facts are not here")
    return {entry["name"]: entry for entry in json.loads(FACTS.read_text(encoding="utf-8"))["policies"]}


def test_every_name_of_the_facts_is_known() -> None:
    # set-url is a child of send-request; the Dapr form is the same element as set-backend-service.
    expected = facts().keys() - {"set-url", "set-backend-service (dapr form)"}
    newer = {"run-wasm-module", "set-graphql-resolver"}  # a preview, and a policy that was retired
    assert expected == set(names()) - newer


@for_each(sorted({*SIMULATED} - {*NEWER}))
def test_attributes_and_sections_are_those_of_the_facts(name: str) -> None:
    entry = facts()[name]
    specification = specification_of(name)
    assert specification is not None
    attributes = entry["attributes"]
    assert isinstance(attributes, list)
    known = {attribute["name"] for attribute in attributes} | OF_RELEASE_NOTES.get(name, set())
    assert {slot.name for slot in specification.attributes} == known
    slots = {slot.name: slot for slot in specification.attributes}
    for attribute in attributes:
        slot = slots[attribute["name"]]
        assert slot.required == (attribute["required"] == "yes"), attribute["name"]
        if attribute["expressions"] in ("yes", "no"):
            assert slot.expression == (attribute["expressions"] == "yes"), attribute["name"]
    sections = entry["sections"]
    assert isinstance(sections, list)
    assert specification.sections == {*sections} | {*UNDOCUMENTED_SECTIONS.get(name, "").split()}


@for_each(SIMULATED)
def test_every_simulated_policy_has_a_page(name: str) -> None:
    specification = specification_of(name)
    assert specification is not None
    page = specification.documentation
    assert page.startswith(f"{name}: ")
    assert "Simulated" in page
    assert "Source: https://learn.microsoft.com/" in page or name in NEWER
    assert specification.sections <= {*SECTIONS}


@pytest.mark.parametrize(
    ("name", "expected"), [("set-heder", "'set-header'"), ("Choose", "'choose'"), ("x", None), ("a" * 10_000, None)]
)
def test_did_you_mean(name: str, expected: str | None) -> None:
    assert did_you_mean(name, names()) == (f"did you mean {expected}?" if expected else "")


def test_no_false_alarms_on_real_policies() -> None:
    """What people really run: errors in three templates and one slip only, and a warning where evidence conflicts."""
    folder = SHARED / "corpus" / "documents" / "policies"
    if not folder.exists():
        pytest.skip("the shared corpus is not here")
    read, codes = 0, set()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            policy = load_policy(file)
        except PolicySyntaxError:
            continue  # as markup; held by the tests of the reader
        read += 1
        known = (
            "'RETRY_COUNT'",
            "can't be '{1}'",
            "'cors' is not allowed in the section 'outbound'",
            "'{{cachetime}]'",
            "'{retry_count}'",
        )
        errors = [finding for finding in policy.errors if not any(name in finding.message for name in known)]
        assert not errors
        codes |= {finding.code for finding in policy.diagnostics if finding.severity is Severity.WARNING}
    assert read > 300
    assert codes == {"POL105"}  # an expression in tokens-per-minute
