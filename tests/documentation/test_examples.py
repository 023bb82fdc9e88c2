"""The examples do what their READMEs show, from the command line as they stand."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from page_runner import surroundings
from tests.processes import APIMPOLICY, run_python

EXAMPLES = Path(__file__).parents[2] / "examples"
COMMANDS = [
    (readme.parent, line.partition("#")[0].strip())
    for readme in sorted(EXAMPLES.glob("*/README.md"))
    for line in readme.read_text("utf-8").splitlines()
    if line.startswith("    apimpolicy ") or (line.startswith("    python ") and "certificates.py" not in line)
]


@pytest.mark.parametrize(("folder", "command"), COMMANDS, ids=lambda part: getattr(part, "name", part))
def test_a_command(folder: Path, command: str, tmp_path: Path) -> None:
    name, *arguments = shlex.split(command)
    arguments = [str(tmp_path / part) if part.endswith(".html") else part for part in arguments]
    with surroundings(tmp_path):
        done = run_python(*(APIMPOLICY if name == "apimpolicy" else ()), *arguments, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped" not in done.stderr
