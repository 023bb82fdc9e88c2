"""One request with its surroundings, as plain data.

It has only what differs from the plainest request. `scenarios.assignments` makes one of an assignment of the inputs,
`Harness.run` runs it, and writers of test cases read its fields.

Doubles of policies in a scenario: the error of one that fails, and the variables of one that passes.

A check that refuses for a reason that no request shows may pass, and one that passes may refuse, so that the code that
handles its error is reached. A proof uses no doubles.
"""

from __future__ import annotations

import datetime
import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs

from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.records import Record

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.steps import Step
    from apimpolicy.reasoning.scenarios.assignments import Assignment, Key
    from apimpolicy.reasoning.scenarios.goals import Goal
    from apimpolicy.reasoning.scenarios.harness import Harness, ScenarioRun

ENTITIES = ("user", "product", "subscription", "api", "operation", "deployment")


@attrs.define
class StubResponse:
    """The response of the backend or another service; `raises` is `timeout` or `refused` instead."""

    status: int = 200
    reason: str | None = None
    headers: dict[str, str] = attrs.field(factory=dict)
    body: str | None = None
    json: Any = None
    has_json: bool = False
    raises: str | None = None


@attrs.define
class Scenario:
    """A request and its surroundings. `entities` are those of `context` by kind; None means that there is none."""

    method: str = "GET"
    url: str = "/"
    headers: dict[str, str | list[str]] = attrs.field(factory=dict)
    body: str | None = None
    json: Any = None
    has_json: bool = False
    address: str | None = None
    certificate: str | None = None
    token: tuple[str, dict[str, Any]] | None = None
    variables: dict[str, Any] = attrs.field(factory=dict)
    entities: dict[str, dict[str, Any] | None] = attrs.field(factory=dict)
    groups: list[dict[str, str]] = attrs.field(factory=list)
    answers: list[StubResponse] = attrs.field(factory=list)
    sent_answers: list[StubResponse] = attrs.field(factory=list)
    cache: dict[str, Any] = attrs.field(factory=dict)
    random_numbers: list[float] = attrs.field(factory=list)
    guids: list[str] = attrs.field(factory=list)
    request_id: str | None = None
    section: str | None = None
    """The only section that runs, with a response from its beginning."""
    response: StubResponse = attrs.field(factory=StubResponse)
    calls_before: int = 0
    """The number of earlier identical requests."""
    earlier: Scenario | None = None
    """A request that came before, in the same surroundings."""
    now: int | None = None
    """The gateway's time, in seconds since 1970."""
    named_values: dict[str, str] = attrs.field(factory=dict)
    """Named values that differ from those of the harness."""
    doubles: dict[str, dict[str, Any]] = attrs.field(factory=dict)
    """The doubles of policies, by place: `variables`, or an `error`."""

    @property
    def moment(self) -> datetime.datetime | None:
        """The gateway's time, if it matters."""
        return None if self.now is None else datetime.datetime.fromtimestamp(self.now, datetime.UTC)


TOTAL_SECONDS = 60.0
"""Seconds for all policies together, unless they are given."""


