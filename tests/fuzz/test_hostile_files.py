"""Policies that broke the box once, from the folder beside this checkout: each ends in time, in a sentence, with the
exit code for it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.sampling import sampled

HOSTILE = Path(__file__).resolve().parents[3] / "shared" / "hostile"
if not HOSTILE.exists() or sys.platform == "win32":
    pytest.skip("the hostile policies are not beside this checkout", allow_module_level=True)

MOST_SECONDS = 10.0
MOST_MEMORY = 2 << 30
FINE = {0, 1}
"""Exit codes: it works, or the policy is wrong or went too far."""
COMMAND = [sys.executable, "-m", "apimpolicy"]


def ends(command: list[str], given: str = "", allowed: set[int] = FINE) -> None:
    began = time.monotonic()
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(given)
        process.stdin.close()
        said = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode in allowed, said[-500:]
    assert "Traceback" not in said
    assert "internal error in apimpolicy" not in said
    assert used.ru_utime + used.ru_stime < MOST_SECONDS, f"{time.monotonic() - began:.1f} s by the clock"
    assert used.ru_maxrss * 1024 < MOST_MEMORY


@pytest.mark.parametrize("path", sampled(sorted(HOSTILE.glob("*.cs")), 4), ids=lambda path: path.stem)
def test_expressions(path: Path) -> None:
    lines = path.read_text().splitlines()
    ends([*COMMAND, "eval", "-"], "\n".join(line for line in lines if not line.startswith("//")))


COMMANDS = ("run", "check", "explain")


@pytest.mark.parametrize(
    ("path", "command"),
    sampled([(path, command) for path in sorted(HOSTILE.glob("*.xml")) for command in COMMANDS], 5),
    ids=lambda each: getattr(each, "stem", each),
)
def test_policies(path: Path, command: str) -> None:
    ends([*COMMAND, command, str(path)])


@pytest.mark.parametrize("kind", sampled(["xsd-pattern", "props", "dynamic", "anchor", "xsd-group"], 1))
def test_schemas(kind: str, tmp_path: Path) -> None:
    script = tmp_path / "schemas.py"
    written = (HOSTILE / "30-schemas.py").read_text()
    script.write_text(written.replace("print(Gateway", GUARD + "    print(Gateway") + END)
    ends([sys.executable, str(script), kind])


GUARD = "try:\n"
END = "\nexcept Exception as error:\n    assert type(error).__name__ == 'LimitExceededError', error\n"


@pytest.mark.parametrize("name", ["40-race-first-use.py", "41-counters-race.py"])
def test_threads(name: str) -> None:
    ends([sys.executable, str(HOSTILE / name)])
