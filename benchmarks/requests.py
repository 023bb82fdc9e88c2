"""How many goals of real policies the search for requests reaches, and at what cost.

    python benchmarks/requests.py FOLDER… [--out FILE] [--compare FILE] [--only TEXT]

Each document with conditions is searched in a process of its own, each text once. `--out` writes a line of JSON per
document: the goals, those that were found, runs, seconds of processor time, sizes of requests, memory. `--compare`
reads such a file of another version, and shows what only one of both finds.
`benchmarks/goals.jsonl` has the goals that a concolic search found, which was here before: in the public corpus, and in
`tests/unit/reasoning/proposing/realistic_policies`.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apimpolicy.reasoning.proposing.guided import Finder
from apimpolicy.reasoning.scenarios.goals import BRANCH, Goal
from apimpolicy.testing.first_surroundings import subject_of, surroundings_of
from apimpolicy.testing.solved_cases import policy_harness

if TYPE_CHECKING:
    from apimpolicy.reasoning.scenarios.harness import Harness

sys.setrecursionlimit(100_000)


def documents(folders: list[str], only: str) -> list[Path]:
    """The documents with conditions, each text once."""
    found: dict[bytes, Path] = {}
    for folder in folders:
        for path in sorted(Path(folder).resolve().rglob("*.xml")):
            text = path.read_bytes()
            if only in str(path) and (b"<when" in text or b"<retry" in text or b"condition=" in text):
                found.setdefault(text, path)
    return list(found.values())


def name(goal: Goal) -> str:
    """A goal without the name of its file."""
    return json.dumps([goal.kind, *goal.at, goal.outcome])


def harness(path: Path) -> Harness:
    """The harness of a document in a folder of its own."""
    folder = tempfile.mkdtemp(prefix="requests-")
    (Path(folder) / "policy.xml").write_bytes(path.read_bytes())
    os.chdir(folder)
    subject = subject_of("policy.xml")
    return policy_harness(surroundings_of(subject, "policy.xml", "policy.test.yaml"), subject)


def shown(path: Path) -> str:
    """The path of a document within the public corpus; elsewhere its name."""
    return str(path).partition("/documents/")[2] or path.name


def measured(path: Path) -> dict[str, Any]:
    """The figures of one document."""
    made: dict[str, Any] = {"doc": shown(path)}
    try:
        of = harness(path)
        made["goals"] = {name(goal): of.goals.name(goal) for goal in of.goals.all}
        if made["goals"]:
            begun = time.process_time()
            found = Finder(of).explore()
            made["seconds"] = time.process_time() - begun
            made["found"] = sorted(name(goal) for goal in found.found)
            made["sizes"] = {name(goal): len(run.assignment) for goal, run in found.found.items()}
            made["runs"] = found.statistics.runs
    except Exception as error:
        made["error"] = repr(error)[:200]
        made["traceback"] = traceback.format_exc()[-1500:]
    made["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return made


def in_a_process(path: Path, out: Path) -> None:
    """Measure a document in a process of its own, and add the figures to a file."""
    child = os.fork()
    if not child:
        with out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(measured(path)) + "\n")
        os._exit(0)
    os.waitpid(child, 0)


def lines(path: str | Path) -> dict[str, dict[str, Any]]:
    """The figures in a file, by document."""
    return {each["doc"]: each for each in map(json.loads, Path(path).read_text("utf-8").splitlines())}


def total(figures: dict[str, dict[str, Any]]) -> str:
    """The figures of all documents together."""
    reached: Counter[str] = Counter()
    for each in figures.values():
        for goal in each.get("goals", ()):
            kind = "branches" if json.loads(goal)[0] == BRANCH else "conditions"
            reached[kind] += goal in each.get("found", ())
            reached[f"all {kind}"] += 1
    searched = [each for each in figures.values() if "seconds" in each]
    seconds = [each["seconds"] for each in searched]
    sizes = [size for each in searched for size in each.get("sizes", {}).values()]
    return (
        f"{reached['branches']} of {reached['all branches']} branches, "
        f"{reached['conditions']} of {reached['all conditions']} conditions, "
        f"{sum(seconds):.0f} s ({statistics.median(seconds):.2f} s), {sum(each['runs'] for each in searched)} runs, "
        f"{statistics.mean(sizes):.1f} inputs, {max(each['memory'] for each in searched) // 1024} MB, "
        f"{sum('error' in each for each in figures.values())} errors"
    )


def compare(old: dict[str, dict[str, Any]], new: dict[str, dict[str, Any]]) -> None:
    """Show what only one of two versions finds."""
    only_old = only_new = both = 0
    for document in old.keys() & new.keys():
        names = old[document].get("goals") or new[document].get("goals", {})
        one, other = ({*each[document].get("found", ())} & names.keys() for each in (old, new))
        both += len(one & other)
        only_new += len(other - one)
        only_old += len(one - other)
        for goal in sorted(one - other):
            print(f"{document}\t{names[goal]}")
    print(f"both {both}, only the other version {only_old}, only this one {only_new}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*")
    parser.add_argument("--out", default="/tmp/requests.jsonl")
    parser.add_argument("--compare")
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    out = Path(given.out).resolve()
    done = lines(out) if out.exists() else {}
    for path in documents(given.folders, given.only):
        if shown(path) not in done:
            in_a_process(path, out)
    figures = lines(out)
    print(total(figures))
    if given.compare:
        compare(lines(given.compare), figures)


if __name__ == "__main__":
    main()