class TotalTime:
    """The time that is left for all policies together, by a clock that may count something else than seconds."""

    def __init__(self, seconds: float = math.inf, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    @property
    def left(self) -> float:
        return self._end - self._clock()

    @property
    def is_over(self) -> bool:
        return self.left <= 0

    def within(self, bounds: Bounds) -> Bounds:
        """Return bounds of a search that ends when this time is over."""
        return bounds.replaced(seconds=min(bounds.seconds, max(self.left, 0.0)))

    @staticmethod
    def used_up_before(subject: str) -> str:
        """Return the reason why something isn't decided."""
        return f"the time was used up before {subject}; --total-seconds gives more"


class Bounds(Record):
    """Bounds of a search for requests."""

    runs: int = 4000
    """Requests that run for one policy."""

    patience: int = 400
    """How long to look for a goal: a tenth of it are the requests that are made for one, beside those known before."""

    seconds: float = 15.0
    """Seconds of computing for one policy."""

    total_seconds: float = 0.0
    """Seconds for all policies together, by the clock; 0 for any."""

    text_length: int = 300
    """No effect: deprecated, as the search is gone that it limited. The same holds for the bounds below."""

    list_length: int = 4
    """No effect: deprecated."""

    rounds: int = 6
    """No effect: deprecated."""

    decisions: int = 2000
    """Conditions of a policy from which on `new test` says that it may find no request."""

    milliseconds: int = 1500
    """No effect: deprecated."""


PASSES, FAILS = "passes", "fails"
REFUSALS = {
    "checks-token": ("TokenNotPresent", 401),
    "checks-certificate": ("ClientCertificateNotFound", 401),
    "limits-calls": ("RateLimitExceeded", 429),
    "limits": ("QuotaExceeded", 403),
    "refuses": ("Forbidden", 403),
}
"""The default reason and status of a check that refuses."""
_SOURCES = {"limits-calls": "rate-limit", "limits": "quota", "checks-certificate": "validate-client-certificate"}
"""The policies that such an error of a wider scope comes from; from validate-jwt without one here."""


def error_of(step: Step, reason: str | None = None) -> dict[str, Any]:
    """Return the default error of a double; with a reason, what belongs to that reason."""
    of_step = next((trait for trait in REFUSALS if has_trait(step.name, trait)), "checks-token")
    trait = next((trait for trait, (known, _) in REFUSALS.items() if known == reason), of_step)
    known, status = REFUSALS[trait]
    source = {"source": _SOURCES.get(trait, "validate-jwt")} if step.inserted or step.name == "base" else {}
    return {"reason": reason or known, "message": "", "status": status, **source}


def variables_of(step: Step) -> list[tuple[str, str]]:
    """Return the variables that a policy sets, with their types."""
    found: list[tuple[str, str]] = []
    for slot in step.specification.attributes if step.specification is not None else ():
        attribute = step.element.get(slot.name)
        if slot.sets is not None and attribute is not None and attribute.value.text:
            found.append((attribute.value.text, slot.sets))
    return found


MOST_RUNS = 60


def shrink(
    send: Callable[[Assignment], ScenarioRun],
    run: ScenarioRun,
    is_wanted: Callable[[ScenarioRun], bool],
    most: int = MOST_RUNS,
) -> ScenarioRun:
    """Return a smaller run that is still wanted; `most` bounds the tries."""
    tries = 0
    for key in sorted(run.assignment, key=lambda key: (len(key), key)):
        if tries >= most:
            break
        if key not in run.assignment:
            continue
        tried = send(_without(run.assignment, key))
        tries += 1
        if tried.result is not None and is_wanted(tried):
            run = tried
    return run


def _without(assignment: Assignment, key: Key) -> Assignment:
    """Return an assignment without an input, and without those inside it."""
    left = {each: value for each, value in assignment.items() if each[: len(key)] != key}
    if key[-1] == "there":
        left = {each: value for each, value in left.items() if each[: len(key) - 1] != key[:-1]}
    return left


@attrs.define
class Statistics:
    """Figures of a search: the number of runs, seconds of processor time."""

    runs: int = 0
    seconds: float = 0.0


@attrs.define
class Exploration:
    """The results of a search: for each goal the first run that reached it."""

    harness: Harness
    runs: list[ScenarioRun] = attrs.field(factory=list)
    found: dict[Goal, ScenarioRun] = attrs.field(factory=dict)
    statistics: Statistics = attrs.field(factory=Statistics)
    problem: str = ""

    @property
    def missing(self) -> list[Goal]:
        """The goals that no run reached."""
        return [goal for goal in self.harness.goals.all if goal not in self.found]

    def starts(self, most: int = 40) -> list[Assignment]:
        """Return the requests that reached something new, each once."""
        runs = dict.fromkeys((*self.runs[:1], *self.found.values()))
        return [run.assignment for run in list(runs)[-most:]]
