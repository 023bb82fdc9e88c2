"""A traced gateway: beside the real run of a request, its state over the inputs.

The run is the simulator's own. Its evaluator reports each expression with the recorded values, its exchange each policy
before and after; tracing changes nothing.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from apimpolicy.concolic import access, cors, external_effects, operations, statements
from apimpolicy.concolic.conversions import converted
from apimpolicy.concolic.effects import after_policy, failed_policy
from apimpolicy.concolic.path import Path, PathTooLong
from apimpolicy.concolic.replayer import Replayer, Thrown
from apimpolicy.concolic.state import RESPONSE, State
from apimpolicy.concolic.values import ConcolicValue, Unsupported
from apimpolicy.dotnet.exceptions import DotnetException
from apimpolicy.dotnet.values import to_utf16
from apimpolicy.emit.recorder import OrderedRecorder, Recorder
from apimpolicy.engine.evaluation import Evaluator
from apimpolicy.engine.exchange import Exchange
from apimpolicy.engine.gateway import Gateway
from apimpolicy.engine.steps import compiled
from apimpolicy.engine.variables import variable_value
from apimpolicy.policies.registry import has_trait
from apimpolicy.policies.spec import PolicyError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from apimpolicy.concolic.harness import Harness
    from apimpolicy.concolic.inputs import Assignment, Inputs
    from apimpolicy.context.execution import Context
    from apimpolicy.context.headers import Headers
    from apimpolicy.context.records import Response
    from apimpolicy.engine.steps import Step
    from apimpolicy.engine.trace import TraceEntry
    from apimpolicy.policies.spec import AttributeSlot, ContentSlot
    from apimpolicy.text.source import Excerpt

__all__ = ["Tracer", "TracingGateway", "access", "external_effects", "operations", "statements"]


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
        harness.begin(self.state)
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


class _TracingEvaluator(Evaluator):
    """Evaluates expressions, and reports them to the tracer."""

    __slots__ = ("last", "tracer")

    def __init__(self, context: Context, tracer: Tracer) -> None:
        super().__init__(context, True)
        self.tracer = tracer
        self.last = ConcolicValue()

    def make_recorder(self, excerpt: Excerpt) -> Recorder:
        return OrderedRecorder()

    def evaluate(self, excerpt: Excerpt, what: str, entry: TraceEntry) -> object:
        path = self.tracer.path
        around = path.owner, path.step
        path.owner, path.step = entry, entry.step
        try:
            value = super().evaluate(excerpt, what, entry)
            self._trace(excerpt, entry, value, threw=False)
        except DotnetException:
            path.stopped_at.add(entry.step)
            self._trace(excerpt, entry, None, threw=True)
            raise
        finally:
            path.owner, path.step = around
        return value

    def _trace(self, excerpt: Excerpt, entry: TraceEntry, value: object, *, threw: bool) -> None:
        recorder = entry.evaluations[-1].recorder
        assert isinstance(recorder, OrderedRecorder)
        self.last = self.tracer.expression(excerpt, recorder, value, threw=threw)

    def value(
        self, slot: AttributeSlot | ContentSlot, what: str, expression: Excerpt | None, text: str, entry: TraceEntry
    ) -> object:
        tracer = self.tracer
        around, tracer.path.step = tracer.path.step, entry.step
        try:
            return self._value(slot, what, expression, text, entry)
        finally:
            tracer.path.step = around

    def _value(
        self, slot: AttributeSlot | ContentSlot, what: str, expression: Excerpt | None, text: str, entry: TraceEntry
    ) -> object:
        tracer = self.tracer
        try:
            value = super().value(slot, what, expression, text, entry)
        except PolicyError:
            tracer.failed_expressions.add(id(entry))
            if expression is not None and entry.evaluations[-1].error is None:
                converted(tracer, slot, self.last, None, entry, failed=True)
            raise
        concolic = ConcolicValue(value) if expression is None else self.last
        found = converted(tracer, slot, concolic, value, entry, failed=False)
        attributes = tracer.attributes(entry)
        if getattr(slot, "child", None) is not None:
            attributes.setdefault(slot.field, []).append(found)
        else:
            attributes[slot.field] = found
        return value


class _TracingExchange(Exchange):
    """Runs policies, and reports them to the tracer."""

    has_begun = False

    def __init__(self, tracer: Tracer, *arguments: Any, **options: Any) -> None:
        self.tracer = tracer
        super().__init__(*arguments, **options)

    def make_evaluator(self, context: Context, tracing: bool) -> Evaluator:
        return _TracingEvaluator(context, self.tracer)

    def execute(self, steps: Sequence[Any]) -> None:
        if not self.has_begun:
            self.has_begun = True
            cors.branch_on_preflight(self.tracer, self)
            if self.tracer.harness.section is not None and self.context.response is not None:
                self.tracer.state.answered(self.context.response, RESPONSE)
        super().execute(steps)

    def _run(self, step: Step) -> None:
        before = _Before(self)
        path = self.tracer.path
        around, path.step = path.step, step
        try:
            super()._run(step)
        except PolicyError as error:
            path.stopped_at.add(step)
            failed_policy(self.tracer, self, step, error)
            raise
        else:
            if self.answer is not None:
                path.stopped_at.update(_ended(step))
            after_policy(self.tracer, self, step, before)
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
    """A gateway whose requests are traced."""

    response_before: Response | None = None
    """The response that is there when a section runs alone."""

    def trace_with(self, tracer: Tracer) -> None:
        """Report all later requests to this tracer."""
        self.make_exchange = partial(_TracingExchange, tracer)
