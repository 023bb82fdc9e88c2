"""Who looks on: an observer sees every document and every request of all gateways of this process (`testing.coverage`).

While one is there, sub-expressions are recorded whatever `tracing` says. Without one nothing is kept.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.emit.recorder import Overflow
    from apimpolicy.engine.document import Policy
    from apimpolicy.engine.exchange import Exchange
    from apimpolicy.text.source import Excerpt


class Observer(Protocol):
    """What looks on. Nothing that it does may change what the gateway does."""

    def loaded(self, policy: Policy) -> None:
        """A gateway has this document; said again with each request."""

    def began(self, exchange: Exchange) -> None:
        """A request has come; its trace fills from here on."""

    def overflow(self, excerpt: Excerpt) -> Overflow | None:
        """Who takes the values of an expression that its recorder does not keep."""


_observers: list[Observer] = []


def observer() -> Observer | None:
    """The observer of this process, if there is one."""
    return _observers[-1] if _observers else None


@contextmanager
def observed_by(who: Observer) -> Iterator[None]:
    """Let this one look on. Inside of another, it alone does."""
    _observers.append(who)
    try:
        yield
    finally:
        _observers.remove(who)


def overflow(excerpt: Excerpt) -> Overflow | None:
    """Where a recorder sends what it does not keep."""
    return _observers[-1].overflow(excerpt) if _observers else None
