"""`check` has a deadline for each file."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import pytest

from apimpolicy.project.check_run import CheckRun
from apimpolicy.project.deadline import DeadlineError, deadline

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such timer")


def endless() -> None:
    with deadline(0.05):
        while True:
            pass


def test_work_without_end_ends() -> None:
    began = time.process_time()
    with pytest.raises(DeadlineError):
        endless()
    assert time.process_time() - began < 2


def test_work_in_time_is_left_alone() -> None:
    with deadline(5):
        assert sum(range(1000)) == 499_500


def test_a_file_that_takes_too_long_is_left_alone_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.xml"
    path.write_text("<policies />" + " " * 20_000)

    def never(*_: object) -> None:
        while True:
            pass

    run = CheckRun(None, seconds=0.05)  # type: ignore[arg-type]
    monkeypatch.setattr(run, "_one", never)
    checked = run.one(str(path))
    assert checked.problem == f"{path} was left alone: checking it took more than 0.05 s of processor time"
