"""Policies about signatures, coded texts and what is read by hand: each branch is found, or proven impossible."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("z3")

from apimpolicy.symbolic.bounds import Bounds
from apimpolicy.testing.solved_cases import solved_cases

POLICIES = sorted((Path(__file__).parent / "written_policies").glob("*.xml"))
GAPS: dict[str, int] = {}
"""How many branches of a policy nobody finds yet. They only fall."""


@pytest.mark.parametrize("policy", POLICIES, ids=lambda path: path.stem)
def test_each_branch_is_found_or_impossible(policy: Path, tmp_path: Path) -> None:
    made = solved_cases(str(policy), str(tmp_path / "written.test.yaml"), Bounds(seconds=6))
    assert len(made.missing) - made.proven <= GAPS.get(policy.stem, 0), (made.missing, made.causes)
    assert made.figures["wrong_forms"] == 0
