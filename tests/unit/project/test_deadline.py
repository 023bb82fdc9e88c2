"""`check` has a deadline for each file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import weakref
from typing import TYPE_CHECKING

import pytest

from apimpolicy.csharp.dotnet.process_limits import MEMORY, reason_to_stop
from apimpolicy.errors import LimitExceededError
from apimpolicy.project import check_run
from apimpolicy.project.check_projects import CheckOptions, CheckProjects
from apimpolicy.project.check_run import CheckRun, DeadlineError, deadline

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


def test_work_that_ends_inside_of_callbacks_of_references_ends_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is raised in such a callback is ignored, with a message that pytest makes an error."""
    monkeypatch.setattr(check_run, "_AGAIN", 0.01)

    class Value:
        pass

    def endless_references() -> None:
        known: weakref.WeakValueDictionary[int, Value] = weakref.WeakValueDictionary()
        with deadline(0.02):
            while True:
                known[0] = Value()

    for _ in range(5):
        with pytest.raises(DeadlineError):
            endless_references()


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


@pytest.mark.parametrize("error", [MemoryError(), LimitExceededError("constant_text", 5)])
def test_a_file_that_needs_too_much_is_left_alone(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.xml").write_text("<policies />")

    def fail(*_: object) -> None:
        raise error

    run = CheckRun(CheckProjects(CheckOptions()))
    monkeypatch.setattr(run, "_found", fail)
    assert "was left alone: " in str(run.one(str(tmp_path / "a.xml")).problem)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux holds the address space")
def test_check_has_the_memory_that_other_commands_have(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("<policies />")
    code = """import os, resource, sys
from apimpolicy.cli import main

def end(code):
    print(resource.getrlimit(resource.RLIMIT_AS)[0], flush=True)
    really_end(code)

really_end, os._exit = os._exit, end
sys.argv[1:] = ["check", "a.xml"]
main()"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert int(done.stdout.split()[-1]) == MEMORY


def test_what_the_system_stops_is_stopped_elsewhere_first() -> None:
    assert reason_to_stop(lambda: os.kill(os.getpid(), signal.SIGXCPU)) == signal.SIGXCPU
    assert reason_to_stop(lambda: 1 / 0) == 0
