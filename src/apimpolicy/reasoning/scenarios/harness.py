"""The harness of a policy: everything around it that no request changes, and how a scenario runs.

A proof must not depend on named values and fragments that are made up because they are missing: the prover treats them
as unknown (`transfer.run.MadeUp`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import attrs

from apimpolicy.errors import ApimPolicyError
from apimpolicy.gateway.context import entities
from apimpolicy.gateway.context.headers import Headers
from apimpolicy.gateway.context.records import Request, Response
from apimpolicy.gateway.engine.document import AnyPolicy, Policy, global_policy
from apimpolicy.gateway.engine.gateway import Gateway
from apimpolicy.gateway.engine.partial_runs import PolicyDouble
from apimpolicy.gateway.engine.pipeline import preflight_steps
from apimpolicy.gateway.engine.result import Result
from apimpolicy.gateway.engine.steps import Program, Step
from apimpolicy.reasoning.scenarios.assignments import EARLIER, Assignment, scenario_of
from apimpolicy.reasoning.scenarios.goals import Goal, Goals
from apimpolicy.reasoning.scenarios.scenario import FAILS, Scenario, StubResponse, error_of
from apimpolicy.text.named_values import find_named_values
from apimpolicy.text.source import Excerpt, Source

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate


class StandIns:
    """The names of named values and fragments that are made up."""

    def __init__(self, named_values: Collection[str] = (), fragments: Collection[str] = ()) -> None:
        self.named_values = frozenset(named_values)
        self.fragments = frozenset(fragments)
        self._known: dict[int, tuple[Excerpt, bool]] = {}

    def __bool__(self) -> bool:
        return bool(self.named_values or self.fragments)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StandIns) and self._names == other._names

    def __hash__(self) -> int:
        return hash(self._names)

    @property
    def _names(self) -> tuple[frozenset[str], frozenset[str]]:
        return self.named_values, self.fragments

    def in_expression(self, excerpt: Excerpt) -> bool:
        """Return whether an expression contains a named value that is made up."""
        known = self._known.get(id(excerpt))
        if known is None:
            found = bool(self.in_text(excerpt.source, excerpt.start, excerpt.end))
            known = self._known[id(excerpt)] = excerpt, found
        return known[1]

    def in_text(self, source: Source, start: int, end: int) -> frozenset[str]:
        """Return the names of the named values in a text of a document that are made up.

        Each text that it was made from may have them: those of infrastructure code and of templates aren't in the file.
        """
        found: frozenset[str] = frozenset()
        while self.named_values:
            found |= self.named_values.intersection(each.name for each in find_named_values(source.text[start:end]))
            if source.origin is None:
                break
            start, end = source.span_in_origin(start, end)
            source = source.origin
        return found

    def written(self, source: Source, start: int, end: int) -> str:
        """Return a text of a document with the names of what is made up in it; empty where nothing is."""
        while self.named_values:
            text = source.text[start:end]
            if not self.named_values.isdisjoint(each.name for each in find_named_values(text)):
                return text
            if source.origin is None:
                break
            start, end = source.span_in_origin(start, end)
            source = source.origin
        return ""

    def begins(self, source: Source, start: int) -> bool:
        """Return whether the value of one begins there, as the value of any named value may."""
        return bool(self.in_text(source, start, start + 1))

    def is_fragment(self, step: Step) -> bool:
        """Return whether a policy includes a fragment that is made up."""
        attribute = step.element.get("fragment-id")
        if step.name != "include-fragment" or attribute is None:
            return False
        value = attribute.value
        return value.text in self.fragments or bool(self.in_text(value.source, value.start, value.end))

    def come_first(self, program: Program) -> bool:
        """Return whether every request that meets policies runs through a fragment that is made up."""
        steps = program.sections.get("inbound") or ()
        while self.fragments and steps and not preflight_steps(program):
            if self.is_fragment(steps[0]):
                return True
            steps = steps[0].inserted or (steps[1:] if steps[0].name == "base" else ())
        return False

    def have_run(self, result: Result) -> bool:
        """Return whether a request ran through a fragment that is made up: nothing is known about its response."""
        return bool(self.fragments) and any(self.is_fragment(entry.step) for entry in result.trace)


if TYPE_CHECKING:
    Token = Callable[[str, Mapping[str, Any]], tuple[str, str]]

_HOST = re.compile(r"https?://([^/?#]*)")
_NAMES = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?")
"""Hosts that a caller can name."""


class Harness:
    """A policy and what is fixed around it.

    `settings` are keywords of `Gateway`. `certificates` are those that callers may show, by name; those named in
    `uploads` are uploaded to the gateway when they are shown, besides those in `settings`. `token` makes a header, or
    a parameter with `?` before it, and its value from the name of a token provider and options; `providers` are the
    names that it knows. `variables` are the variables of every request. `fixed` are the kinds of entities in `context`
    that are constants of `settings`.

    `stand_ins` are the named values and fragments that are made up: no proof rests on them.

    `like` is a gateway whose compiled documents are used where they would be the same.

    `section` is the only section that runs, where not all do: it starts with a response, which is an input.
    """

    gateway_class: type[Gateway] = Gateway

    def __init__(
        self,
        policy: AnyPolicy | Mapping[str, AnyPolicy],
        settings: Mapping[str, Any] | None = None,
        *,
        certificates: Mapping[str, Certificate] | None = None,
        providers: Sequence[str] = (),
        token: Token | None = None,
        variables: Mapping[str, Any] | None = None,
        uploads: Collection[str] = (),
        fixed: Collection[str] = (),
        has_doubles: bool = False,
        named_values: Mapping[str, str] | None = None,
        stand_ins: StandIns | None = None,
        section: str | None = None,
        like: Gateway | None = None,
    ) -> None:
        self.section = section
        self.stand_ins = stand_ins or StandIns()
        self.uploads = frozenset(uploads)
        self.fixed = frozenset(fixed)
        self.variables = dict(variables or {})
        self.settings = dict(settings or {})
        self.certificates = dict(certificates or {})
        self.providers = tuple(providers)
        self.token = token
        self.has_doubles = has_doubles
        self.named_values = dict(named_values or {})
        optional = {kind: self.settings.get(kind) for kind in ("user", "product", "subscription")}
        self.present = {kind: entity.id for kind, entity in optional.items() if entity is not None}
        """The ids of the entities that exist by default."""
        self.first = self.gateway_class(**self.settings)
        if like is not None:
            self.first.adopt(like)
        self.first.policies.keep_files()
        self.scopes: dict[str, Policy] = self.first.scopes(policy)
        self.program = self.first.program(self.scopes)
        self.goals = Goals(self.program, frozenset({global_policy().path}))
        places = [(step.place, step.scope) for step in self.program.steps()]
        self.steps = {
            name: step for step in self.program.steps() for name in (step.place, f"{step.scope} {step.place}")
        }
        self._several = {place for place, scope in places if any(p == place and s != scope for p, s in places)}

    def double_of(self, step: Step) -> str | None:
        """Return the name under which a policy can have a double; None where none is wanted."""
        if not self.has_doubles:
            return None
        return f"{step.scope} {step.place}" if step.place in self._several else step.place

    def _with_errors(self, assignment: Assignment) -> Assignment:
        """Add error details to each failing test double."""
        found: Assignment = {}
        for key, value in assignment.items():
            if key[0] == "double" and len(key) == 2 and value == FAILS:
                said = error_of(self.steps[key[1]], assignment.get((*key, "reason")))
                found |= {(*key, name): given for name, given in said.items() if (*key, name) not in assignment}
        return {**assignment, **found} if found else assignment

    def gateway(self, scenario: Scenario) -> Gateway:
        """Return a gateway for a scenario."""
        made = self.gateway_class(
            **{
                **self.settings,
                **self._uploaded(scenario),
                **_entities(scenario),
                **self._more(scenario),
                "backend": _StubBackend(scenario.answers),
                "outside": _StubBackend(scenario.sent_answers),
            }
        )
        made.adopt(self.first)
        return made

    def _uploaded(self, scenario: Scenario) -> dict[str, Any]:
        """Return the uploaded certificates, with the caller's if that is uploaded."""
        name = scenario.certificate
        if name is None or name not in self.uploads:
            return {}
        return {"certificates": {**(self.settings.get("certificates") or {}), name: self.certificates[name]}}

    def _more(self, scenario: Scenario) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if scenario.cache:
            found["cache"] = {**(self.settings.get("cache") or {}), **scenario.cache}
        if scenario.random_numbers:
            found["random_numbers"] = scenario.random_numbers
        if scenario.guids:
            found["guids"] = scenario.guids
        if scenario.now is not None:
            found["now"] = scenario.moment
        if scenario.request_id:
            found["request_ids"] = [scenario.request_id]
        return found

    def request(self, scenario: Scenario, assignment: Assignment) -> Request:
        """Return the request of a scenario, made of an assignment. Raises ValueError for an impossible one."""
        headers, url = dict(scenario.headers), scenario.url
        if scenario.token is not None and self.token is not None:
            name, value = self.token(*scenario.token)
            if name.startswith("?"):
                url += f"{'&' if '?' in url else '?'}{name[1:]}={value}"
            else:
                headers[name] = value
        content: dict[str, Any] = {"json": scenario.json} if scenario.has_json else {}
        if scenario.body is not None:
            content["body"] = scenario.body
        if scenario.address is not None:
            content["ip_address"] = str(ip_address(scenario.address))
        if scenario.certificate is not None:
            content["certificate"] = self.certificates[scenario.certificate]
        if (host := _HOST.match(scenario.url)) and _NAMES.fullmatch(host[1]) is None:
            raise ValueError(f"{host[1]} is no host")
        return Request(scenario.method, url, headers=headers, **content)

    def send(self, gateway: Gateway, request: Request, scenario: Scenario) -> Result:
        """Send a request through the policies."""
        doubles = {name: PolicyDouble(**given) for name, given in scenario.doubles.items()}
        return gateway.run(
            self.scopes,
            request,
            variables=self.variables_of(scenario),
            doubles=doubles or None,
            section=self.section,
            response=None if self.section is None else response_of(scenario.response),
        )

    def variables_of(self, scenario: Scenario) -> dict[str, Any]:
        """Return the variables with which a request begins."""
        return {**self.variables, **scenario.variables}

    def run(self, assignment: Assignment) -> ScenarioRun:
        """Run the request of an assignment, as often as it says."""
        given = {key: value for key, value in assignment.items() if key[0] not in self.fixed}
        given = self._with_errors(given)
        scenario = scenario_of(given, self.present)
        scenario.named_values, scenario.section = self.named_values, self.section
        try:
            gateway = self.gateway(scenario)
            request = self.request(scenario, given)
            if scenario.earlier is not None:
                self.send(gateway, self.request(scenario.earlier, dict(given[EARLIER])), scenario)
            for _ in range(scenario.calls_before):
                self.send(gateway, request, scenario)
            result = self.send(gateway, request, scenario)
        except (ApimPolicyError, ValueError) as error:
            return ScenarioRun(scenario, given, None, None, set(), str(error))
        return ScenarioRun(scenario, given, gateway, result, self.goals.reached(result.trace))


