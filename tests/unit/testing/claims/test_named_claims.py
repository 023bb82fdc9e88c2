"""Each named claim about policies for which it is true, and about policies for which it is false."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.rows import read_yaml

pytest.importorskip("z3")

from apimpolicy.errors import DiagnosticError
from apimpolicy.reasoning.scenarios.scenario import Bounds
from apimpolicy.testing.case_files import load_case_tree
from apimpolicy.testing.claims.reading import library
from apimpolicy.testing.claims.running import prove_file
from apimpolicy.testing.tree import read_tree

ROWS = read_yaml(Path(__file__).with_name("named_claims.yaml").read_text("utf-8"))
CASES = [
    pytest.param(name, status, inbound, id=f"{name} {status} {number}")
    for name, by_status in ROWS.items()
    for status, policies in by_status.items()
    for number, inbound in enumerate(policies)
]


@pytest.mark.parametrize(("name", "status", "inbound"), CASES)
def test_a_named_claim_gets_its_verdict(name: str, status: str, inbound: str) -> None:
    policy = f"<policies><inbound><base />{inbound}</inbound><backend><base /></backend></policies>"
    content = json.dumps({"policy": policy, "config": False, "claims": [name]})
    file = load_case_tree(read_tree(content, "made-up.test.json"), "made-up.test.json")

    (report,) = prove_file(file, file.claims, Bounds(seconds=5))

    assert (report.name, report.status, report.assumptions) == (name, status, ()), report


def test_every_named_claim_is_tried() -> None:
    assert set(ROWS) == set(library())


def test_a_name_that_does_not_exist_suggests_the_nearest() -> None:
    content = json.dumps({"policy": "<policies />", "claims": ["authentikated"]})

    with pytest.raises(DiagnosticError) as raised:
        load_case_tree(read_tree(content, "made-up.test.json"), "made-up.test.json")

    assert raised.value.diagnostics[0].label == "did you mean 'authenticated'?"
