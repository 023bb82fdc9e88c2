"""`apimpolicy format` of a folder, as ratios to `apimpolicy check --no-cache --jobs 1` of the same folder.

    python benchmarks/format.py [FOLDER]       the corpus beside the checkout, unless a folder is given

Measured in turns, the median of pairs of whole processes: `format --check` of the folder as it is, `format --diff`,
which verifies a changed file with two checks of it as writing does, and `format` of a copy that is laid out already.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT.parent / "shared" / "corpus" / "documents" / "policies"
ROUNDS = 5


def seconds(*arguments: str) -> float:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "apimpolicy", *arguments]
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, check=False)
    return time.perf_counter() - start


def main(folder: Path) -> None:
    if not folder.is_dir():
        sys.exit(f"there is no folder {folder}; name one with policies: python benchmarks/format.py FOLDER")
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory) / "copy"
        shutil.copytree(folder, copy)
        for path in (copy, *copy.rglob("*")):
            path.chmod(path.stat().st_mode | 0o200)
        seconds("format", str(copy))
        print(f"ratios to `check --no-cache --jobs 1`; median of {ROUNDS} pairs")
        for name, option, target in (
            ("format --check", "--check", folder),
            ("format --diff", "--diff", folder),
            ("laid out already", "--diff", copy),
        ):
            pairs = [
                (seconds("format", option, str(target)), seconds("check", "--no-cache", "--jobs", "1", str(target)))
                for _ in range(ROUNDS)
            ]
            print(f"{name:<20} {statistics.median(one / other for one, other in pairs):5.2f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else CORPUS)
