"""The common part of quota and quota-by-key: a sum of calls and of kilobytes in periods that follow each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from apimpolicy.policies.call_rates import time_span
from apimpolicy.policies.state import Claim, CounterStatus, Total
from apimpolicy.policies.surroundings import Exchange, PolicyError
from apimpolicy.records import Record

if TYPE_CHECKING:
    from apimpolicy.context.messages import ResponseMessage

FORBIDDEN = 403
KILOBYTE = 1024
NO_LIMIT = 1 << 52
"""The limit where only the bandwidth is limited, and calls are still counted: a number that every double can hold."""


class Quota(Record):
    """A quota. `start` is in seconds since 0001-01-01, `period` in seconds; a period of 0 never ends."""

    key: str
    calls: int | None
    bandwidth: int | None
    start: float
    period: float

    def total(self, what: str) -> Total:
        return Total(f"{self.key} {what}", self.start, self.period)

    def claims(self, calls: int = 1, own: int = 0) -> list[Claim]:
        """Return a request's immediate claims; `own` calls are those that it has counted or reserved already."""
        limit = NO_LIMIT if self.calls is None else self.calls
        found = [Claim(self.total("calls"), limit, calls, own)]
        if self.bandwidth is not None:
            found.append(Claim(self.total("bytes"), self.bandwidth * KILOBYTE, 0))
        return found

    def count_bytes(self, exchange: Exchange, answer: ResponseMessage) -> None:
        """Count the bodies of the request and of the response."""
        sent = len(exchange.request.body.content if exchange.request.body else b"")
        counters, total = exchange.services.state.counters, self.total("bytes")
        answer.body.measure(lambda received: counters.count([(total, sent + received)]))

    def refusal(self, claim: Claim, status: CounterStatus) -> PolicyError:
        what = "call volume" if claim.counter == self.total("calls") else "bandwidth"
        seconds = math.ceil(status.wait)
        message = f"Out of {what} quota. Quota will be replenished in {time_span(seconds)}."
        return PolicyError("QuotaExceeded", message, FORBIDDEN, headers={"Retry-After": str(seconds)})


def take(
    exchange: Exchange, quotas: Sequence[Quota], *, calls: int = 1, own: int = 0, is_reservation: bool = False
) -> int:
    """Count a call for all quotas; how many the first one has counted in this period.

    Raises PolicyError, and counts nothing, when one of them is used up.
    """
    owned = [(quota, claim) for quota in quotas for claim in quota.claims(calls, own)]
    claims = [claim for _, claim in owned]
    taken = exchange.services.state.counters.take(claims, reserved_for=exchange if is_reservation else None)
    if taken.refused is not None:
        quota, claim = owned[taken.refused]
        raise quota.refusal(claim, taken.statuses[taken.refused])
    return int(claims[0].limit - taken.statuses[0].left)
