"""Test cases from found requests: each as short as it can be, run once more as the test file has it, and named.

Names tell which request it is, and what should happen to it:

GET /orders/{id} without a token is refused with 401
a request with the header X-Tier: gold is sent to https://gold.example/
call 6 within 60 seconds is refused with 429
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.reasoning.scenarios.goals import BRANCH, Goal
from apimpolicy.reasoning.scenarios.scenario import Exploration, Scenario, StubResponse, shrink
from apimpolicy.testing.first_cases import FoundCase, expected, run_alone, steps_to
from apimpolicy.testing.first_expectations import case_of
from apimpolicy.text.secrets import without_secrets

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.result import Result
    from apimpolicy.gateway.engine.trace import TraceEntry
    from apimpolicy.reasoning.scenarios.harness import Harness, ScenarioRun
    from apimpolicy.testing.first_surroundings import CaseSurroundings

_MOST_PARTS = 4
_CERTIFICATES = {
    "partner": "a valid client certificate",
    "other-partner": "another valid client certificate",
    "expired": "an expired client certificate",
    "early": "a client certificate that isn't valid yet",
    "revoked": "a revoked client certificate",
    "self-signed": "a self-signed client certificate",
    "stranger": "a client certificate of another authority",
}


def case_name(scenario: Scenario, result: Result, expect: Mapping[str, Any], operation: str = "") -> str:
    """Return the name of a case; `operation` is the method and the URL template that the request is for."""
    subject = of_method(operation, scenario.method) or _subject(scenario)
    request = _joined(subject, ["without " + each for each in _missing(scenario, result)], scenario)
    return f"{request} {outcome_words(result, expect)}"


def of_method(operation: str, method: str) -> str:
    """Return an operation as a request names it: a preflight for it is an OPTIONS request.

    >>> of_method("GET /orders", "OPTIONS")
    'OPTIONS /orders'
    """
    return f"OPTIONS {operation.partition(' ')[2]}" if operation and method.upper() == "OPTIONS" else operation


def request_words(scenario: Scenario, subject: str = "") -> str:
    """Describe a request: `a request with the header X: 1, when the backend responds with 500`."""
    return _joined(subject or _subject(scenario), [], scenario)


def outcome_words(result: Result, expect: Mapping[str, Any]) -> str:
    """Describe the outcome of a request, as far as `expect` has it: `is refused with 401`."""
    status = result.response.status_code
    if result.error is not None and status == 500:
        return "fails with 500"
    if result.reached_backend:
        sent = _sent(expect)
        return sent if status < 400 else f"{sent} and gets {status}"
    if status >= 400:
        return f"is refused with {status}" if status < 500 else f"gets {status}"
    if status >= 300:
        return f"is redirected with {status}"
    return f"gets {status} without reaching the backend"


def _sent(expect: Mapping[str, Any]) -> str:
    """Say that the request reaches the backend, with what policies changed most visibly."""
    requests = expect.get("backend-requests")
    last: dict[str, Any] = requests[-1] if isinstance(requests, list) and requests else {}
    words = f"is sent to {_short(last['url'], 60)}" if "url" in last else "reaches the backend"
    set_headers = [(name, value) for name, value in last.get("headers", {}).items() if isinstance(value, str)]
    if set_headers:
        name, value = set_headers[-1]  # the narrowest scope sets it last
        return f"{words} with {name}: {_short(value)}"
    gone = [name for name, value in last.get("headers", {}).items() if value is None]
    return f"{words} without {gone[0]}" if gone else words


def _missing(scenario: Scenario, result: Result) -> Iterable[str]:
    """Yield what the policy that refused a request wanted and the request doesn't have."""
    entry = result.trace.decision
    if entry is None or result.reached_backend:
        return
    asked = _conditions(entry)
    if (has_trait(entry.name, "checks-token") or "Jwt" in asked) and not _has_token(scenario):
        yield "a token"
    elif (has_trait(entry.name, "checks-certificate") or "Certificate" in asked) and scenario.certificate is None:
        yield "a client certificate"
    elif has_trait(entry.name, "checks-header"):
        name = str(entry.attributes.get("name", ""))
        if name.title() not in scenario.headers:
            yield f"the header {name}"


def _has_token(scenario: Scenario) -> bool:
    return scenario.token is not None or "Authorization" in scenario.headers


def _conditions(entry: TraceEntry) -> str:
    """Return the conditions of the branches that a policy is in."""
    found, around = "", entry.parent
    while around is not None:
        condition = around.element.get("condition")
        found += "" if condition is None else condition.value.text
        around = around.parent
    return found


