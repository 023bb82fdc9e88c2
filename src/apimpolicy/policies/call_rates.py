"""What rate-limit and rate-limit-by-key share: a limit on calls, within a sliding window or as a token bucket.

Documented: the v2 tiers count with a token bucket, the classic ones in a window that slides. Our choice: the bucket
holds `calls`, fills evenly within the period, and each call takes one.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from apimpolicy.dotnet.values import from_utf16
from apimpolicy.policies.surroundings import PolicyError

if TYPE_CHECKING:
    from apimpolicy.context.messages import ResponseMessage
    from apimpolicy.policies.surroundings import Exchange


class CallRate:
    """One limit: `calls` within `period` seconds, and the names under which it tells about itself."""

    def __init__(
        self,
        key: str,
        calls: int,
        period: float,
        *,
        retry_after_header: str = "Retry-After",
        retry_after_variable: str | None = None,
        remaining_header: str | None = None,
        remaining_variable: str | None = None,
        total_header: str | None = None,
    ) -> None:
        self.key = key
        self.calls = calls
        self.period = period
        self.retry_after_header = retry_after_header
        self.retry_after_variable = retry_after_variable
        self.remaining_header = remaining_header
        self.remaining_variable = remaining_variable
        self.total_header = total_header

    def check(self, exchange: Exchange) -> None:
        """Raises PolicyError when there were too many calls already."""
        if self.remaining(exchange) > exchange.services.counters.promised(self.key):
            return
        seconds = max(1, math.ceil(round(self.seconds_until_free(exchange), 3)))
        if self.retry_after_variable is not None:
            exchange.variables[self.retry_after_variable] = seconds
        self.tell(exchange)
        raise PolicyError(
            "RateLimitExceeded",
            "Rate limit is exceeded",
            429,
            public_message=f"Rate limit is exceeded. Try again in {seconds} seconds.",
            headers={self.retry_after_header: str(seconds)},
        )

    def record(self, exchange: Exchange, count: int = 1) -> None:
        counters = exchange.services.counters
        if exchange.services.settings.tier == "v2":
            counters.draw(self.key, count, self.calls, self.period)
        else:
            counters.record(self.key, count, self.period)

    def remaining(self, exchange: Exchange) -> int:
        counters = exchange.services.counters
        if exchange.services.settings.tier == "v2":
            return max(0, math.floor(round(counters.level(self.key, self.calls, self.period), 3)))
        return max(0, self.calls - counters.recent(self.key, self.period))

    def seconds_until_free(self, exchange: Exchange) -> float:
        """How long until there is room for a call."""
        counters = exchange.services.counters
        if exchange.services.settings.tier != "v2":
            return counters.until_below(self.key, self.period, self.calls)
        if not self.calls:
            return self.period
        return (1 - counters.level(self.key, self.calls, self.period)) * self.period / self.calls

    def tell(self, exchange: Exchange) -> None:
        """Put what is left into the variable and, at the end, into the answer's headers."""
        left = self.remaining(exchange)
        if self.remaining_variable is not None:
            exchange.variables[self.remaining_variable] = left

        def add(answer: ResponseMessage) -> None:
            if self.remaining_header is not None:
                answer.headers.set(self.remaining_header, [str(left)])
            if self.total_header is not None:
                answer.headers.set(self.total_header, [str(self.calls)])

        exchange.at_end(add)


def matches(entity_id: str, entity_name: str, wanted_id: str | None, wanted_name: str | None) -> bool:
    """Whether an `api` or `operation` child means this entity: the id counts before the name."""
    if wanted_id is not None:
        return from_utf16(entity_id) == from_utf16(wanted_id)
    return wanted_name is not None and entity_name == wanted_name
