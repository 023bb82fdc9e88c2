"""Observe the engine: documents, requests, policies, expressions and errors, as they happen.

    class Printer(Observer):
        def policy_started(self, exchange, entry):
            print(entry.section, entry.path)

    with observed_by(Printer()):
        gateway.run(policy, request)

`observed_by` observes all gateways of this process (coverage, the debugger); `gateway.observer` observes one gateway.
While there is an observer, sub-expressions are recorded whatever `tracing` is. Without one, nothing is kept and nothing
is called.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apimpolicy.csharp.emit.recording import Recorder
    from apimpolicy.gateway.engine.document import Policy
    from apimpolicy.gateway.engine.exchange import Exchange
    from apimpolicy.gateway.engine.steps import Step
    from apimpolicy.gateway.engine.trace import TraceEntry
    from apimpolicy.gateway.policies.spec import AttributeSlot, ContentSlot
    from apimpolicy.gateway.policies.surroundings import PolicyError
    from apimpolicy.text.source import Excerpt


class Observer:
    """The events of the engine, in the order in which a request meets them; each method does nothing.

    An observer must not change what the gateway does, but it may end a request with an exception that isn't an
    `Exception`. Each event that starts something has one that ends it, with the error that was raised, if any.
    """

    def document_loaded(self, policy: Policy) -> None:
        """A gateway uses this document; called again for each request, and only for observers of the process."""

    def request_started(self, exchange: Exchange) -> None:
        """A request has arrived; `exchange.trace` fills from here on."""

    def pipeline_started(self, exchange: Exchange) -> None:
        """The first policies of the request, of whatever section, are about to run."""

    def policy_reached(self, exchange: Exchange, entry: TraceEntry) -> None:
        """A policy, or a part of one such as `when`, has been reached; none of its attributes has been evaluated."""

    def policy_started(self, exchange: Exchange, entry: TraceEntry) -> None:
        """A policy is about to run; parts of policies are only reached."""

    def expression_started(self, entry: TraceEntry, excerpt: Excerpt) -> None:
        """An expression is about to be evaluated."""

    def recorder(self, excerpt: Excerpt) -> Recorder | None:
        """Return the recorder of sub-expression values; None for the usual recorder."""
        return None

    def expression_ended(self, entry: TraceEntry, error: Exception | None) -> None:
        """The expression of the entry's last evaluation has a value, or has raised an error."""

    def value_converted(
        self,
        entry: TraceEntry,
        slot: AttributeSlot | ContentSlot,
        expression: Excerpt | None,
        value: object,
        error: PolicyError | None,
    ) -> None:
        """An attribute or text has a value of the type that the policy wants, or is not valid."""

    def policy_ended(self, exchange: Exchange, entry: TraceEntry, error: Exception | None) -> None:
        """A policy has run; `entry.effect` is what it did."""

    def error_raised(self, exchange: Exchange, error: PolicyError, step: Step) -> None:
        """A policy has failed; called once for an error, with the innermost policy."""


_observers: list[Observer] = []


def observer() -> Observer | None:
    """Return the observer of this process, if there is one."""
    return _observers[-1] if _observers else None


@contextmanager
def observed_by(who: Observer) -> Iterator[None]:
    """Observe all gateways for one block of code; of nested blocks, the innermost observes."""
    _observers.append(who)
    try:
        yield
    finally:
        _observers.remove(who)