def _subject(scenario: Scenario) -> str:
    if scenario.method == "GET" and scenario.url == "/":
        return "a request"
    return f"{scenario.method} {_short(scenario.url)}"


def _joined(subject: str, missing: Sequence[str], scenario: Scenario) -> str:
    if scenario.calls_before:
        subject = f"call {scenario.calls_before + 1} of {subject}"
    parts = [f"with {each}" for each in _brought(scenario)]
    parts = [*missing, *_merged(parts), *_around(scenario)]
    more = ["and more"] if len(parts) > _MOST_PARTS else []
    return " ".join([subject, ", ".join(parts[:_MOST_PARTS]), *more]).replace("  ", " ").rstrip()


def _merged(parts: Sequence[str]) -> list[str]:
    """Join `with a`, `with b` to `with a and b`."""
    if len(parts) < 2:
        return list(parts)
    words = [each.removeprefix("with ") for each in parts[:_MOST_PARTS]]
    rest = [f"and {len(parts) - _MOST_PARTS} more"] if len(parts) > _MOST_PARTS else []
    return [f"with {' and '.join(words)}", *rest]


def _brought(scenario: Scenario) -> Iterable[str]:
    """Yield what the caller sends besides method and URL."""
    yield from _headers(scenario.headers)
    if scenario.certificate is not None:
        yield _CERTIFICATES.get(scenario.certificate, f"the certificate {scenario.certificate}")
    if scenario.token is not None:
        yield _token(*scenario.token)
    yield from _body(scenario)


def _headers(headers: Mapping[str, str | list[str]]) -> Iterable[str]:
    for name, value in headers.items():
        for each in [value] if isinstance(value, str) else value:
            yield f"the header {name}: {_short(each)}" if each else f"an empty header {name}"


def _body(message: Scenario | StubResponse) -> Iterable[str]:
    if message.has_json:
        yield f"the body {_short(json.dumps(message.json, ensure_ascii=False))}"
    elif message.body is not None:
        yield "a body" if message.body in ("", "x") else f"the body {_short(message.body)}"


def _token(provider: str, options: Mapping[str, Any]) -> str:
    kind = "an expired token" if "expires-in" in options else "a valid token"
    claims = options.get("claims") or {}
    words = [f"{name}: {_short(str(value))}" for name, value in claims.items()]
    return kind + (f" of {provider}" if provider != "login" else "") + (f" ({', '.join(words)})" if words else "")


def _around(scenario: Scenario) -> Iterable[str]:
    """Yield what else is so when the request comes."""
    if scenario.earlier is not None:
        yield f"after one with {' and '.join(_brought(scenario.earlier))}"
    if scenario.address is not None:
        yield f"from the address {scenario.address}"
    for kind, values in scenario.entities.items():
        yield _entity(kind, values)
    for name, value in scenario.variables.items():
        yield _variable(name, value)
    for name, double in scenario.doubles.items():
        yield f"when {name} {'fails' if 'error' in double else 'passes'}"
    for key in scenario.cache:
        yield f"when the cache has {_short(key)}"
    if scenario.random_numbers:
        yield f"when the random numbers are {_short(', '.join(map(str, scenario.random_numbers)))}"
    for guid in scenario.guids[:1]:
        yield f"when the new GUID is {guid}"
    if scenario.section is not None:
        yield f"in {scenario.section} alone, with a response of {scenario.response.status}"
    if scenario.moment is not None:
        yield f"on {scenario.moment:%A %Y-%m-%d at %H:%M:%S}"
    if scenario.request_id:
        yield f"with the request id {scenario.request_id}"
    for answer in answers_in_words(scenario):
        yield f"when {answer}"


def answers_in_words(scenario: Scenario) -> list[str]:
    """Return the responses of others, where they are not an empty 200."""
    return _answers("the backend", scenario.answers) + _answers("a service", scenario.sent_answers)


def _answers(who: str, answers: Sequence[StubResponse]) -> list[str]:
    found = []
    for answer in answers:
        status = [str(answer.status)] if answer.status != 200 else []
        parts = [*status, *_headers(answer.headers), *_body(answer)]
        if answer.raises is not None:
            found.append(f"{who} does not respond")
        elif parts:
            found.append(f"{who} responds with {' and '.join(parts)}")
    return found


def _variable(name: str, value: Any) -> str:
    """A variable, with its value where that is easily read."""
    if isinstance(value, str) and not value.startswith("@"):
        return f"when the variable {name} is {_short(value) or 'empty'}"
    if isinstance(value, (bool, int, float)):
        return f"when the variable {name} is {json.dumps(value)}"
    return f"with the variable {name}"


