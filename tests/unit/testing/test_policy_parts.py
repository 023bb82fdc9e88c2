"""Test files with documents in them, parts of policies, doubles, and what is expected of traces."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apimpolicy.testing.case_files import load_case_file
from apimpolicy.testing.running import run_case
from apimpolicy.testing.tree import TestFileError

if TYPE_CHECKING:
    from pathlib import Path

POLICY = """\
config: false
policy: >-
  <policies><inbound><set-variable id="a" name="a" value="1" /></inbound>
  <backend><base /></backend><outbound /><on-error /></policies>
cases:
  - name: a case
"""


def written(folder: Path, rest: str, head: str = POLICY) -> str:
    path = folder / "a.test.yaml"
    path.write_text(head + rest, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("rest", "code", "words"),
    [
        ("    section: middle\n    expect: {status: 200}", "POL503", "inbound, backend, outbound, on-error"),
        ("    replace: {a: {answer: 1}}\n    expect: {status: 200}", "POL502", "unknown key 'answer'"),
        ("    replace: {a: {error: {code: 1}}}\n    expect: {status: 200}", "POL502", "unknown key 'code'"),
        ("    expect: {trace: [{origin: a}]}", "POL502", "unknown key 'origin'"),
        ("    expect: {request: {status: 1}}", "POL502", "unknown key 'status'"),
        ("    service: gone\n    expect: {status: 200}", "POL505", "there is no file or folder"),
        ("    policy: gone.xml\n    expect: {status: 200}", "POL505", "there is no file"),
        ("    policy: <policies />\n    policies: {}\n    expect: {}", "POL502", "there is 'policies' already"),
    ],
)
def test_what_is_written_wrongly(tmp_path: Path, rest: str, code: str, words: str) -> None:
    with pytest.raises(TestFileError) as raised:
        load_case_file(written(tmp_path, rest))
    (finding,) = raised.value.diagnostics
    assert finding.code == code
    assert words in finding.message


def test_without_any_policy(tmp_path: Path) -> None:
    with pytest.raises(TestFileError, match="'policy' is missing here"):
        load_case_file(written(tmp_path, "  - expect: {status: 200}", "cases:\n"))


@pytest.mark.parametrize(
    ("expect", "sentences"),
    [
        ("[{source: set-variable, data: {name: a}}]", []),
        ("[{source: set-variable, data: {name: {contains: a}, value: {matches: '^1$'}}}]", []),
        ("[{source: set-header, absent: true}]", []),
        ("[{source: set-variable, absent: true}]", ['expected the trace to have no entry {"source": "set-variable"}']),
        (
            "[{source: set-variable, data: {name: b}}]",
            [
                'expected the trace to have the entry {"source": "set-variable", "data": {"name": "b"}}; those of this'
                ' source have [{"message": "Context variable was successfully set.", "name": "a", "value": "1"}]'
            ],
        ),
        (
            "[{source: transfer-response}, {source: set-variable}]",
            ['expected the trace to have the entry {"source": "set-variable"} at this place'],
        ),
        (
            "[{section: outbound, source: set-header}]",
            [
                'expected the trace to have the entry {"section": "outbound", "source": "set-header"}; it has inbound'
                " api-inspector, inbound api-inspector, inbound set-variable, backend request-forwarder, backend"
                " forward-request, outbound transfer-response"
            ],
        ),
    ],
)
def test_what_is_expected_of_the_trace(tmp_path: Path, expect: str, sentences: list[str]) -> None:
    (case,) = load_case_file(written(tmp_path, f"    expect: {{trace: {expect}}}")).cases
    assert run_case(case).sentences == sentences


def test_a_service_runs_as_a_whole(tmp_path: Path) -> None:
    head = "config: false\ndefaults: {gateway: {apis: {one: {path: one}}}}\ncases:\n"
    path = written(tmp_path, "  - {section: inbound, request: {get: /one}, expect: {status: 200}}", head)
    (case,) = load_case_file(path).cases
    outcome = run_case(case)
    assert outcome.status == "error"
    assert "'section' needs a policy, not a whole service" in outcome.problem
