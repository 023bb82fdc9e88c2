"""Commits of public repositories, and whether `diff` tells a reviewer what `histories.yaml` expects.

`python -m tests.services.histories` judges all of them: 🗸 right, ? not decided, ✗ wrong.
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

from tests.rows import read_yaml

from apimpolicy.cli import main

ROOT = Path(__file__).parents[2]
REPOSITORIES = Path(os.environ.get("APIMPOLICY_HISTORIES", ROOT.parent / "repos"))
"""Folders with the clones, each named `owner+name`."""
NONE, SOME, OPEN = "none", "some", "open"
_WORDS = ("says", "only", "settings")


class Row(NamedTuple):
    """A comparison of a commit with the one before it, and what is expected of it."""

    repository: str
    commit: str
    path: str
    expected: str
    says: tuple[str, ...]
    only: str
    is_folder: bool

    @property
    def name(self) -> str:
        return f"{self.repository} {self.commit} {self.path}"

    @property
    def clone(self) -> Path:
        return REPOSITORIES / self.repository.replace("/", "+")

    @property
    def is_there(self) -> bool:
        return (self.clone / ".git").exists()


def rows() -> list[Row]:
    found: list[Row] = []
    for entry in read_yaml((Path(__file__).parent / "histories.yaml").read_text(encoding="utf-8")):
        for commit, given in (pair for each in entry["commits"] for pair in each.items()):
            says, only = tuple(given.get("says", ())), given.get("only", "")
            files = {name: wanted for name, wanted in given.items() if name not in _WORDS}
            for name, wanted in files.items():
                path = entry.get("files", {}).get(name, entry.get("prefix", "") + name)
                own = says if len(files) == 1 else ()
                found.append(Row(entry["repository"], str(commit), path, wanted, own, only, is_folder=False))
            every = {*files.values(), given.get("settings", NONE)}
            wanted = next(each for each in (SOME, OPEN, NONE) if each in every)
            folder = entry.get("folder", ".")
            found.append(Row(entry["repository"], str(commit), folder, wanted, says, only, is_folder=True))
    return found


class Judged(NamedTuple):
    """What is wrong with an answer; nothing where it is right. `is_decided`: it is all that can be said."""

    faults: list[str]
    is_decided: bool
    seconds: float
    answer: dict[str, Any]


def judge(row: Row) -> Judged:
    """Run `diff` in the clone of a row's repository, and judge its answer."""
    before, started = os.getcwd(), time.perf_counter()
    os.chdir(row.clone)
    try:
        paths = [f"{revision}:{row.path}" for revision in (f"{row.commit}~1", row.commit)]
        with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
            code = main(["diff", *paths, "--format", "json"])
    finally:
        os.chdir(before)
    seconds = time.perf_counter() - started
    try:
        answer = json.loads(out.getvalue())
    except ValueError:
        return Judged([f"exit {code}: {out.getvalue()[:200]} {err.getvalue()[-300:]}"], False, seconds, {})
    return Judged(list(_faults(row, answer, code)), answer["complete"], seconds, answer)


def _faults(row: Row, answer: dict[str, Any], exit_code: int) -> Any:
    items = [item for policy in answer["policies"] for item in policy["differences"]]
    items += [item for group in answer["settings"] for item in group["differences"]]
    noticed = [change for group in answer["settings"] for change in group["changes"] if change["meaning"]]
    repaired = [each for each in answer["policies"] if each["problem"]]
    is_shown = bool(items or noticed or repaired or answer["access"] or answer["breaks"])
    if row.expected == NONE:
        yield from (f"no such difference: {item['what']} ({item['request']})" for item in items)
    if row.expected == SOME and not is_shown:
        yield "proven the same" if answer["complete"] else "nothing was found"
    if row.expected == OPEN and not is_shown and answer["complete"] and not answer["changes"]:
        yield "nothing is said"
    if row.only:
        yield from (
            f"no such difference: {item['what']}"
            for item in items
            if not re.search(row.only, item["what"], re.IGNORECASE)
        )
    text = json.dumps({name: value for name, value in answer.items() if name != "tool"}, ensure_ascii=False)
    yield from (f"doesn't say {words}" for words in row.says if not re.search(words, text))
    if answer["problem"]:
        yield f"problem: {answer['problem'][:300]}"
    if exit_code not in (0, 1, 2, 3):
        yield f"exit {exit_code}"


def _main(wanted: str) -> None:
    counts = {"🗸": 0, "?": 0, "✗": 0}
    times: list[float] = []
    for row in rows():
        if not re.search(wanted, row.name) or not row.is_there:
            continue
        judged = judge(row)
        times.append(judged.seconds)
        mark = "✗" if judged.faults else "🗸" if judged.is_decided or judged.answer["policies"] == [] else "?"
        counts[mark] += 1
        print(f"{mark} {row.name} {row.expected} {judged.seconds:.1f} s: {judged.answer.get('verdict', '')}")
        for fault in judged.faults:
            print(f"      {fault}")
        sys.stdout.flush()
    times.sort()
    print(counts, f"median {times[len(times) // 2]:.2f} s, longest {times[-1]:.1f} s" if times else "")


if __name__ == "__main__":
    _main(sys.argv[1] if len(sys.argv) > 1 else "")
