"""A gateway that is followed: beside the real run of a request, what happened is said over the inputs.

The run is the simulator's own. Its evaluator hands over each expression with what it recorded, its exchange each policy
before and after; nothing here changes what they do.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

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
from apimpolicy.symbolic import access, crossing, operations, outside, statements
from apimpolicy.symbolic.conversions import converted
from apimpolicy.symbolic.effects import after_policy, failed_policy
from apimpolicy.symbolic.path import Path, TooLong
from apimpolicy.symbolic.state import RESPONSE, State
from apimpolicy.symbolic.values import Dual, Obstacle
from apimpolicy.symbolic.walker import Thrown, Walker

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from apimpolicy.context.execution import Context
    from apimpolicy.context.headers import Headers
    from apimpolicy.context.records import Response
    from apimpolicy.engine.steps import Step
    from apimpolicy.engine.trace import TraceEntry
    from apimpolicy.policies.spec import AttributeSlot, ContentSlot
    from apimpolicy.symbolic.inputs import Assignment, Inputs
    from apimpolicy.symbolic.world import World
    from apimpolicy.text.source import Excerpt

__all__ = ["FollowedGateway", "Follower", "access", "operations", "outside", "statements"]


class Follower:
    """What is known of a run while it goes on. `given` are the attributes of each policy, by entry and field.

    `start` are the variables that the run began with, those of the world are the same in every run.
    """

    def __init__(
        self,
        inputs: Inputs,
        assignment: Assignment,
        world: World,
        start: dict[str, Any],
        path: Path | None = None,
    ) -> None:
        self.inputs = inputs
        self.world = world
        self.path = Path(inputs, dict(assignment)) if path is None else path
        self.state = State(inputs, self.path)
        self.state.start = start
        self.state.variables = {to_utf16(name): Dual(variable_value(value)) for name, value in world.variables.items()}
        world.begin(self.state)
        self.given: dict[int, dict[str, Any]] = {}
        self.failed_expressions: set[int] = set()
        self.error: PolicyError | None = None
        """The error that was met last, on its way up."""

    def has_token(self, provider: str, headers: Headers) -> None:
        """The request has a token that was made for it."""
        self.state.provider = provider
        value = headers.get("Authorization")
        if value is not None:
            self.path.assignment[("header", "authorization", "there")] = True
            self.path.assignment[("header", "authorization")] = value

    def attributes(self, entry: TraceEntry) -> dict[str, Any]:
        """What the attributes of a policy were, by field; a list where there are several texts."""
        return self.given.setdefault(id(entry), {})

    def expression(self, excerpt: Excerpt, recorder: OrderedRecorder, value: Any, *, threw: bool) -> Dual:
        """Follow an expression that has run."""
        walker = Walker(self.path, self.state, excerpt, recorder.entries)
        body = compiled(excerpt).bound.body
        try:
            found = walker.run(body, value)
        except Thrown:
            if threw:
                return Dual(lost=Obstacle("an exception", ""))
            return self._lost(value, "an exception that was not met", excerpt)
        except RecursionError:
            return self._lost(value, "an expression that is nested deeply", excerpt)
        except TooLong:
            raise
        except Exception as error:  # the run itself is right whatever becomes of its meaning
            self.path.mistakes.append(error)
            return self._lost(value, f"a mistake of the search: {type(error).__name__}", excerpt)
        if threw:
            return self._lost(value, "an exception that was not foreseen", excerpt)
        if recorder.is_full:
            return self._lost(value, "an expression that does very much", excerpt)
        return found.as_value(value)

    def _lost(self, value: Any, kind: str, excerpt: Excerpt) -> Dual:
        line, column = excerpt.source.position(excerpt.start)
        lost = Obstacle(kind, f"{excerpt.source.path}:{line}:{column}")
        self.path.blocked(lost)
        return Dual(value, lost=lost)


class _FollowedEvaluator(Evaluator):
    """Evaluates as ever, and tells the follower."""

    __slots__ = ("follower", "last")

    def __init__(self, context: Context, follower: Follower) -> None:
        super().__init__(context, True)
        self.follower = follower
        self.last = Dual()

    def make_recorder(self, excerpt: Excerpt) -> Recorder:
        return OrderedRecorder()

    def evaluate(self, excerpt: Excerpt, what: str, entry: TraceEntry) -> object:
        path = self.follower.path
        around = path.owner, path.step
        path.owner, path.step = entry, entry.step
        try:
            value = super().evaluate(excerpt, what, entry)
            self._follow(excerpt, entry, value, threw=False)
        except DotnetException:
            path.stopped.add(entry.step)
            self._follow(excerpt, entry, None, threw=True)
            raise
        finally:
            path.owner, path.step = around
        return value

    def _follow(self, excerpt: Excerpt, entry: TraceEntry, value: object, *, threw: bool) -> None:
        recorder = entry.evaluations[-1].recorder
        assert isinstance(recorder, OrderedRecorder)
        self.last = self.follower.expression(excerpt, recorder, value, threw=threw)

    def value(
        self, slot: AttributeSlot | ContentSlot, what: str, expression: Excerpt | None, text: str, entry: TraceEntry
    ) -> object:
        follower = self.follower
        around, follower.path.step = follower.path.step, entry.step
        try:
            return self._value(slot, what, expression, text, entry)
        finally:
            follower.path.step = around

    def _value(
        self, slot: AttributeSlot | ContentSlot, what: str, expression: Excerpt | None, text: str, entry: TraceEntry
    ) -> object:
        follower = self.follower
        try:
            value = super().value(slot, what, expression, text, entry)
        except PolicyError:
            follower.failed_expressions.add(id(entry))
            if expression is not None and entry.evaluations[-1].error is None:
                converted(follower, slot, self.last, None, entry, failed=True)
            raise
        dual = Dual(value) if expression is None else self.last
        found = converted(follower, slot, dual, value, entry, failed=False)
        attributes = follower.attributes(entry)
        if getattr(slot, "child", None) is not None:
            attributes.setdefault(slot.field, []).append(found)
        else:
            attributes[slot.field] = found
        return value


class _FollowedExchange(Exchange):
    """Runs policies as ever, and tells the follower."""

    has_begun = False

    def __init__(self, follower: Follower, *arguments: Any, **options: Any) -> None:
        self.follower = follower
        super().__init__(*arguments, **options)

    def make_evaluator(self, context: Context, tracing: bool) -> Evaluator:
        return _FollowedEvaluator(context, self.follower)

    def execute(self, steps: Sequence[Any]) -> None:
        if not self.has_begun:
            self.has_begun = True
            crossing.begun(self.follower, self)
            if self.follower.world.section is not None and self.context.response is not None:
                self.follower.state.answered(self.context.response, RESPONSE)
        super().execute(steps)

    def _run(self, step: Step) -> None:
        before = _Before(self)
        path = self.follower.path
        around, path.step = path.step, step
        try:
            super()._run(step)
        except PolicyError as error:
            path.stopped.add(step)
            failed_policy(self.follower, self, step, error)
            raise
        else:
            if self.answer is not None:
                path.stopped.update(_ended(step))
            after_policy(self.follower, self, step, before)
        finally:
            path.step = around


def _ended(step: Step) -> Iterator[Step]:
    """A policy in which the request ended, with all branches that it could have taken instead."""
    yield step
    if has_trait(step.name, "branches"):
        yield from step.steps_inside()


class _Before:
    """What a policy found, to see what it changed."""

    __slots__ = ("body", "fields", "method", "response", "status", "url", "variables")

    def __init__(self, exchange: Exchange) -> None:
        request = exchange.request
        self.variables = exchange.variables.to_dict()
        self.url, self.method, self.body = request.url, request.method, request.body
        self.fields = {name: tuple(values) for name, values in request.headers.fields()}
        self.response = exchange.context.response
        self.status = None if self.response is None else self.response.status_code


class FollowedGateway(Gateway):
    """A gateway whose next requests this follower follows."""

    response_before: Response | None = None
    """The response that is there when a section runs alone."""

    def follow(self, follower: Follower) -> None:
        """Tell this follower from here on."""
        self.make_exchange = partial(_FollowedExchange, follower)
