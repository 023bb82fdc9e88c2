"""How much of policies that nobody prepared the cases of `apimpolicy new test` reach.

    python benchmarks/solving.py FOLDER [--repositories] [--causes] [--most N] [--only TEXT]

Each document with branches gets its test file, which is then run with coverage, in a process of its own: the figures
are those that `apimpolicy test --coverage-report` shows. FOLDER holds policies, in a folder per repository.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ENDINGS = (".xml", ".cshtml", ".policy")


def documents(folder: Path, only: str) -> list[Path]:
    """The documents with branches, each text once."""
    found: dict[bytes, Path] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix in ENDINGS and path.is_file() and only in str(path):
            text = path.read_bytes()
            if b"<when" in text or b"<retry" in text:
                found.setdefault(text, path)
    return list(found.values())


def measured(path: Path, seconds: float) -> dict[str, Any]:
    """The figures of one document, from a process of its own."""
    command = [sys.executable, __file__, "--one", str(path), "--seconds", str(seconds)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    except subprocess.TimeoutExpired:
        return {"path": str(path), "problem": "took more than ten minutes"}
    try:
        return {"path": str(path), **json.loads(done.stdout)}
    except ValueError:
        return {"path": str(path), "problem": (done.stderr or done.stdout)[-400:]}


def one(path: str, most: float) -> dict[str, Any]:
    """Write the test file of a document and run it."""
    from apimpolicy.errors import ApimPolicyError
    from apimpolicy.reasoning.scenarios.scenario import Bounds
    from apimpolicy.testing.case_files import load_case_file
    from apimpolicy.testing.coverage import PolicyCoverage
    from apimpolicy.testing.running import run_case
    from apimpolicy.testing.solved_cases import solved_cases

    with tempfile.TemporaryDirectory() as folder:
        output = os.path.join(folder, "written.test.yaml")
        started = time.perf_counter()
        try:
            made = solved_cases(path, output, Bounds(seconds=most) if most else None)
        except ApimPolicyError as error:
            return {"problem": f"{type(error).__name__}: {str(error)[:300]}"}
        seconds = time.perf_counter() - started
        Path(output).write_text(made.text, encoding="utf-8")
        coverage = PolicyCoverage()
        failed = 0
        with coverage:
            for case in load_case_file(output).cases:
                with coverage.test(case.name):
                    failed += not run_case(case).is_good
        places = [place for file in coverage.report().files for place in file.places]
    counts: Counter[str] = Counter()
    for place in places:
        outcomes = [bool(tests) for tests in place.outcomes.values()]
        if place.kind == "branch":
            counts["branches"] += len(outcomes)
            counts["taken"] += sum(outcomes)
        elif place.kind == "condition":
            counts["operands"] += len(outcomes)
            counts["seen"] += sum(outcomes)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        **counts,
        "seconds": seconds,
        "memory": memory,
        "cases": len(made.cases),
        "failed": failed,
        "proven": made.proven,
        "missing": made.missing,
        "causes": made.causes,
        "figures": made.statistics,
    }


def summary(rows: list[dict[str, Any]]) -> str:
    """The figures of several documents in a line."""
    done = [row for row in rows if "seconds" in row]
    total = {key: sum(row.get(key, 0) for row in done) for key in ("branches", "taken", "operands", "seen", "proven")}
    seconds = sorted(row["seconds"] for row in done) or [0.0]
    possible = total["branches"] - total["proven"]

    def share(part: int, whole: int) -> str:
        return f"{part} of {whole} ({100 * part / whole:.0f} %)" if whole else "none"

    parts = (
        f"{len(done)} of {len(rows)} documents",
        f"branches {share(total['taken'], total['branches'])}",
        f"of those not proven impossible {share(total['taken'], possible)}",
        f"outcomes of conditions {share(total['seen'], total['operands'])}",
        f"seconds: median {statistics.median(seconds):.2f}, most {seconds[-1]:.1f}",
        f"memory: {max((row['memory'] for row in done), default=0):.0f} MB",
    )
    return "; ".join(parts)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--one")
    parser.add_argument("--repositories", action="store_true")
    parser.add_argument("--causes", action="store_true")
    parser.add_argument("--most", type=int, default=0)
    parser.add_argument("--only", default="")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--json")
    parser.add_argument("--seconds", type=float, default=0.0)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(one(given.one, given.seconds)))
        return
    folder = Path(given.folder)
    paths = documents(folder, given.only)
    if given.most:
        paths = paths[:: max(1, len(paths) // given.most)]
    rows: list[dict[str, Any]] = []
    with ThreadPoolExecutor(given.workers) as pool:
        for row in pool.map(lambda path: measured(path, given.seconds), paths):
            rows.append(row)
            if given.json:
                Path(given.json).write_text(json.dumps(rows, indent=1), encoding="utf-8")
    for row in rows:
        if "problem" in row:
            print(f"{row['path']}: {row['problem'].strip().splitlines()[-1] if row['problem'].strip() else '?'}")
    by_repository: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_repository[Path(row["path"]).relative_to(folder).parts[0]].append(row)
    if given.repositories:
        for name, own in by_repository.items():
            print(f"{name}: {summary(own)}")
    if given.causes:
        causes: Counter[str] = Counter()
        for row in rows:
            causes.update(row.get("causes", {}))
        for cause, count in causes.most_common(40):
            print(f"{count:5} {cause}")
    print(summary(rows))
    kinds = ("runs", "predicted", "diverged", "wrong_forms", "undecided")
    statistics = {kind: sum(row.get("figures", {}).get(kind, 0) for row in rows) for kind in kinds}
    print(statistics, "cases that fail:", sum(row.get("failed", 0) for row in rows))


if __name__ == "__main__":
    main()
