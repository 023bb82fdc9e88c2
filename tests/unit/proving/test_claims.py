"""Claims as data: what must be proven, what a request must break, and what must never be proven."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("z3")

from apimpolicy.symbolic.bounds import Bounds
from apimpolicy.testing.case_files import load_case_tree
from apimpolicy.testing.claims.running import prove_file
from apimpolicy.testing.tree import read_tree

CLAIMS: dict[str, dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("claims.yaml").read_text("utf-8"))
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


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_gets_its_verdict(name: str, tmp_path: Path) -> None:
    row = CLAIMS[name]
    policy = (
        f"<policies><inbound><base />{inbound_of(row)}</inbound><backend><base /></backend>"
        "<outbound><base /></outbound><on-error><base /></on-error></policies>"
    )
    claim = {"name": "it", "if": "reaches-backend", "then": f"@({written(row['then'])})"}
    content = json.dumps({"policy": policy, "config": False, "claims": [claim]})
    file = load_case_tree(read_tree(content, "made-up.test.json"), "made-up.test.json")

    (report,) = prove_file(file, file.claims, Bounds(seconds=2))

    assert report.status != "error", report.problem
    if row["expect"] == "open":
        assert report.status != "proven" or report.assumptions, report
    else:
        assert (report.status, report.assumptions) == (row["expect"], ()), report
