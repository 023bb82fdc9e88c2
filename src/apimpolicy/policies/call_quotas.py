"""What quota and quota-by-key share: a sum of calls and of kilobytes in periods that follow each other."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from apimpolicy.policies.surroundings import PolicyError

if TYPE_CHECKING:
    from apimpolicy.context.messages import ResponseMessage
    from apimpolicy.policies.surroundings import Exchange

FORBIDDEN = 403
KILOBYTE = 1024


class Quota:
    """One quota. `start` is in seconds since 0001-01-01, `period` in seconds; a period of 0 never ends."""

    def __init__(self, key: str, calls: int | None, bandwidth: int | None, start: float, period: float) -> None:
        self.key = key
        self.calls = calls
        self.bandwidth = bandwidth
        self.start = start
        self.period = period

    def check(self, exchange: Exchange, own: int = 0) -> None:
        """Raises PolicyError when the quota is used up; `own` calls are those that this request counted already."""
        promised = exchange.services.counters.promised(self.key)
        if self.calls is not None and self.used(exchange) + promised - own >= self.calls:
            raise self.refusal(exchange, "call volume")
        if self.bandwidth is not None and self.used(exchange, "bytes") >= self.bandwidth * KILOBYTE:
            raise self.refusal(exchange, "bandwidth")

    def used(self, exchange: Exchange, what: str = "calls") -> int:
        return exchange.services.counters.total(f"{self.key} {what}", self.start, self.period)

    def count(self, exchange: Exchange, calls: int = 1) -> None:
        exchange.services.counters.add(f"{self.key} calls", calls, self.start, self.period)

    def count_bytes(self, exchange: Exchange, answer: ResponseMessage) -> None:
        """The bodies of the request and of the answer."""
        size = len(exchange.request.body.content if exchange.request.body else b"") + len(answer.body.content)
        exchange.services.counters.add(f"{self.key} bytes", size, self.start, self.period)

    def refusal(self, exchange: Exchange, what: str) -> PolicyError:
        seconds = math.ceil(exchange.services.counters.until_renewal(self.start, self.period))
        message = f"Out of {what} quota. Quota will be replenished in {span(seconds)}."
        return PolicyError("QuotaExceeded", message, FORBIDDEN, headers={"Retry-After": str(seconds)})


def span(seconds: int) -> str:
    """A time span as .NET writes it.

    >>> span(11657), span(1763935)
    ('03:14:17', '20.09:58:55')
    """
    days, rest = divmod(seconds, 86_400)
    written = f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    return f"{days}.{written}" if days else written
