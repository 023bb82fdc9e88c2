"""First test files: their cases, of which each expects what its request got, and their text.

What a policy needs around it is read from its elements (`first_surroundings`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import attrs
import yaml

from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.testing.case_files import load_case_tree
from apimpolicy.testing.first_expectations import expectation_of
from apimpolicy.testing.running import CaseOutcome, run_case
from apimpolicy.testing.tree import read_tree

if TYPE_CHECKING:
    from apimpolicy.project.service.leniency import KeptServices
    from apimpolicy.reasoning.scenarios.goals import Goal
    from apimpolicy.testing.first_surroundings import CaseSurroundings
    from apimpolicy.text.document import Element

ANOTHER_TIME = "2026-01-01T01:13:05Z"


@attrs.define
class FoundCase:
    """A found case: its name, its request, and the expectation; with `steps`, one for each of them."""

    name: str
    request: dict[str, Any]
    expect: dict[str, Any]
    branches: list[str] = attrs.field(factory=list)
    steps: list[dict[str, Any]] = attrs.field(factory=list)
    given: dict[str, Any] = attrs.field(factory=dict)
    """Other keys of the case."""
    goals: frozenset[Goal] = frozenset()
    """Goals that no case before it reaches; without any, it has another purpose."""

    def content(self) -> dict[str, Any]:
        """The keys as the file has them."""
        outcome = {"steps": self.steps} if self.steps else {"expect": self.expect}
        return {"name": self.name, "request": self.request, **self.given, **outcome}


@attrs.define
class FirstCases:
    """The found cases, and the branches that no request reached."""

    text: str
    cases: list[FoundCase]
    missing: list[str]
    difference: str = ""
    """The first step in which the simulator's run is not the recorded one."""
    reached: int = 0
    """The number of branches with a case."""
    proven: int = 0
    """The number of missing branches that no request can take."""
    causes: dict[str, int] = attrs.field(factory=dict)
    """The number of missing branches by what the search can't model."""
    figures: dict[str, float] = attrs.field(factory=dict)
    """Statistics of the search."""
    dropped: list[str] = attrs.field(factory=list)
    """The names of cases that the search has seen, and that failed when the file was run."""

    @property
    def count(self) -> int:
        """The number of cases as `test` counts them: one for each row."""
        return sum(len(case.given.get("each", ())) or 1 for case in self.cases)


def limit_cases(
    around: CaseSurroundings, elements: Iterable[Element], passing: FoundCase | None
) -> Iterator[FoundCase]:
    """Yield a case for each limit of calls, with a request that gets through."""
    for limit in dict.fromkeys(limits_of(elements)) if passing is not None else ():
        assert passing is not None
        outcome = run_alone(around, passing.request, limit.steps(), **passing.given)
        if steps := steps_seen(limit, outcome):
            yield FoundCase(limit.name, passing.request, {}, steps=steps, given=passing.given)


def run_alone(
    around: CaseSurroundings, request: dict[str, Any], steps: list[dict[str, Any]] | None = None, **keys: Any
) -> CaseOutcome:
    """Send a request through the policy, once or in steps, as the test file would; `keys` are the case's."""
    outcome: dict[str, Any] = {"expect": {}} if steps is None else steps[0] if len(steps) == 1 else {"steps": steps}
    case = around.loaded({"request": request, **outcome, **keys})
    case.file.compiled = around.compiled
    outcome_of_run = run_case(case)
    around.compiled = case.file.compiled
    return outcome_of_run


