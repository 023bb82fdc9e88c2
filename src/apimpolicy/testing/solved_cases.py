"""A first test file from requests that a search found: a case for each branch, and each further value of a condition.

Each found request has run (`proposing.guided`). It is shrunk, and run once more as the test file has it; the case
expects the result of that run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import Any

import attrs

from apimpolicy.checks.subject import Subject
from apimpolicy.csharp.binding.nodes import PropertyAccess
from apimpolicy.errors import ConfigurationError, DiagnosticError
from apimpolicy.reasoning.proposing.guided import Finder
from apimpolicy.reasoning.proposing.inversion.core import comparisons
from apimpolicy.reasoning.proving.proof import ProofResult
from apimpolicy.reasoning.scenarios.assignments import Assignment
from apimpolicy.reasoning.scenarios.goals import BRANCH, Goal
from apimpolicy.reasoning.scenarios.harness import Harness, ScenarioRun, StandIns
from apimpolicy.reasoning.scenarios.scenario import Bounds, Exploration
from apimpolicy.testing.case_writer import CaseWriter
from apimpolicy.testing.certificates import STANDARD
from apimpolicy.testing.claims.caller_tokens import sent_token
from apimpolicy.testing.claims.facts import BranchProofs
from apimpolicy.testing.first_cases import FirstCases, FoundCase, file_of_cases, limit_cases
from apimpolicy.testing.first_surroundings import (
    EMPTY,
    CaseSurroundings,
    accepted_caller,
    add_fragments,
    put_into_document,
    section_of,
    subject_of,
    surroundings_of,
    without_files,
)
from apimpolicy.testing.gateways import NOW, gateway_of

FAILING = "Requests that take these branches fail with 500; --with-errors writes them:"
_MOST_REASONS = 3
_MOST_STARTS = 8
"""Requests that a search with other named values begins with."""


def solved_cases(policy: str, output: str, bounds: Bounds | None = None, *, with_errors: bool = True) -> FirstCases:
    """Return a test file for a policy, to be written to `output`. Raises ConfigurationError, DiagnosticError.

    Unless `with_errors`, cases in which the policy itself fails with 500 are left out: most show only what the
    configuration lacks.
    """
    subject = subject_of(policy)
    around = surroundings_of(subject, policy, output)
    harness = policy_harness(around, subject)
    explored = Finder(harness, bounds).explore([accepted_caller(subject.elements, around.providers)])
    if not explored.runs:
        raise ConfigurationError(
            f"can't search for requests to {policy}: {explored.problem.removeprefix(f'{policy}:')}"
        )
    writer = CaseWriter(around, explored, with_errors=with_errors)
    plain = writer.case(explored.runs[0], [])
    cases = [] if plain is None else [plain]
    cases += writer.cases_of(explored, explored.found)
    cases += _with_other_named_values(writer, subject, bounds or Bounds())
    cases += _with_responses(writer, explored, bounds or Bounds())
    passing = next(filter(_passes, cases), None)
    if passing is None:
        written = (writer.case(run, []) for run in explored.runs if run.result and run.result.reached_backend)
        passing = next(filter(_passes, written), None)
        cases[1:1] = [] if passing is None else [passing]
    cases += limit_cases(around, subject.elements, passing)
    missing = [goal for goal in harness.goals.all if goal not in writer.reached | writer.failing]
    decide = BranchProofs(harness).decide if missing and has_solver() else lambda _: ProofResult(False)
    decided = {goal: decide(goal) for goal in missing}
    proven = {goal for goal, result in decided.items() if result.is_proven}
    failing = [goal for goal in harness.goals.all if goal in writer.failing - writer.reached and goal.kind == BRANCH]
    notes = [*_notes(explored, decided), (FAILING, [harness.goals.name(goal) for goal in failing])]
    branches = [goal for goal in missing if goal.kind == BRANCH]
    causes: dict[str, int] = {}
    for goal in set(branches) - proven:
        kind = next((reason.what for reason in decided[goal].reasons), "search")
        causes[kind] = causes.get(kind, 0) + 1
    return attrs.evolve(
        file_of_cases(around, cases, notes, [harness.goals.name(goal) for goal in branches]),
        reached=sum(goal.kind == BRANCH for goal in writer.reached),
        proven=len(proven.intersection(branches)),
        causes=causes,
        figures=attrs.asdict(explored.statistics),
    )


def _passes(case: FoundCase | None) -> bool:
    """Return whether a case is one request that isn't refused."""
    return case is not None and not case.steps and case.expect["status"] < 400


