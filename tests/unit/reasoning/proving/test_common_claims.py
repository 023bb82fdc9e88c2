"""Claims that teams make: no verdict is wrong, and nearly all are decided."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.rows import read_yaml
from tests.sampling import sampled

pytest.importorskip("z3")

from apimpolicy.project.service.leniency import lenient
from apimpolicy.reasoning.scenarios.scenario import Bounds
from apimpolicy.testing.case_files import load_case_tree
from apimpolicy.testing.claims.running import prove_file
from apimpolicy.testing.tree import read_tree

if TYPE_CHECKING:
    from apimpolicy.report.claim_results import ClaimReport
    from apimpolicy.testing.case_files import CaseFile


def _rows(name: str) -> dict[str, dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = read_yaml(Path(__file__).with_name(name).read_text("utf-8"))
    return rows


TABLES = {
    f"{name}.yaml": _rows(f"{name}.yaml")
    for name in (
        *("common_claims", "claims_in_other_styles", "claims_to_break", "claims_about_moments"),
        "claims_to_decide",
    )
}
SHORT = (
    (r"(?<!\w)H\((\"[^\"]*\")\)", r'context.Request.Headers.GetValueOrDefault(\1, "")'),
    (r"(?<!\w)Q\((\"[^\"]*\")\)", r'context.Request.Url.Query.GetValueOrDefault(\1, "")'),
    (r"(?<!\w)J(?=[\[.])", "context.Request.Body.As<JObject>(preserveContent: true)"),
)
OPEN = 3
"""The most claims of a sample that may be undecided; of all at night, one in twenty."""
MOST = 9


def written(claim: Any) -> Any:
    """A claim with short forms written out."""
    if isinstance(claim, dict):
        return {key: written(value) for key, value in claim.items()}
    if isinstance(claim, list):
        return [written(item) for item in claim]
    if isinstance(claim, str):
        for pattern, text in SHORT:
            claim = re.sub(pattern, text, claim)
    return claim


def file_of(row: dict[str, Any]) -> CaseFile:
    """The test file of a row."""
    sections = "".join(f"<{name}><base />{row.get(name, '')}</{name}>" for name in ("inbound", "outbound", "on-error"))
    sections += f"<backend>{row.get('backend', '<base />')}</backend>"
    claims = [{"name": str(number), **written(claim)} for number, (_, claim) in enumerate(row["claims"])]
    given = {"policy": f"<policies>{sections}</policies>", "config": False, "claims": claims}
    content = json.dumps({**given, "defaults": {"gateway": row.get("gateway", {})}})
    return load_case_tree(read_tree(content, "made-up.test.json"), "made-up.test.json")


def reports_of(row: dict[str, Any]) -> list[tuple[bool, ClaimReport]]:
    """What comes of the claims of a row, each with whether it is true; there are stand-ins, as in commands."""
    file = file_of(row)
    with lenient():
        reports = prove_file(file, file.claims, Bounds(seconds=3))
    return [(row["claims"][int(report.name)][0], report) for report in reports]


@pytest.mark.parametrize("table", TABLES)
def test_no_verdict_is_wrong_and_few_are_undecided(table: str) -> None:
    wrong, undecided, count = [], [], 0
    for name, row in sampled(TABLES[table].items(), MOST):
        for is_true, report in reports_of(row):
            count += 1
            shown = f"{name}: {row['claims'][int(report.name)]} {report.status} {report.assumptions}"
            if report.status == ("false" if is_true else "proven") and not (report.assumptions and not is_true):
                wrong.append(shown)
            elif report.status not in ("proven", "false") or report.assumptions:
                undecided.append(f"{shown} {report.reasons[:3]} {report.problem}")
    assert wrong == []
    assert len(undecided) <= max(OPEN, count // 20), "\n".join(undecided)


@pytest.mark.parametrize("name", sampled(TABLES["claims_to_decide.yaml"], 20))
def test_each_claim_is_decided(name: str) -> None:
    for is_true, report in reports_of(TABLES["claims_to_decide.yaml"][name]):
        assert (report.status, report.assumptions) == ("proven" if is_true else "false", ()), report