def _entity(kind: str, values: Mapping[str, Any] | None) -> str:
    if values is None:
        return f"without a {kind}"
    shown = next((str(value) for name, value in values.items() if name not in ("method", "url-template")), "")
    return f"for the {kind} {_short(shown)}".rstrip()


def _short(text: str, most: int = 30) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


_MOST_RUNS_FOR_SHORTER = 40


class CaseWriter:
    """Writes the cases of searches. `reached` and `names` are of all cases so far.

    Unless `with_errors`, cases in which the policy itself fails with 500 are left out, and their goals are `failing`.
    """

    def __init__(self, around: CaseSurroundings, explored: Exploration, *, with_errors: bool) -> None:
        self.with_errors = with_errors
        self.around = around
        self.explored = explored
        self.reached: set[Goal] = set()
        self.failing: set[Goal] = set()
        self.secret: set[Goal] = set()
        """Goals that need a secret of the configuration, which no test file may have."""
        self.names: set[str] = set()

    @property
    def harness(self) -> Harness:
        return self.explored.harness

    def keys(self, scenario: Scenario) -> dict[str, Any]:
        return case_of(scenario)

    def operation(self, scenario: Scenario) -> str:
        """Return the method and the URL template that a request is for, where that is known."""
        return ""

    def cases_of(self, explored: Exploration, wanted: Iterable[Goal]) -> list[FoundCase]:
        """Return cases for those of the goals that were found and that no case has reached yet."""
        self.explored = explored
        made: list[FoundCase | None] = []
        goals = [goal for goal in wanted if goal in explored.found]
        order = {goal: index for index, goal in enumerate(self.harness.goals.all)}
        goals.sort(key=lambda goal: (goal.kind != BRANCH, order.get(goal, 0)))
        for goal in goals:
            if goal not in self.reached | self.failing:
                made.append(self.case(explored.found[goal], [goal]))
        return [case for case in made if case is not None]

    def case(self, run: ScenarioRun, wanted: list[Goal]) -> FoundCase | None:
        """Return a case for a run, as short as it can be while it reaches what is wanted."""
        if not self.with_errors and run.result is not None and _fails(run.result):
            self.failing |= run.reached
            return None
        if wanted:
            needed = set(wanted)
            run = shrink(self.harness.run, run, lambda tried: needed <= tried.reached, _MOST_RUNS_FOR_SHORTER)
        for scenario in (run.scenario, run.answered):
            keys = self.keys(scenario)
            request = keys.pop("request")
            if _has_secrets((request, keys)):
                self.secret |= run.reached
                return None
            before = scenario.calls_before
            outcome = run_alone(self.around, request, steps_to(before, {}), **keys)
            reached = self.harness.goals.reached(outcome.results[-1].trace) if outcome.results else set()
            if outcome.results and (not wanted or set(wanted) & reached):
                break
        else:
            return None
        if not self.with_errors and _fails(outcome.results[-1]):
            self.failing |= reached
            return None
        fresh = [goal for goal in self.harness.goals.all if goal in reached and goal not in self.reached]
        self.reached |= reached
        branches = [
            _branch_path(self.harness, goal) for goal in wanted or fresh if goal in fresh and self._is_arm(goal)
        ]
        expect = expected(self.around, request, outcome, branches, keys, before)
        name = self.unique(case_name(run.scenario, outcome.results[-1], expect, self.operation(run.scenario)))
        steps = steps_to(before, expect) if before else []
        return FoundCase(name, request, expect, branches, steps, keys, frozenset(fresh if wanted else ()))

    def unique(self, name: str) -> str:
        """Return the name, with a number if another case has it."""
        number, found = 1, name
        while found in self.names:
            number += 1
            found = f"{name} ({number})"
        self.names.add(found)
        return found

    def _is_arm(self, goal: Goal) -> bool:
        """Return whether `expect: branch` can name the goal: a when or otherwise."""
        return goal.kind == BRANCH and self.harness.goals.places[goal.kind, goal.file, goal.at].outcomes == ("taken",)


def _has_secrets(content: object) -> bool:
    text = json.dumps(content, ensure_ascii=False, default=str)
    return without_secrets(text) != text


def _fails(result: Result) -> bool:
    return result.error is not None and result.response.status_code == 500


def _branch_path(harness: Harness, goal: Goal) -> str:
    place = harness.goals.places[goal.kind, goal.file, goal.at]
    return f"{place.section} {place.name}"
