"""Processes to share work with: no copy is made of a process with threads."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from tests.architecture.hostile_repository import make_hostile

from apimpolicy.project.processes import process_pool, python_command

if TYPE_CHECKING:
    from pathlib import Path

METHOD = """
import threading
from apimpolicy.project.processes import process_pool
if {threads}:
    threading.Thread(target=threading.Event().wait, daemon=True).start()
print(process_pool(2)._mp_context.get_start_method())
"""


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this system copies no processes")
@pytest.mark.parametrize(("threads", "method"), [(False, "fork"), (True, "forkserver")])
def test_how_they_are_started(threads: bool, method: str) -> None:
    code = METHOD.format(threads=threads)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == method


def test_what_another_thread_holds_stops_nothing() -> None:
    lock = threading.Lock()
    with lock:
        holds = threading.Thread(target=lock.acquire, daemon=True)
        holds.start()
        with process_pool(2) as pool:
            assert list(pool.map(abs, [-1, 2])) == [1, 2]
    holds.join(10)


@pytest.mark.parametrize("threads", [False, True])
def test_they_import_nothing_from_the_folder(threads: bool, tmp_path: Path) -> None:
    mark = make_hostile(tmp_path / "repository")
    code = METHOD.format(threads=threads) + "\nprint(list(process_pool(2).map(abs, [-1])))"
    code += "\nimport os; print(os.environ.get('PYTHONSAFEPATH'))"
    command = python_command("-c", f"if __name__ == '__main__':\n    exec({code!r})")
    done = subprocess.run(command, cwd=tmp_path / "repository", capture_output=True, text=True, check=False)
    assert "[1]" in done.stdout, done.stderr
    assert "None" in done.stdout  # nothing is left for the processes of others
    assert not mark.exists(), mark.read_text(encoding="utf-8")
