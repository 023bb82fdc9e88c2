"""Policies about signatures, coded texts and what is read by hand: each branch is found, or proven impossible."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("z3")

from apimpolicy.symbolic.bounds import Bounds
from apimpolicy.testing.case_files import load_case_file
from apimpolicy.testing.running import run_case
from apimpolicy.testing.solved_cases import solved_cases

POLICIES = sorted((Path(__file__).parent / "written_policies").glob("*.xml"))
GAPS: dict[str, int] = {}
"""How many branches of a policy nobody finds yet. They only fall."""


@pytest.mark.parametrize("policy", POLICIES, ids=lambda path: path.stem)
def test_each_branch_is_found_or_impossible(policy: Path, tmp_path: Path) -> None:
    output = tmp_path / "written.test.yaml"
    made = solved_cases(str(policy), str(output), Bounds(seconds=6))
    assert len(made.missing) - made.proven <= GAPS.get(policy.stem, 0), (made.missing, made.causes)
    assert made.figures["wrong_forms"] == 0
    output.write_text(made.text, encoding="utf-8")
    assert all(run_case(case).is_good for case in load_case_file(str(output)).cases)
