"""Commits of public repositories: `diff` tells a reviewer what `histories.yaml` expects.

Skipped where there are no clones of them (`histories.REPOSITORIES`).
"""

from __future__ import annotations

import pytest
from tests.sampling import nightly
from tests.services.histories import Row, judge, rows


@nightly
@pytest.mark.parametrize("row", [row for row in rows() if row.is_there], ids=lambda row: row.name)
def test_a_reviewer_is_told_what_a_commit_does(row: Row) -> None:
    assert judge(row).faults == []
