"""Every code that can be an error names the evidence that a gateway refuses it, or that the request fails."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.rows import for_each

from apimpolicy.checks.catalogue import RuleEntry, entries, page_of, rule_class
from apimpolicy.checks.pages import all_codes, evidence_of
from apimpolicy.diagnostics import Severity

SOURCE = Path(__file__).parents[2] / "src" / "apimpolicy"
BELOW_ERROR = {"POL029", "POL041", "POL042", "POL043", "POL114", "POL115", "POL150", "POL164", "POL165", "POL166"} | {
    *("POL172", "POL174", "POL175", "POL176")
}
"""Codes outside of rules that are never errors."""

OF_TEST_FILES = {f"POL50{number}" for number in range(1, 8)}
"""Codes of test files and claims that a team wrote itself: nothing that a gateway could refuse."""


def can_be_an_error(entry: RuleEntry) -> bool:
    tree = ast.parse((SOURCE / "checks" / "rules" / f"{entry.module}.py").read_text(encoding="utf-8"))
    named = any(isinstance(node, ast.Attribute) and node.attr == "ERROR" for node in ast.walk(tree))
    return named or rule_class(entry.module).severity is Severity.ERROR


@for_each((entry,) for entry in entries())
def test_a_rule_that_can_report_errors_names_its_evidence(entry: RuleEntry) -> None:
    assert ("**Evidence.**" in page_of(entry)) == can_be_an_error(entry)


@for_each(code for code in all_codes() if code.startswith("POL"))
def test_a_code_without_a_rule_names_its_evidence(code: str) -> None:
    assert bool(evidence_of(code)) == (code not in BELOW_ERROR | OF_TEST_FILES)
