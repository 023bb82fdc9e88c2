"""Real editors as clients of the language server: set up as the documentation says, asked by a script of theirs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "editors.md"


def settings(pattern: str) -> str:
    """What the page has for an editor: the first group of a pattern."""
    found = re.search(pattern, PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


def answers_of(folder: Path, policy: str, command: list[str], homes: tuple[str, ...]) -> Any:
    """What the editor's script prints as JSON about a policy, whose path the variable POLICY says. The tool is on its
    path; `homes` are the variables by which it would find the user's own settings.
    """
    (folder / "orders.xml").write_text(policy)
    tool = folder / "bin" / "apimpolicy"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m apimpolicy "$@"\n')
    tool.chmod(0o755)
    environment = {
        **os.environ,
        "POLICY": str(folder / "orders.xml"),
        "PATH": f"{tool.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(sys.path),
        **{name: str(folder / "home") for name in homes},
    }
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)
    assert done.stdout, done.stderr
    return json.loads(done.stdout[done.stdout.index("{") :])
