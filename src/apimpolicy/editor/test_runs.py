"""Test files of a workspace, and their last run: the outcome of each case, and the branches taken."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.checkout import walk
from apimpolicy.editor.isolated_calls import call
from apimpolicy.editor.names_completion import HTTP_ENDING
from apimpolicy.errors import ApimPolicyError, ConfigurationError
from apimpolicy.testing.case_files import Case, load_case_file
from apimpolicy.testing.test_file_search import ENDINGS

if TYPE_CHECKING:
    from apimpolicy.editor.rpc import Json

_SKIPPED = frozenset(("node_modules", "__pycache__", ".git", ".venv"))
MOST_FILES = 2000


class CaseAt(NamedTuple):
    """A case of a test file, and the policy files that it is about, absolute. `line` counts from 1."""

    name: str
    path: str
    line: int
    policies: tuple[str, ...]


class CaseOutcome(NamedTuple):
    """The outcome of a case in the last run, and its policy files."""

    name: str
    path: str
    line: int
    status: str
    message: str
    policies: tuple[str, ...] = ()


class Branch(NamedTuple):
    """A place of a policy and the cases that saw each of its outcomes."""

    kind: str
    line: int
    column: int
    outcomes: dict[str, list[str]]


class TestRun(NamedTuple):
    """A run: outcomes of cases, and the coverage of policies by absolute path. `problem` tells why there are none."""

    cases: list[CaseOutcome]
    coverage: dict[str, list[Branch]]
    problem: str = ""

    def without(self, paths: set[str]) -> TestRun:
        """Return the run without what depends on some files; itself where nothing does."""
        cases = [case for case in self.cases if case.path not in paths and paths.isdisjoint(case.policies)]
        coverage = {path: branches for path, branches in self.coverage.items() if path not in paths}
        if len(cases) == len(self.cases) and len(coverage) == len(self.coverage):
            return self
        return self._replace(cases=cases, coverage=coverage)


def request_files(roots: list[str]) -> list[str]:
    """Return the test files and the `.http` files below some folders."""
    found: list[str] = []
    for root in roots:
        for folder, folders, files in walk(root):
            folders[:] = sorted(name for name in folders if name not in _SKIPPED and not name.startswith("."))
            found += [os.path.join(folder, name) for name in sorted(files) if name.endswith((*ENDINGS, HTTP_ENDING))]
            if len(found) > MOST_FILES:
                return found[:MOST_FILES]
    return found


def cases_of(path: str) -> list[CaseAt]:
    """Return the cases of a test file; none if it has errors, which `apimpolicy test` explains."""
    try:
        loaded = load_case_file(path)
    except ApimPolicyError:
        return []
    return [CaseAt(case.name, path, case.line, _policies_of(case)) for case in loaded.cases]


def _policies_of(case: Case) -> tuple[str, ...]:
    given = case.subject.policies.values() if case.subject is not None else ()
    return tuple(
        os.path.abspath(policy) for policy in given if isinstance(policy, Path) or not policy.lstrip().startswith("<")
    )


def run_tests(paths: list[str], names: Sequence[str] = (), folder: str = "") -> TestRun:
    """Run test files in a process of their own, with the operating system's limits, and return the outcomes."""
    try:
        found = call("cover", {"paths": paths, "names": list(names)}, folder or None)
    except ConfigurationError as error:
        return TestRun([], {}, str(error))
    problem = "\n".join(each["problem"] for each in found["unreadable"])
    outcomes = [_outcome(case, folder) for case in found["cases"]]
    policies = {
        (case.path, case.name): case.policies for path in {each.path for each in outcomes} for case in cases_of(path)
    }
    outcomes = [each._replace(policies=policies.get((each.path, each.name), ())) for each in outcomes]
    return TestRun(outcomes, _coverage(found["files"], folder), problem)


def _outcome(case: Json, folder: str) -> CaseOutcome:
    said = [str(each) for each in case.get("differences") or ()]
    message = case.get("problem") or "\n".join(said)
    if case.get("explanation"):
        message += f"\n\n{case['explanation']}"
    path = os.path.abspath(os.path.join(folder, case["path"]))
    return CaseOutcome(case["name"], path, case["line"], case["status"], message)


def _coverage(files: list[Json], folder: str) -> dict[str, list[Branch]]:
    return {
        os.path.abspath(os.path.join(folder, found["path"])): [
            Branch(place["kind"], place["line"], place["column"], place["outcomes"]) for place in found["places"]
        ]
        for found in files
    }
