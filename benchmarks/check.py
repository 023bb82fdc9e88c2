"""`apimpolicy check` over a whole tree, as ratios to starting Python and doing nothing (`python -c pass`).

    python benchmarks/check.py [FOLDER]        the corpus beside the checkout, unless a folder is given

Measured by turns, the median of pairs: all rules on one core in one process without a cache; the same from the cache;
two processes on a tree that is the folder eight times. Beside it `xmllint --noout`, where it is there: all that most
teams run today, and most policies with expressions are not well-formed for it. Wall-clock time of whole processes.
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
CORPUS = ROOT.parent / "shared" / "corpus" / "documents"
ROUNDS = 7


def seconds(command: list[str], environment: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, check=False)
    return time.perf_counter() - start


def main(folder: Path) -> None:
    if not folder.is_dir():
        sys.exit(f"there is no folder {folder}: name one with policies, python benchmarks/check.py FOLDER")
    with tempfile.TemporaryDirectory() as directory:
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "APIMPOLICY_CACHE_DIR": directory}
        check = [sys.executable, "-m", "apimpolicy", "check", str(folder), "--statistics"]
        listed = subprocess.run(
            [*check, "--format", "json"], capture_output=True, text=True, env=environment, check=False
        )
        import json

        files = json.loads(listed.stdout)["summary"]["files"] if listed.stdout else 0
        if not files:
            sys.exit(f"there are no policies in {folder}: name a folder with some, python benchmarks/check.py FOLDER")
        nothing = [sys.executable, "-c", "pass"]
        commands = {"one process, no cache": [*check, "--no-cache", "--jobs", "1"], "from the cache": check}
        if (xmllint := shutil.which("xmllint")) is not None:
            paths = [str(path) for path in folder.rglob("*.xml")]
            commands["xmllint --noout"] = [xmllint, "--noout", "--nowarning", *paths]
        print(f"{files:,} files; ratios to `python -c pass`, a file; median of {ROUNDS} pairs")
        for name, command in commands.items():
            pairs = []
            for _ in range(ROUNDS):
                pairs.append((seconds(command, environment), seconds(nothing, environment)))
            ratio = statistics.median(one / other for one, other in pairs) / files
            each = statistics.median(one for one, _ in pairs) / files
            print(f"  {name:<24} {ratio:8.4f}   ({each * 1000:.2f} ms a file, {1 / each:,.0f} files a second)")
        tree = Path(directory) / "tree"
        for number in range(8):
            shutil.copytree(folder, tree / str(number), ignore=shutil.ignore_patterns("*.md"))
            for path in (tree / str(number)).rglob("*"):
                if path.is_file():
                    with path.open("ab") as file:
                        file.write(b"\n" * (number + 1))
        large = [sys.executable, "-m", "apimpolicy", "check", str(tree), "--statistics", "--no-cache", "--jobs"]
        pairs = [(seconds([*large, "1"], environment), seconds([*large, "2"], environment)) for _ in range(3)]
        gain = statistics.median(one / two for one, two in pairs)
        print(f"  two processes on {files * 8:,} files are {gain:.2f} times as fast as one")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else CORPUS)
