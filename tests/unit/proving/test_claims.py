"""Claims as data: what must be proven, what a request must break, and what must never be proven."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.sampling import sampled

pytest.importorskip("z3")

from apimpolicy.concolic.bounds import Bounds
from apimpolicy.testing.case_files import load_case_tree
from apimpolicy.testing.claims.harnesses import harness_of, setup_of
from apimpolicy.testing.claims.reading import Expressions
from apimpolicy.testing.claims.running import prove_file
from apimpolicy.testing.claims.static_proofs import StaticProofs
from apimpolicy.testing.tree import read_tree

if TYPE_CHECKING:
    from apimpolicy.testing.case_files import CaseFile

CLAIMS: dict[str, dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("claims.yaml").read_text("utf-8"))
FALSE: dict[str, dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("false_claims.yaml").read_text("utf-8"))
REFUSE = '<return-response><set-status code="403" reason="No" /></return-response>'


def written(code: str) -> str:
    """An expression with the words of the file written out."""
    code = re.sub(r"(?<![-\w])H\b", 'context.Request.Headers.GetValueOrDefault("X-H", "")', code)
    return re.sub(r"\bQ\b", 'context.Request.Url.Query.GetValueOrDefault("q", "")', code)


def inbound_of(row: dict[str, Any]) -> str:
    if "inbound" in row:
        code: str = row["inbound"].replace("REFUSE", REFUSE)
        return re.sub(r"@\(.*?\)(?=[\"<])", lambda found: html.escape(written(html.unescape(found[0]))), code)
    condition = f"@({written(row['when'])})" if "when" in row else f"@{written(row['body'])}"
    return f'<choose><when condition="{html.escape(condition)}">{REFUSE}</when></choose>'


def file_of(row: dict[str, Any]) -> CaseFile:
    """Return the test file of a row."""
    policy = (
        f"<policies><inbound><base />{inbound_of(row)}</inbound><backend><base /></backend>"
        f"<outbound><base />{row.get('outbound', '')}</outbound>"
        f"<on-error><base />{row.get('on-error', '')}</on-error></policies>"
    )
    claim = row.get("claim") or {"if": "reaches-backend", "then": f"@({written(row['then'])})"}
    content = json.dumps({"policy": policy.replace("REFUSE", REFUSE), "config": False, "claims": [claim]})
    return load_case_tree(read_tree(content, "made-up.test.json"), "made-up.test.json")


def static_proofs_of(row: dict[str, Any]) -> StaticProofs:
    """Return what decides the claim of a row, without any request."""
    file = file_of(row)
    return StaticProofs(harness_of(file.subject.policies, setup_of(file)), file.claims, Expressions({}))


@pytest.mark.parametrize("name", sampled(FALSE, 40))
def test_a_false_claim_is_never_proven(name: str) -> None:
    static = static_proofs_of(FALSE[name])
    assert not static.decide(0).is_proven
    assert static.decide_under_assumptions(0).is_proven is FALSE[name].get("assumes", False)


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_gets_its_verdict(name: str) -> None:
    row = CLAIMS[name]
    file = file_of(row)

    (report,) = prove_file(file, file.claims, Bounds(seconds=2))

    assert report.status != "error", report.problem
    if row["expect"] == "open":
        assert report.status != "proven" or report.assumptions, report
    else:
        assert (report.status, report.assumptions) == (row["expect"], ()), report
