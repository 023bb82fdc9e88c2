"""`python -m tests`: everything that must hold, the quickest first; stops at the first thing that does not.

`--quick` leaves out the linters and the type checks, which do not depend on the Python that runs them. What follows is
passed on to pytest.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent

CHECKS = {
    "ruff": [BIN / "ruff", "check", "--quiet", "."],
    "mypy": [BIN / "mypy"],
    "mypy, examples": [BIN / "mypy", "--strict", *sorted(ROOT.glob("examples/*/*.py"))],
    "import-linter": [BIN / "lint-imports", "--no-cache"],
}


def run(name: str, command: list[str | Path]) -> bool:
    start = time.monotonic()
    print(f"── {name}", flush=True)
    code = subprocess.run([str(part) for part in command], cwd=ROOT, check=False).returncode
    print(f"   {'passed' if code == 0 else 'FAILED'} in {time.monotonic() - start:.1f} s", flush=True)
    return code == 0


def main(arguments: list[str]) -> int:
    checks = {} if "--quick" in arguments else CHECKS
    rest = [argument for argument in arguments if argument != "--quick"]
    workers = str(os.cpu_count() or 1)
    tests = {"pytest": [sys.executable, "-m", "pytest", "-n", workers, *rest]}
    failed = [name for name, command in {**checks, **tests}.items() if not run(name, command)]
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
