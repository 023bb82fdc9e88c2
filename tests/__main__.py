"""`python -m tests`: run all tests, linters and type checks. It takes about seven minutes on two quiet cores.

Generated files are made first. The linters and type checks run beside pytest, which shows its progress; their results
follow at the end. `--quick` leaves them out, since they don't depend on the Python version. Other arguments are passed
to pytest. Hypothesis generates the same examples in every run; use `--hypothesis-profile default` for new ones.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent

CHECKS: dict[str, list[str | Path]] = {
    "ruff": [BIN / "ruff", "check", "--quiet", "."],
    "import-linter": [BIN / "lint-imports", "--no-cache"],
    "mypy": [BIN / "mypy"],
    "mypy, examples": [BIN / "mypy", "--strict", *sorted(ROOT.glob("examples/*/*.py"))],
}


class Outcome(NamedTuple):
    """The result of a check."""

    name: str
    code: int
    seconds: float
    output: str

    def show(self) -> None:
        print(f"── {self.name}", flush=True)
        if self.code and self.output:
            print(self.output.rstrip())
        print(f"   {'FAILED' if self.code else 'passed'} in {self.seconds:.0f} s", flush=True)


ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""With that variable, as containers set it, each worker and each command of a test compiles all modules again."""


def run(name: str, command: list[str | Path], *, shows: bool = False) -> Outcome:
    """Run a command. Its output is kept, or shown as it is written."""
    start = time.monotonic()
    target = None if shows else subprocess.PIPE
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env=ENVIRONMENT,
        stdout=target,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Outcome(name, done.returncode, time.monotonic() - start, done.stdout or "")


def main(arguments: list[str]) -> int:
    checks = {} if "--quick" in arguments else CHECKS
    rest = [argument for argument in arguments if argument != "--quick"]
    workers = str((os.cpu_count() or 1) + 1)  # some tests wait
    print(f"This takes about seven minutes on two quiet cores. Workers: {workers}.", flush=True)
    outcomes = [run("generated pages", [sys.executable, "-m", "docs"])]
    outcomes[0].show()
    options = ["-p", "tests.progress", "-n", workers, "--dist", "worksteal", "--hypothesis-profile", "ci", *rest]
    tests: list[str | Path] = [sys.executable, "-m", "pytest", *options]
    with ThreadPoolExecutor(1) as beside:
        waiting = [beside.submit(run, name, command) for name, command in checks.items()]
        print("── pytest", flush=True)
        tested = run("pytest", tests, shows=True)
        outcomes += [each.result() for each in waiting] + [tested]
    for outcome in outcomes[1:]:
        outcome.show()
    failed = [outcome.name for outcome in outcomes if outcome.code]
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
