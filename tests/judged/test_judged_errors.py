"""Every error about a deployed document is a true one: exactly those in `judged.toml`, each with its reason."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path

import pytest

from apimpolicy.checks.document import check_readings
from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.project.check_projects import CheckOptions, CheckProjects
from apimpolicy.project.discovery import discover
from apimpolicy.project.embedded import policies_of
from apimpolicy.project.files import read_data

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "documents"
JUDGED = tomllib.loads((Path(__file__).parent / "judged.toml").read_text(encoding="utf-8"))["document"]


def test_errors_in_deployed_documents_are_those_that_were_judged() -> None:
    if not CORPUS.exists():
        pytest.skip("the corpus is not beside this checkout")
    check = ExpressionCheck()
    found: dict[str, Counter[str]] = {}
    files = discover([str(CORPUS / "policies"), str(CORPUS / "documentation")], CheckProjects(CheckOptions())).files
    assert len(files) > 300
    for path in files:
        policies, problems = policies_of(*read_data(path))
        findings = problems or [finding for readings in policies for finding in check_readings(readings, check)]
        errors = Counter(finding.code for finding in findings if finding.severity == "error")
        if errors:
            found[Path(path).relative_to(CORPUS).as_posix()] = errors
    assert found == {entry["file"]: Counter(entry["codes"]) for entry in JUDGED}


def test_every_judgement_has_a_reason() -> None:
    assert all(len(entry["reason"]) > 20 for entry in JUDGED)
