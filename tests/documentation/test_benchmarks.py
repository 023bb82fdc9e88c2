"""Every benchmark starts, at its smallest size, so that none is broken unnoticed; slow ones at night."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.sampling import nightly

ROOT = Path(__file__).parents[2]
SMALLEST = {
    "answering": ["2"],
    "blocks": ["0.001"],
    "check": ["examples/client-certificate"],
    "cold_start": [],
    "completion": ["20"],
    "coverage": ["--rounds", "1"],
    "debugging": ["2"],
    "editor": ["30", "20"],
    "evaluate": ["--rounds", "1"],
    "format": ["examples/client-certificate"],
    "infrastructure": ["--megabytes", "0.05"],
    "members": ["--rounds", "1"],
    "parse": ["--rounds", "1"],
    "proving": ["2"],
    "request": ["--rounds", "1"],
    "requests": ["examples/client-certificate"],
    "solving": ["examples/client-certificate"],
    "testing": [],
}
SLOW = {"check", "cold_start", "completion", "coverage", "editor", "format", "parse", "requests", "solving", "testing"}
MODULES = ("answering", "completion")
"""Those that start as `python -m benchmarks.NAME`."""
NOT_STARTED = {
    "bare_server": "a part of `serving`",
    "cases": "the expressions of `evaluate`",
    "policy_costs": "the policies of `request --costs`",
    "serving": "needs wrk and sockets",
    "soak": "needs wrk and sockets",
    "soak_backend": "a part of `soak`",
    "soak_clients": "a part of `soak`",
}


def test_each_benchmark_is_listed() -> None:
    modules = {path.stem for path in (ROOT / "benchmarks").glob("*.py")}
    assert modules == {*SMALLEST, *NOT_STARTED}


@pytest.mark.parametrize("name", [pytest.param(name, marks=nightly) if name in SLOW else name for name in SMALLEST])
def test_a_benchmark_starts(name: str, tmp_path: Path) -> None:
    start = ["-m", f"benchmarks.{name}"] if name in MODULES else [str(ROOT / "benchmarks" / f"{name}.py")]
    more = ["--out", str(tmp_path / "out.jsonl")] if name == "requests" else []
    done = subprocess.run(
        [sys.executable, *start, *SMALLEST[name], *more],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