class ScenarioRun:
    """A request that ran, and the goals that it reached. `result` is None, with the problem, when it could not run."""

    __slots__ = ("assignment", "gateway", "problem", "reached", "result", "scenario")

    def __init__(
        self,
        scenario: Scenario,
        assignment: Assignment,
        gateway: Gateway | None,
        result: Result | None,
        reached: set[Goal],
        problem: str = "",
    ) -> None:
        self.scenario = scenario
        self.assignment = assignment
        self.gateway = gateway
        self.result = result
        self.reached = reached
        self.problem = problem

    @property
    def answered(self) -> Scenario:
        """The scenario with every response stated that the run received."""
        gateway = self.gateway
        assert gateway is not None
        return attrs.evolve(
            self.scenario,
            answers=_padded(self.scenario.answers, used_count(gateway.backend)),
            sent_answers=_padded(self.scenario.sent_answers, used_count(gateway.outside)),
        )


def used_count(answering: object) -> int:
    """Return the number of used responses of a backend that gives stated ones."""
    return answering.count if isinstance(answering, _StubBackend) else 0


def _padded(answers: Sequence[StubResponse], count: int) -> list[StubResponse]:
    return [*answers, *(StubResponse() for _ in range(count - len(answers)))]


class _StubBackend:
    """Gives one response after another; those that are not stated are 200."""

    def __init__(self, answers: Sequence[StubResponse]) -> None:
        self.answers = answers
        self.count = 0

    def send(self, request: Request, timeout: float) -> Response:
        answer = self.answers[self.count] if self.count < len(self.answers) else StubResponse()
        self.count += 1
        if answer.raises == "timeout":
            raise TimeoutError
        if answer.raises is not None:
            raise ConnectionRefusedError
        return response_of(answer)


def response_of(answer: StubResponse) -> Response:
    """Return a stated response."""
    content: dict[str, Any] = {"json": answer.json} if answer.has_json else {}
    if answer.body is not None:
        content["body"] = answer.body
    headers: Headers | dict[str, str] = answer.headers
    return Response(answer.status, answer.reason, headers=headers, **content)


def _entities(scenario: Scenario) -> dict[str, Any]:
    """Return the entities of `context`."""
    found: dict[str, Any] = {}
    for kind, values in scenario.entities.items():
        if values is None:
            found[kind] = None
            continue
        options = {name.replace("-", "_"): value for name, value in values.items()}
        if kind == "user":
            options["groups"] = [entities.Group(each["id"], each["name"]) for each in scenario.groups]
        if kind in ("user", "product", "subscription", "api", "operation"):
            options.setdefault("id", kind)
        if kind == "operation":
            options.setdefault("method", scenario.method)
            options.setdefault("url_template", "/*")
        found[kind] = getattr(entities, kind.title())(**options)
    return found
