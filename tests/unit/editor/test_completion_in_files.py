"""Which files policies are offered in, and what is offered, shown and reported in test files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.editor.analysis import Analysis
from apimpolicy.editor.completion import complete
from apimpolicy.editor.knowledge import ProjectNames
from apimpolicy.editor.lenses import lenses
from apimpolicy.editor.test_files import complete as complete_test_file
from apimpolicy.editor.test_files import diagnostics, hover

if TYPE_CHECKING:
    from pathlib import Path

# a file's name, its text with the caret as |, and whether policies are offered
PLACES = [
    ("orders.xml", "<policies><inbound>|</inbound></policies>", True),
    ("orders.xml", "|", True),
    ("orders.xml", "<|", True),
    ("orders.xml", '<?xml version="1.0"?>\n<!-- orders -->\n<poli|', True),
    ("orders.xml", "<polices><inbound>|</inbound></polices>", True),
    ("main.tf", 'resource "x" "y" {\n xml_content = <<XML\n<policies><inbound>|</inbound></policies>\nXML\n}', True),
    ("main.tf", 'resource "x" "y" {\n name = |\n}', False),
    ("pom.xml", "<project><name>|</name></project>", False),
    ("web.config", "<configuration>|</configuration>", False),
    ("pipeline.yaml", "steps: |", False),
    ("pipeline.yaml", "|", False),
]


@pytest.mark.parametrize(("name", "text", "is_offered"), PLACES)
def test_policies_are_offered_where_a_policy_is(name: str, text: str, is_offered: bool) -> None:
    analysis = Analysis(text.replace("|", "", 1), name, ExpressionCheck())
    assert bool(complete(analysis, text.index("|"), ProjectNames({}, None, None))) is is_offered


def test_status_codes_are_offered_with_their_reasons() -> None:
    text = '<policies><inbound><return-response><set-status code="|" /></return-response></inbound></policies>'
    analysis = Analysis(text.replace("|", ""), "a.xml", ExpressionCheck())
    offered = {item.label: item.detail for item in complete(analysis, text.index("|"), ProjectNames({}, None, None))}
    assert (offered["403"], offered["429"]) == ("Forbidden", "Too Many Requests")


@pytest.mark.parametrize(
    ("text", "titles"),
    [("<policies />", ["Write a first test"]), ("<project />", []), ("<configuration />", []), ("<p />", []), ("", [])],
)
def test_a_first_test_is_offered_for_policies(text: str, titles: list[str]) -> None:
    assert [lens.title for lens in lenses(Analysis(text, "a.xml", ExpressionCheck()), (), None)] == titles


CASES = "policy: orders.xml\ncases:\n- name: a\n  request: {get: /orders}\n"

# the end of a test file with the caret as |, what is offered, what is not
OFFERED = [
    ("|", {"policy", "cases", "claims"}, {"policies>", "expect"}),
    ("pol|", {"policy", "policies"}, {"<policies"}),
    ("policy: |", set(), {"policies", "fragment"}),
    (CASES + "  |", {"expect", "steps", "backend"}, {"name", "request", "policies>"}),
    (CASES + "  expect: |", set(), {"policies"}),
    (CASES + "  expect:\n    |", {"status", "json-subset"}, {"get"}),
    (CASES + "  expect: {status: 200, |", {"body"}, {"status"}),
    (CASES + "  expect: {status: 200, |}\n", {"body"}, {"status"}),
    (CASES + "  expect: {bo|dy: x}", {"body"}, {"get"}),
    (CASES + "  expect:\n    |\n    status: 200\n", {"body"}, {"status"}),
    (CASES + "  expect:\n    error: {|", {"source", "reason"}, {"status"}),
    (CASES + "  backend: {raises: |", {"timeout", "refused"}, {"status"}),
    (CASES + "  steps:\n  - |", {"advance", "expect"}, {"name2", "backend"}),
    (CASES + "  gateway:\n    negotiate-client-certificate: |", {"true", "false"}, set()),
    (CASES + "  gateway:\n    |", {"negotiate-client-certificate"}, set()),
    (CASES.replace("orders}", "orders, certificate: |"), {"partner", "expired"}, set()),
    (CASES + "  # |", set(), {"expect"}),
    ("certificates:\n  late:\n    |", {"not-after", "revoked"}, {"cases"}),
    ("claims:\n- never: {by: |", {"gateway", "backend"}, set()),
    ("suite: orders\ntests:\n- |", set(), {"name"}),
]


@pytest.mark.parametrize(("text", "offered", "absent"), OFFERED)
def test_test_files_have_the_keys_of_their_format(text: str, offered: set[str], absent: set[str]) -> None:
    items = complete_test_file(text.replace("|", "", 1), "a.test.yaml", text.index("|"))
    labels = {item.label for item in items}
    assert offered <= labels
    assert not absent & labels
    if not offered:
        assert labels == set()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CASES.replace("request", "re|quest"), "The request; default GET /."),
        (CASES.replace("get", "g|et"), "The URL of a GET."),
        (CASES.replace("cases", "ca|ses"), "The cases."),
        (CASES.replace("/orders", "/or|ders"), ""),
        (CASES + "  expect: {|", ""),
    ],
)
def test_hover_explains_keys(text: str, said: str) -> None:
    found = hover(text.replace("|", "", 1), "a.test.yaml", text.index("|"))
    assert (said in found.text) if said else found is None  # type: ignore[union-attr]


FINDINGS = [
    ("  expect: {status: 200}\n", []),
    ("  expect: {stauts: 200, bdy: x}\n", ["'stauts'", "'bdy'"]),
    ("  expect: {status: much}\n  bakcend: {}\n", ["a pattern such as 4xx", "'bakcend'"]),
    ("  each: [{s: 200}]\n  expect: {status: $s}\n", []),
    ("  each: [{s: 200}]\n  expect: {statis: $s}\n", ["'statis'"]),
    ("", ["'expect' is missing"]),
    ("  expect: {", ["this is not YAML"]),
]


@pytest.mark.parametrize(("end", "messages"), FINDINGS)
def test_wrong_keys_and_values_are_reported(end: str, messages: list[str], tmp_path: Path) -> None:
    (tmp_path / "orders.xml").write_text("<policies />")
    found = diagnostics(CASES + end, str(tmp_path / "a.test.yaml"))
    assert len(found) == len(messages)
    assert all(said in finding.message for said, finding in zip(messages, found, strict=True))


def test_the_test_files_of_other_tools_are_left_alone() -> None:
    assert diagnostics("suite: orders\ntests:\n- it: renders\n", "a.test.yaml") == []
