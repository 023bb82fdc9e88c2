"""The harness of a policy whose requests run traced: a run knows the branches that it took."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from apimpolicy.concolic.inputs import NAME
from apimpolicy.concolic.path import PathTooLong
from apimpolicy.concolic.reachability import Reachability
from apimpolicy.concolic.tracing import Tracer, TracingGateway, TracingObserver
from apimpolicy.errors import ApimPolicyError
from apimpolicy.scenarios import harness
from apimpolicy.scenarios.assignments import scenario_of, with_serialized_texts
from apimpolicy.scenarios.harness import response_of, used_count
from apimpolicy.scenarios.seeds import with_seeds

if TYPE_CHECKING:
    from apimpolicy.concolic.inputs import Inputs
    from apimpolicy.concolic.path import Path
    from apimpolicy.engine.result import Result
    from apimpolicy.engine.steps import Step
    from apimpolicy.scenarios.assignments import Assignment
    from apimpolicy.scenarios.goals import Goal
    from apimpolicy.scenarios.scenario import Scenario

NONE = "none"


class Harness(harness.Harness):
    """A policy and what is fixed around it, for runs that are traced."""

    gateway_class = TracingGateway

    def __init__(self, of: harness.Harness) -> None:
        super().__init__(
            of.scopes,
            of.settings,
            certificates=of.certificates,
            providers=of.providers,
            token=of.token,
            variables=of.variables,
            uploads=of.uploads,
            fixed=of.fixed,
            has_doubles=of.has_doubles,
            named_values=of.named_values,
            stand_ins=of.stand_ins,
            section=of.section,
        )
        self.reachability = Reachability(self.program, self.goals)
        self.handles_errors = any(place.section.startswith("on-error") for place in self.goals.places.values())

    def declare(self, inputs: Inputs) -> None:
        """Declare the inputs that have a few values, and the entities that are constant."""
        inputs.fixed = self.fixed
        texts = (document.document.source.text for document in self.scopes.values())
        now = self.settings.get("now")
        inputs.clock = int(now.timestamp()) if isinstance(now, datetime.datetime) else None
        inputs.has_tokens = any("Jwt" in text for text in texts)
        if self.certificates:
            inputs.one_of("certificate", choices=(NONE, *self.certificates))
        for kind, name in self.present.items():
            inputs.bool_var(kind, "there", default=True)
            inputs.string_var(kind, "id", default=name, pattern=NAME)
        for provider in self.providers:
            inputs.one_of("token", provider, choices=(NONE, "good", "expired"))

    def trace(self, inputs: Inputs, assignment: Assignment, path: Path | None = None) -> Run:
        """Run the request of an assignment and trace it; continue an earlier path, if one is given."""
        assignment = with_seeds(self._with_errors(assignment))
        scenario = scenario_of(assignment, self.present)
        scenario.named_values, scenario.section = self.named_values, self.section
        tracer = Tracer(inputs, with_serialized_texts(assignment), self, self.variables_of(scenario), path)
        problem = ""
        result: Result | None = None
        try:
            gateway = self.gateway(scenario)
            assert isinstance(gateway, TracingGateway)
            gateway.response_before = response_of(scenario.response)
            request = self.request(scenario, assignment)
            if scenario.token is not None:
                tracer.has_token(scenario.token[0], request.headers)
            for _ in range(scenario.calls_before):
                self.send(gateway, request, scenario)
            tracer.state.answers, tracer.state.sent = used_count(gateway.backend), used_count(gateway.outside)
            gateway.observer = TracingObserver(tracer)
            result = self.send(gateway, request, scenario)
        except PathTooLong:
            problem = "it takes more branches than the search follows"
        except ApimPolicyError as error:
            problem = str(error)
        reached = set() if result is None else self.goals.reached(result.trace)
        return Run(scenario, {**assignment, **tracer.path.random_values}, tracer, result, reached, problem)


class Run:
    """A request that ran: the goals that it reached, and its path. `result` is None when it could not run."""

    __slots__ = ("assignment", "path", "problem", "reached", "result", "scenario", "tracer")

    def __init__(
        self,
        scenario: Scenario,
        assignment: Assignment,
        tracer: Tracer,
        result: Result | None,
        reached: set[Goal],
        problem: str,
    ) -> None:
        self.scenario = scenario
        self.assignment = assignment
        self.tracer = tracer
        self.result = result
        self.reached = reached
        self.problem = problem
        self.path: Path = tracer.path
        """The branches that it took."""

    @property
    def is_real(self) -> bool:
        """Return whether no policy was replaced with a double."""
        return not self.scenario.doubles

    def passed(self, step: Step | None) -> bool:
        """Return whether a policy ran and did not fail."""
        if self.result is None or step in self.path.stopped_at:
            return False
        return any(entry.step is step for entry in self.result.trace)
