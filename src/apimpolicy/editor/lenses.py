"""Lines above policies, branches and operations: tests, coverage, explanations, and who reaches them.

Outcomes and branches taken are those of the last run of the test files of a workspace.
"""

from __future__ import annotations

import functools
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.checkout import walk
from apimpolicy.editor.isolated_calls import call
from apimpolicy.editor.names_completion import HTTP_ENDING
from apimpolicy.errors import ApimPolicyError, ConfigurationError
from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.project.embedded import is_policy
from apimpolicy.project.files import fingerprint
from apimpolicy.project.layout import is_service_folder, place_of
from apimpolicy.testing.case_files import Case, load_case_file
from apimpolicy.testing.test_file_search import ENDINGS

if TYPE_CHECKING:
    from apimpolicy.editor.analysis import Analysis
    from apimpolicy.editor.rpc import Json
    from apimpolicy.reasoning.audit.analysis import OperationAudit

_SKIPPED = frozenset(("node_modules", "__pycache__", ".git", ".venv"))
MOST_FILES = 2000


class CaseAt(NamedTuple):
    """A case of a test file, and the policy files that it is about, absolute. `line` counts from 1."""

    name: str
    path: str
    line: int
    policies: tuple[str, ...]


class LastOutcome(NamedTuple):
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

    cases: list[LastOutcome]
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


def run_tests(paths: list[str], folders: Sequence[str], names: Sequence[str] = (), folder: str = "") -> TestRun:
    """Run test files in a process of their own, with the operating system's limits, and return the outcomes."""
    try:
        found = call("cover", {"paths": paths, "names": list(names)}, folders, folder or None)
    except ConfigurationError as error:
        return TestRun([], {}, str(error))
    problem = "\n".join(each["problem"] for each in found["unreadable"])
    outcomes = [_outcome(case, folder) for case in found["cases"]]
    policies = {
        (case.path, case.name): case.policies for path in {each.path for each in outcomes} for case in cases_of(path)
    }
    outcomes = [each._replace(policies=policies.get((each.path, each.name), ())) for each in outcomes]
    return TestRun(outcomes, _taken_branches(found["files"], folder), problem)


def _outcome(case: Json, folder: str) -> LastOutcome:
    said = [str(each) for each in case.get("differences") or ()]
    message = case.get("problem") or "\n".join(said)
    if case.get("explanation"):
        message += f"\n\n{case['explanation']}"
    path = os.path.abspath(os.path.join(folder, case["path"]))
    return LastOutcome(case["name"], path, case["line"], case["status"], message)


def _taken_branches(files: list[Json], folder: str) -> dict[str, list[Branch]]:
    return {
        os.path.abspath(os.path.join(folder, found["path"])): [
            Branch(place["kind"], place["line"], place["column"], place["outcomes"]) for place in found["places"]
        ]
        for found in files
    }


# Lines above policies and branches: run the tests, what the last run covered, explain the last request


class Lens(NamedTuple):
    """A line at an offset of the file: a title, and the command that it runs, if any."""

    offset: int
    title: str
    command: str = ""
    arguments: tuple[object, ...] = ()


def lenses(analysis: Analysis, cases: Sequence[CaseAt], last: TestRun | None) -> list[Lens]:
    found: list[Lens] = []
    for policy in analysis.policies[:1]:
        for root in policy.document.roots[:1]:
            if not is_policy(policy.source.text):
                continue  # an element whose name is still being written
            place, _ = policy.span(root.start, root.start)
            found += _of_root(place, analysis.path, cases, last)
        for element in policy.document.elements():
            if element.parent is not None and has_trait(element.parent.name, "branches"):
                place, _ = policy.span(element.start, element.start)
                title = _coverage(analysis, place, last)
                if title:
                    found.append(Lens(place, title))
    return found


def _of_root(place: int, path: str, cases: Sequence[CaseAt], last: TestRun | None) -> list[Lens]:
    if not cases:
        return [Lens(place, "Write a first test", "apimpolicy.newTest", (path, ""))]
    files = sorted({case.path for case in cases})
    count = f"{len(cases)} test{'s' * (len(cases) != 1)}"
    found = [Lens(place, f"Run {count}", "apimpolicy.runTests", (files,))]
    names = {(case.path, case.name) for case in cases}
    ran = [case for case in last.cases if (case.path, case.name) in names] if last is not None else []
    if ran:
        bad = sum(case.status not in ("passed", "skipped") for case in ran)
        found.append(Lens(place, f"{bad} failed" if bad else "all passed"))
    found.append(Lens(place, "Explain", "apimpolicy.explain", (path,)))
    return found


