"""A traced gateway: beside the real run of a request, its state over the inputs.

The run is the simulator's own. An observer gets each expression with the recorded values, and each policy before and
after it ran; tracing changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.concolic import access, assignments, cors, external_effects, operations, statements
from apimpolicy.concolic.conversions import converted
from apimpolicy.concolic.effects import after_policy, failed_policy
from apimpolicy.concolic.path import Path, PathTooLong
from apimpolicy.concolic.replayer import Replayer, Thrown
from apimpolicy.concolic.state import State
from apimpolicy.concolic.values import ConcolicValue, Unsupported
from apimpolicy.dotnet.exceptions import DotnetException
from apimpolicy.dotnet.values import to_utf16
from apimpolicy.emit.recorder import OrderedRecorder, Recorder
from apimpolicy.engine.gateway import Gateway
from apimpolicy.engine.observation import Observer
from apimpolicy.engine.steps import compiled
from apimpolicy.engine.variables import variable_value
from apimpolicy.policies.registry import has_trait
from apimpolicy.policies.spec import PolicyError
from apimpolicy.scenarios.assignments import RESPONSE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.concolic.harness import Harness
    from apimpolicy.concolic.inputs import Inputs
    from apimpolicy.context.headers import Headers
    from apimpolicy.context.records import Response
    from apimpolicy.engine.exchange import Exchange
    from apimpolicy.engine.steps import Step
    from apimpolicy.engine.trace import TraceEntry
    from apimpolicy.policies.spec import AttributeSlot, ContentSlot
    from apimpolicy.scenarios.assignments import Assignment
    from apimpolicy.text.source import Excerpt

__all__ = ["Tracer", "TracingGateway", "access", "assignments", "external_effects", "operations", "statements"]


class Tracer:
    """The state of a run over the inputs. `given` are the attributes of each policy, by entry and field.

    `start` are the variables that the run began with; those of the harness are the same in every run.
    """

    def __init__(
        self,
        inputs: Inputs,
        assignment: Assignment,
        harness: Harness,
        start: dict[str, Any],
        path: Path | None = None,
    ) -> None:
        self.inputs = inputs
        self.harness = harness
        self.path = Path(inputs, dict(assignment)) if path is None else path
        self.state = State(inputs, self.path)
        self.state.start = start
        self.state.variables = {
            to_utf16(name): ConcolicValue(variable_value(value)) for name, value in harness.variables.items()
        }
        self.given: dict[int, dict[str, Any]] = {}
        self.failed_expressions: set[int] = set()
        self.error: PolicyError | None = None
        """The last error, while it propagates."""

    def has_token(self, provider: str, headers: Headers) -> None:
        """Record that the request has a token that was made for it."""
        self.state.provider = provider
        value = headers.get("Authorization")
        if value is not None:
            self.path.assignment[("header", "authorization", "there")] = True
            self.path.assignment[("header", "authorization")] = value

    def attributes(self, entry: TraceEntry) -> dict[str, Any]:
        """Return the attributes of a policy by field; a list where there are several strings."""
        return self.given.setdefault(id(entry), {})

    def expression(self, excerpt: Excerpt, recorder: OrderedRecorder, value: Any, *, threw: bool) -> ConcolicValue:
        """Replay an expression that has run."""
        replayer = Replayer(self.path, self.state, excerpt, recorder.entries)
        body = compiled(excerpt).bound.body
        try:
            found = replayer.run(body, value)
        except Thrown:
            if threw:
                return ConcolicValue(unsupported=Unsupported("an exception", ""))
            return self._unsupported_value(value, "an exception that did not occur", excerpt)
        except RecursionError:
            return self._unsupported_value(value, "an expression that is nested deeply", excerpt)
        except PathTooLong:
            raise
        except Exception as error:  # the run itself is valid without terms
            self.path.internal_errors.append(error)
            return self._unsupported_value(value, f"an internal error of the search: {type(error).__name__}", excerpt)
        if threw:
            return self._unsupported_value(value, "an exception that was not predicted", excerpt)
        if recorder.is_full:
            return self._unsupported_value(value, "an expression that does very much", excerpt)
        return found.as_value(value)

    def _unsupported_value(self, value: Any, kind: str, excerpt: Excerpt) -> ConcolicValue:
        line, column = excerpt.source.position(excerpt.start)
        unsupported = Unsupported(kind, f"{excerpt.source.path}:{line}:{column}")
        self.path.mark_inexact(unsupported)
        return ConcolicValue(value, unsupported=unsupported)


class TracingObserver(Observer):
    """Reports the expressions and policies of a run to a tracer."""

    def __init__(self, tracer: Tracer) -> None:
        self.tracer = tracer
        self._last = ConcolicValue()
        """The value of the expression that was evaluated last."""
        self._owners: list[tuple[TraceEntry | None, Step | None]] = []
        self._befores: list[tuple[_Before, Step | None]] = []

    def pipeline_started(self, exchange: Exchange) -> None:
        cors.branch_on_preflight(self.tracer, exchange)
        if self.tracer.harness.section is not None and exchange.context.response is not None:
            self.tracer.state.answered(exchange.context.response, RESPONSE)

    def recorder(self, excerpt: Excerpt) -> Recorder:
        return OrderedRecorder()

    def expression_started(self, entry: TraceEntry, excerpt: Excerpt) -> None:
        path = self.tracer.path
        self._owners.append((path.owner, path.step))
        path.owner, path.step = entry, entry.step

    def expression_ended(self, entry: TraceEntry, error: Exception | None) -> None:
        path = self.tracer.path
        evaluation = entry.evaluations[-1] if entry.evaluations else None
        try:
            if isinstance(error, DotnetException):
                path.stopped_at.add(entry.step)
            elif error is not None:
                return
            assert evaluation is not None
            assert isinstance(evaluation.recorder, OrderedRecorder)
            self._last = self.tracer.expression(
                evaluation.excerpt, evaluation.recorder, evaluation.value, threw=error is not None
            )
        finally:
            path.owner, path.step = self._owners.pop()

    def value_converted(
        self,
        entry: TraceEntry,
        slot: AttributeSlot | ContentSlot,
        expression: Excerpt | None,
        value: object,
        error: PolicyError | None,
    ) -> None:
        tracer = self.tracer
        around, tracer.path.step = tracer.path.step, entry.step
        try:
            if error is not None:
                tracer.failed_expressions.add(id(entry))
                if expression is not None and entry.evaluations[-1].error is None:
                    converted(tracer, slot, self._last, None, entry, failed=True)
                return
            concolic = ConcolicValue(value) if expression is None else self._last
            found = converted(tracer, slot, concolic, value, entry, failed=False)
        finally:
            tracer.path.step = around
        attributes = tracer.attributes(entry)
        if getattr(slot, "child", None) is not None:
            attributes.setdefault(slot.field, []).append(found)
        else:
            attributes[slot.field] = found

    def policy_started(self, exchange: Exchange, entry: TraceEntry) -> None:
        path = self.tracer.path
        self._befores.append((_Before(exchange), path.step))
        path.step = entry.step

    def policy_ended(self, exchange: Exchange, entry: TraceEntry, error: Exception | None) -> None:
        before, around = self._befores.pop()
        path, step = self.tracer.path, entry.step
        try:
            if isinstance(error, PolicyError):
                path.stopped_at.add(step)
                failed_policy(self.tracer, exchange, step, error)
            elif error is None:
                if exchange.answer is not None:
                    path.stopped_at.update(_ended(step))
                after_policy(self.tracer, exchange, step, before)
        finally:
            path.step = around


def _ended(step: Step) -> Iterator[Step]:
    """Yield a policy in which the request ended, with all branches that it could have taken."""
    yield step
    if has_trait(step.name, "branches"):
        yield from step.steps_inside()


class _Before:
    """The state before a policy, to see what it changed."""

    __slots__ = ("body", "fields", "method", "response", "status", "url", "variables")

    def __init__(self, exchange: Exchange) -> None:
        request = exchange.request
        self.variables = exchange.variables.to_dict()
        self.url, self.method, self.body = request.url, request.method, request.body
        self.fields = {name: tuple(values) for name, values in request.headers.fields()}
        self.response = exchange.context.response
        self.status = None if self.response is None else self.response.status_code


class TracingGateway(Gateway):
    """A gateway whose runs are traced: `observer` is the TracingObserver of the next ones."""

    response_before: Response | None = None
    """The response that is there when a section runs alone."""
