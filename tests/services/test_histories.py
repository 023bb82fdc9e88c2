"""Commits of public repositories: `diff` tells a reviewer what `histories.yaml` expects."""

from __future__ import annotations

import pytest
from tests.sampling import sampled
from tests.services.histories import Row, judge, rows


@pytest.mark.parametrize("row", sampled(rows(), 10), ids=lambda row: row.name)
def test_a_reviewer_is_told_what_a_commit_does(row: Row) -> None:
    if not row.is_there:
        pytest.skip(f"there is no clone of {row.repository} at {row.clone}")
    assert judge(row).faults == []