def _with_other_named_values(writer: CaseWriter, subject: Subject, bounds: Bounds) -> list[FoundCase]:
    """Return cases for branches that need another value of a named value."""
    found: list[FoundCase] = []
    written: list[tuple[dict[str, str], Assignment]] = [
        (values, {}) for values in other_values(writer.around, subject.document.source.text)
    ]
    choices = [*written, *computed_values(writer.around, writer.explored)]
    known = _far_ones(writer.explored)
    for values, start in choices:
        missing = [goal for goal in writer.harness.goals.all if goal not in writer.reached and goal.kind == BRANCH]
        if not missing:
            break
        try:
            harness = harness_of(writer.around, values)
        except (ConfigurationError, DiagnosticError):
            continue
        seconds = bounds.seconds / (len(choices) + 1)
        explored = Finder(harness, Bounds(seconds=seconds), wanted=missing).explore([start, *known])
        found += writer.cases_of(explored, missing)
    return found


def _with_responses(writer: CaseWriter, explored: Exploration, bounds: Bounds) -> list[FoundCase]:
    """Return cases for branches of inbound that read a response before there is one: inbound alone, with a response."""
    if not any(_reads_early(run) for run in explored.runs):
        return []
    found: list[FoundCase] = []
    goals = explored.harness.goals
    missing = [goal for goal in goals.all if goal not in writer.reached and goal.kind == BRANCH]
    sections = dict.fromkeys(goals.places[goal.kind, goal.file, goal.at].section for goal in missing)
    for section in sections:
        harness = harness_of(writer.around, section=section)
        wanted = [goal for goal in missing if goals.places[goal.kind, goal.file, goal.at].section == section]
        within = Bounds(seconds=bounds.seconds / 4 / len(sections))
        found += writer.cases_of(Finder(harness, within, wanted=wanted).explore(), wanted)
    return found


def _reads_early(run: ScenarioRun) -> bool:
    """Return whether an expression of a run read a response that was not there yet."""
    for entry in run.result.trace if run.result is not None else ():
        for evaluation in entry.evaluations if entry.section == "inbound" else ():
            for node, value in evaluation.recorder.entries if evaluation.recorder is not None else ():
                if value is None and isinstance(node, PropertyAccess) and node.property.name == "Response":
                    return True
    return False


def _far_ones(explored: Exploration) -> list[Assignment]:
    """Return the requests that reach most goals: with other named values, they may take other branches."""
    runs = {id(run): run for goal, run in explored.found.items() if goal.kind == BRANCH}
    ordered = sorted(runs.values(), key=lambda run: -len(run.reached))
    return [run.assignment for run in ordered[:_MOST_STARTS]]


def policy_harness(around: CaseSurroundings, subject: Subject) -> Harness:
    """Return the harness of a policy; a fragment is included in the section whose values it reads, if it may be."""
    add_fragments(around, subject)
    section = section_of(subject)
    if section == "inbound":
        try:
            return harness_of(around)
        except DiagnosticError:
            without_files(around)
            return harness_of(around)
    gateway = around.defaults.setdefault("gateway", {})
    fragments, had = gateway.setdefault("fragments", {}), set(gateway)
    put_into_document(around, fragments, section)
    try:
        return harness_of(around)
    except DiagnosticError:
        around.document = ""
        gateway.pop("fragments") if len(had) == 1 and len(fragments) == 1 else fragments.popitem()
        return harness_of(around)


def harness_of(
    around: CaseSurroundings, values: Mapping[str, str] | None = None, section: str | None = None
) -> Harness:
    """Return the harness of the cases of a test file; `values` are other named values, `section` is the only one that
    runs.
    """
    given = {"named-values": dict(values)} if values else {}
    case = around.loaded({"request": {"get": "/"}, "expect": {}, **given})
    case_gateway = gateway_of(case)
    gateway, issuers = case_gateway.gateway, case_gateway.issuers()
    settings = {name: getattr(gateway, name) for name in gateway.declared} | {"now": NOW}
    certificates = {}
    if gateway.certificates:
        certificates = {name: case.file.certificates.get(name) for name in STANDARD}

    def token(provider: str, options: Any) -> tuple[str, str]:
        return sent_token(issuers.providers[provider], options)

    return Harness(
        dict(case.subject.policies),
        settings,
        certificates=certificates,
        providers=list(around.providers),
        token=token,
        has_doubles=True,
        named_values=values,
        stand_ins=StandIns(around.named_values, _made_up(around)),
        section=section,
    )


