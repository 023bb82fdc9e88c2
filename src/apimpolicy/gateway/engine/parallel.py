"""Policies that run at the same time, as those inside of wait: each begins at the same moment, in the order written.

On a clock that is only told to move they run one after another, and it is set back in between, so that waiting for all
of them takes as long as the slowest. On a clock that really waits, and can do several things at once (its method
`gather`), each has an exchange of its own, and what it did is put together at the end. When only the first one
counts, what the others did to the request is taken back: variables, and a response that ends the pipeline. What they
sent has been sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.csharp.dotnet.collections.dictionary import Dictionary
from apimpolicy.csharp.dotnet.environment import TICKS_PER_SECOND
from apimpolicy.gateway.engine.trace import Trace
from apimpolicy.gateway.engine.variables import Variables
from apimpolicy.gateway.policies.surroundings import PolicyError

if TYPE_CHECKING:
    from apimpolicy.gateway.context.messages import ResponseMessage
    from apimpolicy.gateway.engine.exchange import Exchange
    from apimpolicy.gateway.engine.services import Gather
    from apimpolicy.gateway.engine.steps import Step


class _Branch(NamedTuple):
    """The outcome of one policy: its duration in ticks, its error, and the request's state afterwards."""

    ticks: int
    error: PolicyError | None
    variables: dict[str, object]
    answer: ResponseMessage | None


class _FinishedBranch(NamedTuple):
    """The outcome of a policy that really ran beside others: its number, its exchange and its error."""

    number: int
    exchange: Exchange
    error: Exception | None


def run_parallel(exchange: Exchange, steps: Sequence[Step], *, first_only: bool) -> int:
    """Run policies at the same time; return which of them ended first, counted from 0. Raises PolicyError."""
    gather = exchange.services.time.gather
    if not steps:
        return -1
    if gather is not None:
        return _run_concurrently(exchange, steps, gather, first_only=first_only)
    return _run_in_turn(exchange, steps, first_only=first_only)


def _run_in_turn(exchange: Exchange, steps: Sequence[Step], *, first_only: bool) -> int:
    time = exchange.services.time
    before = exchange.variables.to_dict()
    began = time.ticks()
    branches: list[_Branch] = []
    for step in steps:
        error: PolicyError | None = None
        try:
            exchange.execute([step])
        except PolicyError as found:
            error = found
        took = time.ticks() - began
        branches.append(_Branch(took, error, exchange.variables.to_dict(), exchange.answer))
        time.advance(-took / TICKS_PER_SECOND)
        exchange.answer = None
        if first_only:
            _set_variables(exchange, before)
    first = min(range(len(branches)), key=lambda number: branches[number].ticks)
    ended = [branches[first]] if first_only else sorted(branches, key=lambda branch: branch.ticks)
    time.advance(ended[-1].ticks / TICKS_PER_SECOND)
    if first_only:
        _set_variables(exchange, branches[first].variables)
    exchange.answer = next((branch.answer for branch in ended if branch.answer is not None), None)
    failed = next((branch.error for branch in ended if branch.error is not None), None)
    if failed is not None:
        raise failed
    return first


def _set_variables(exchange: Exchange, wanted: dict[str, object]) -> None:
    for name in [name for name in exchange.variables if name not in wanted]:
        del exchange.variables[name]
    for name, value in wanted.items():
        exchange.variables[name] = value


_OWN = ("_evaluator", "_running", "answer", "context", "trace", "variables")
"""The state of its own that an exchange has when several run at the same time."""


def _run_concurrently(exchange: Exchange, steps: Sequence[Step], gather: Gather, *, first_only: bool) -> int:
    before, context_before = dict(vars(exchange)), dict(vars(exchange.context))
    parts = [_parallel_exchange(exchange, alone=first_only) for _ in steps]
    all_ended: list[_FinishedBranch] = []

    def work(number: int) -> None:
        error: Exception | None = None
        try:
            parts[number].execute([steps[number]])
        except Exception as caught:  # whatever it is, it is raised where the others have ended
            error = caught
        all_ended.append(_FinishedBranch(number, parts[number], error))

    gather([partial(work, number) for number in range(len(steps))], first_only)
    ended = all_ended[:1] if first_only else all_ended[:]
    for part in parts:
        exchange.trace.extend(part.trace)
    for branch in ended:
        _copy_changes(exchange, branch.exchange, before)
        if first_only:
            _set_variables(exchange, branch.exchange.variables.to_dict())
            _copy_changes(exchange.context, branch.exchange.context, context_before)
    exchange.answer = next((branch.exchange.answer for branch in ended if branch.exchange.answer is not None), None)
    failed = next((branch.error for branch in ended if branch.error is not None), None)
    if failed is not None:
        raise failed
    return ended[0].number


def _parallel_exchange(exchange: Exchange, *, alone: bool) -> Exchange:
    """Return an exchange for one of several policies; `alone` is one that may not set variables for the others."""
    made = copy(exchange)
    made._running = [*exchange._running]
    made.answer = None
    made.trace = Trace(exchange.context.traces)
    if alone:
        made.context = copy(exchange.context)
        variables = exchange.context.variables
        made.context.variables = Dictionary.from_dictionary(variables.types, variables)
        made.variables = Variables(made.context.variables)
        made._evaluator = exchange.evaluator(made.context)
    return made


def _copy_changes(whole: Any, part: Any, before: dict[str, Any]) -> None:
    """Copy what `part` has changed to `whole`."""
    for name, value in vars(part).items():
        if name not in _OWN and (name not in before or before[name] is not value):
            setattr(whole, name, value)
