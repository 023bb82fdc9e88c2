"""Policies as people write them: each branch has a case that passes, or is proven impossible."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("z3")

from apimpolicy.symbolic.bounds import Bounds
from apimpolicy.testing.case_files import load_case_file
from apimpolicy.testing.running import run_case
from apimpolicy.testing.solved_cases import solved_cases

POLICIES = sorted((Path(__file__).parent / "policies").glob("*.xml"))
GAPS = {
    "sticky_sessions": ["inbound choose[1]/when[1]", "inbound choose[1]: passed without a true condition"],
}
"""Branches that the search does not reach; they only become fewer."""


@pytest.mark.parametrize("policy", POLICIES, ids=lambda path: path.stem)
def test_each_branch_has_a_case_or_is_proven_impossible(policy: Path, tmp_path: Path) -> None:
    output = tmp_path / "written.test.yaml"

    made = solved_cases(str(policy), str(output), Bounds(seconds=6))

    assert made.figures["wrong_forms"] == 0
    gaps = GAPS.get(policy.stem, [])
    assert len(made.missing) - made.proven <= len(gaps)
    assert set(made.missing) <= set(gaps) or made.proven
    output.write_text(made.text, "utf-8")
    assert [case.name for case in load_case_file(str(output)).cases if not run_case(case).is_good] == []