def _made_up(around: CaseSurroundings) -> list[str]:
    """Return the fragments that are empty because nothing defines them."""
    fragments = around.defaults.get("gateway", {}).get("fragments", {})
    return [name for name, content in fragments.items() if content == EMPTY]


def _notes(explored: Exploration, decided: Mapping[Goal, ProofResult]) -> Iterator[tuple[str, list[str]]]:
    """Yield goals without a case, and why: impossible ones first; of conditions, those that were evaluated."""
    missing = [*decided]
    proven = {goal for goal, result in decided.items() if result.is_proven}
    name = explored.harness.goals.name
    branches = [goal for goal in missing if goal.kind == BRANCH]
    said = tuple(f"{name(goal)}:" for goal in branches)
    others = [goal for goal in missing if goal.kind != BRANCH and _other_outcome(goal) not in missing]
    others = [goal for goal in others if not name(goal).startswith(said)]
    yield "No request takes these branches (proven):", [name(goal) for goal in branches if goal in proven]
    unfound = [f"{name(goal)}{_why(decided[goal])}" for goal in branches if goal not in proven]
    yield "No request was found for these branches, but one may exist:", unfound
    yield "These conditions never have this value (proven):", [name(goal) for goal in others if goal in proven]
    unseen = [name(goal) for goal in others if goal not in proven]
    yield "No request was found that gives these conditions this value:", unseen


def _other_outcome(goal: Goal) -> Goal:
    return goal._replace(outcome=1 - goal.outcome)


def _why(result: ProofResult) -> str:
    """Return what on the way to a branch is unknown to the prover."""
    reasons = list(dict.fromkeys(reason.what for reason in result.reasons))[:_MOST_REASONS]
    return f" (not known to the prover: {', '.join(reasons)})" if reasons else ""


# Other values for unset named values, so that other branches are taken

_MOST = 6


def other_values(around: CaseSurroundings, text: str) -> list[dict[str, str]]:
    """Sets of named values that differ in one from the stand-ins: each a text that the policy compares it with."""
    known = around.named_values
    found = [{name: value} for name in known for value in _compared(name, text) if value != known[name]]
    return found[:_MOST]


def _compared(name: str, text: str) -> Iterator[str]:
    """The constants that a named value is compared with; for truth values the other one."""
    quoted = r"""["']\s*\{\{""" + re.escape(name) + r"""\}\}\s*["']"""
    asks = r"(?:==|!=|\.Equals\(|\.Contains\(|\.StartsWith\()"
    after = quoted + r"\)?(?:\.ToLower(?:Invariant)?\(\))?\s*" + asks + r"""\s*["']([^"'{}]*)["']"""
    before = r"""["']([^"'{}]*)["']\s*(?:==|!=)\s*""" + quoted
    values = dict.fromkeys(match[1] for pattern in (after, before) for match in re.finditer(pattern, text))
    if any(value.lower() in ("true", "false") for value in values) or re.search(
        r"(?:Parse|ToBoolean)\(\s*"
        + quoted
        + r"|condition\s*=\s*"
        + quoted
        + r"|@\(\s*\{\{"
        + re.escape(name)
        + r"\}\}\s*\)",
        text,
    ):
        values |= dict.fromkeys(("true", "false"))
    yield from values


def computed_values(around: CaseSurroundings, explored: Exploration) -> Iterator[tuple[dict[str, str], Assignment]]:
    """Named values that are what a policy came to in a request, where it compares them with that: the hash of a key.

    Each comes with the request.
    """
    names = {value: name for name, value in around.named_values.items() if isinstance(value, str)}
    done: set[str] = set()
    for run in explored.runs if names else ():
        for pair in comparisons(run):
            for text, computed in (pair, pair[::-1]):
                name = names.get(text)
                if name is not None and name not in done and computed and len(done) < _MOST:
                    done.add(name)
                    yield {name: computed}, run.assignment


def has_solver() -> bool:
    """Return whether the extra `prove` is installed."""
    return find_spec("z3") is not None


def find_cases(policy: str, output: str, seconds: float | None = None, *, with_errors: bool = False) -> FirstCases:
    """Return the cases for a policy, as a test file to be written to `output`.

    Raises ConfigurationError, DiagnosticError.
    """
    from apimpolicy.project.service.leniency import named_placeholders

    with named_placeholders():
        bounds = Bounds() if seconds is None else Bounds(seconds=seconds)
        return solved_cases(policy, output, bounds, with_errors=with_errors)