def steps_to(calls_before: int, expect: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the steps of a case whose request comes several times; the last one has this outcome."""
    return [*({} for _ in range(calls_before)), {"expect": expect}]


def expected(
    around: CaseSurroundings,
    request: dict[str, Any],
    outcome: CaseOutcome,
    fresh: list[str],
    given: dict[str, Any],
    calls_before: int,
) -> dict[str, Any]:
    """Return the outcome of a request that is the same at another time; `given` are other keys of its case.

    `calls_before` is how often the same request comes before.
    """
    elsewhere = {"now": ANOTHER_TIME, **given, "gateway": {**given.get("gateway", {}), "seed": 1}}
    again = run_alone(around, request, steps_to(calls_before, {}), **elsewhere)
    expect = expectation_of(outcome.results[-1], again.results[-1] if again.results else None)
    if run_alone(around, request, steps_to(calls_before, expect), **given).mismatches:
        # what YAML or JSON cannot say
        expect = {key: expect[key] for key in ("status", "reason") if key in expect}
    if fresh:
        expect["branch"] = fresh[-1].partition(" ")[2]
    return expect


_DROPPED = "The search saw these cases, and they failed when this file was run, so they were dropped:"


def file_of_cases(
    around: CaseSurroundings,
    cases: list[FoundCase],
    notes: Sequence[tuple[str, list[str]]],
    missing: list[str],
    kept: KeptServices | None = None,
) -> FirstCases:
    """Return the test file of cases, without those that fail when it is run once. `kept` has services that were read.

    Raises TestFileError, ConfigurationError.
    """
    whole = text_of(around, cases, (), os.path.abspath(around.service or around.policy))  # its folder may not exist yet
    file = load_case_tree(read_tree(whole, around.output), os.path.abspath(around.output))
    file.kept = around.kept if kept is None else kept
    outcomes = iter([run_case(case).is_good for case in file.cases])
    good: list[FoundCase] = []
    failed: list[FoundCase] = []
    for case in cases:
        of_rows = [next(outcomes) for _ in case.given.get("each", ()) or (case,)]
        (good if all(of_rows) else failed).append(case)
    dropped = [case.name for case in failed]
    text = text_of(around, good, [*notes, (_DROPPED, dropped)])
    return FirstCases(text, good, [*missing, *(branch for case in failed for branch in case.branches)], dropped=dropped)


def text_of(
    around: CaseSurroundings, cases: list[FoundCase], notes: Sequence[tuple[str, list[str]]], path: str | None = None
) -> str:
    """Return the test file; `notes` are comments at its end, each with its lines. `path` is that of what it tests."""

    def block(value: Any, indent: int = 0) -> str:
        text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None)
        return "".join(" " * indent + line + "\n" for line in text.splitlines())

    path = path or os.path.relpath(around.service or around.policy, around.folder).replace(os.sep, "/")
    subject = json.dumps(around.document) if around.document else path
    lines = [
        f"# Generated by `apimpolicy {around.command}` from what the policies do today:"
        " check that this is what you want.\n",
        f"{'service' if around.service else 'policy'}: {subject}\n",
        block(around.content()),
        "cases:\n",
    ]
    for case in cases:
        lines.append(block([case.content()], 2))
    for heading, listed in notes:
        if listed:
            lines.append(f"\n# {heading}\n")
            lines += [f"#   {' '.join(line.split())}\n" for line in listed]
    return "".join(lines)


# Cases for limits of calls: one more call is refused, and after the period a call gets through again

MOST_CALLS = 10
"""The maximum of a limit with a case; cases for more are long to read."""

_REFUSED = (403, 429)


class Limit(NamedTuple):
    """A limit: the number of calls in a number of seconds."""

    calls: int
    seconds: int

    @property
    def name(self) -> str:
        return f"call {self.calls + 1} within {self.seconds} seconds is refused"

    def steps(self) -> list[dict[str, Any]]:
        """Return steps without expectations: the calls that get through, one more, and one after the period."""
        return [*({} for _ in range(self.calls + 1)), {"advance": self.seconds}]


def limits_of(elements: Iterable[Element]) -> Iterator[Limit]:
    """Yield the limits that are written as numbers and allow few calls."""
    for element in elements:
        if has_trait(element.name, "limits-calls"):
            given = [element.get(name) for name in ("calls", "renewal-period")]
            texts = [attribute.value.text.strip() for attribute in given if attribute is not None]
            if len(texts) == 2 and all(text.isascii() and text.isdecimal() for text in texts):
                calls, seconds = map(int, texts)
                if 0 < calls <= MOST_CALLS and seconds > 0:
                    yield Limit(calls, seconds)


def steps_seen(limit: Limit, outcome: CaseOutcome) -> list[dict[str, Any]]:
    """Return the steps with their statuses; none if the limit had no effect."""
    statuses = [result.response.status_code for result in outcome.results]
    if len(statuses) != limit.calls + 2 or statuses[limit.calls] not in _REFUSED or statuses[-1] in _REFUSED:
        return []
    if any(status in _REFUSED for status in statuses[: limit.calls]):
        return []
    return [{**step, "expect": {"status": status}} for step, status in zip(limit.steps(), statuses, strict=True)]
