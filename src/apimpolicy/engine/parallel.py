"""Policies that run at the same time, as those inside of wait: each begins at the same moment, in the order written.

They really run one after another, and the gateway's clock is put back in between, so that waiting for all of them takes
as long as the slowest; on a clock that really waits it takes as long as all of them. When only the first one counts,
what the others did to the request is taken back: variables, and an answer that ends the pipeline. What they sent has
been sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.policies.spec import PolicyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.context.messages import ResponseMessage
    from apimpolicy.engine.exchange import Exchange
    from apimpolicy.engine.steps import Step

TICKS_PER_SECOND = 10_000_000


class _Branch(NamedTuple):
    """What became of one policy: after how many ticks, with what error, and how it left the request."""

    ticks: int
    error: PolicyError | None
    variables: dict[str, object]
    answer: ResponseMessage | None


def run_together(exchange: Exchange, steps: Sequence[Step], *, first_only: bool) -> int:
    """Run policies at the same time; which of them was the first to end, counted from 0. Raises PolicyError."""
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
        if time.waits:
            began = time.ticks()
        else:
            time.advance(-took / TICKS_PER_SECOND)
        exchange.answer = None
        if first_only:
            _set_variables(exchange, before)
    if not branches:
        return -1
    first = min(range(len(branches)), key=lambda number: branches[number].ticks)
    ended = [branches[first]] if first_only else sorted(branches, key=lambda branch: branch.ticks)
    if not time.waits:
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