def _coverage(analysis: Analysis, offset: int, last: TestRun | None) -> str:
    """Count the cases that took a branch in the last run."""
    if last is None:
        return ""
    line, column = analysis.source.position(offset)
    for branch in last.coverage.get(analysis.path, ()):
        if branch.line == line and branch.kind in ("branch", "policy") and abs(branch.column - column) < 2:
            taken = {test for tests in branch.outcomes.values() for test in tests}
            return f"{len(taken)} case{'s' * (len(taken) != 1)} came here" if taken else "no case came here"
    return ""


def for_case_file(cases: Sequence[CaseAt], last: TestRun | None) -> list[tuple[int, Lens]]:
    """Return the lenses of a test file by line from 1: run, debug, and the outcome of the last run.

    The cases of one line (`each`) have lenses together; the one that is debugged is the first that fails, or the first.
    """
    outcomes = {(case.path, case.name): case.status for case in last.cases} if last is not None else {}
    lines: dict[int, list[CaseAt]] = {}
    for case in cases:
        lines.setdefault(case.line, []).append(case)
    return [(line, lens) for line, group in lines.items() for lens in _of_cases(group, outcomes)]


def _of_cases(cases: Sequence[CaseAt], outcomes: Mapping[tuple[str, str], str]) -> Iterator[Lens]:
    statuses = [outcomes.get((case.path, case.name), "") for case in cases]
    bad = [case for case, status in zip(cases, statuses, strict=True) if status not in ("", "passed", "skipped")]
    debugged = (bad or cases)[0]
    is_one = len(cases) == 1
    names = [case.name for case in cases]
    yield Lens(0, "Run" if is_one else f"Run {len(cases)} cases", "apimpolicy.runTests", ([cases[0].path], *names))
    title = "Debug" if is_one else f"Debug the first{' that fails' if bad else ''}"
    yield Lens(0, title, "apimpolicy.debugTest", (debugged.path, debugged.name))
    if bad:
        title = statuses[0] if is_one else f"{len(bad)} of {len(cases)} failed"
        asked = {"case": {"path": debugged.path, "name": debugged.name}}
        yield Lens(0, f"{title}: show the journey", "apimpolicy.journey", (debugged.path, asked))
    elif all(statuses):
        yield Lens(0, statuses[0] if is_one else "all passed" if "skipped" not in statuses else "none failed")


# The lens "reached by: …" above the policy of an API or an operation: what `audit` finds in the service around it.
# Nothing runs here: opening a file of a stranger's repository runs none of its policies.

MOST_AUDITED = 1000
"""Files of a service; a larger one is not analysed for a lens."""
_MOST_SERVICES = 4
LONGEST = 100
"""Characters of a lens, beyond which it leaves out what tokens must have; `audit` shows that."""
MOST_CALLERS = 4


def reached_by(path: str) -> str:
    """Return the callers that reach the backend by the API or operation of a saved policy file; empty elsewhere."""
    place = place_of(path)
    if place.root is None or place.api is None or not is_service_folder(place.root):
        return ""
    files = fingerprint([place.root])
    if len(files) > MOST_AUDITED:
        return ""
    found = [each for each in _operations(place.root, tuple(files)) if each.api.id == place.api]
    if place.operation is not None:
        found = [each for each in found if each.id == place.operation]
    if not found:
        return ""
    line = _line(Counter(map(_words, found)))
    return line if len(line) <= LONGEST else _line(Counter(each.access.words for each in found))


def _line(words: Counter[str]) -> str:
    """Return the callers, the most frequent ones first, with the number of operations of each."""
    if words.total() == 1:
        return f"reached by: {next(iter(words))}"
    listed = words.most_common(MOST_CALLERS)
    others = words.total() - sum(count for _, count in listed)
    shown = [f"{text} ({count})" for text, count in listed] + ([f"others ({others})"] if others else [])
    return f"reached by: {', '.join(shown)}"


@functools.lru_cache(maxsize=_MOST_SERVICES)
def _operations(root: str, files: tuple[object, ...]) -> tuple[OperationAudit, ...]:
    """Return the operations of a service, analysed again when one of its files has changed."""
    from apimpolicy.project.audit_run import analysed
    from apimpolicy.project.service.leniency import lenient

    try:
        with lenient():
            analysis = analysed(root)
    except ApimPolicyError:
        return ()
    return () if analysis is None else tuple(analysis.audit.operations)


def _words(operation: OperationAudit) -> str:
    """Return the backend's callers with the required tokens: `token (issuer 14b7…, audience orders)`."""
    from apimpolicy.reasoning.audit import kinds
    from apimpolicy.reasoning.audit.states import TokenCheck
    from apimpolicy.report.audit_text import token_words

    access = operation.access
    required = [
        detail for fact in access.facts(kinds.TOKEN) for detail in fact.detail if isinstance(detail, TokenCheck)
    ]
    tokens = dict.fromkeys(map(token_words, required))
    return access.words + (f" ({'; '.join(tokens)})" if any(tokens) else "")
