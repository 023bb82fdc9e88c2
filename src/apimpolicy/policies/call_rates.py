"""The common part of rate-limit and rate-limit-by-key: a limit on calls, within a sliding window or as a token bucket.

Documented: the v2 tiers count with a token bucket, the classic ones in a window that slides. Our choice: the bucket
holds `calls`, fills evenly within the period, and each call takes one.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from apimpolicy.dotnet.environment import TICKS_PER_SECOND
from apimpolicy.dotnet.values import from_utf16
from apimpolicy.policies.effects import Effect, RateLimited
from apimpolicy.policies.state import Bucket, Claim, Counter, CounterStatus, Window, whole_calls
from apimpolicy.policies.surroundings import Exchange, PolicyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.context.messages import ResponseMessage

EXCEEDED = "Rate limit was exceeded."


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

    @property
    def number(self) -> int:
        """Return the number by which the trace names the counter; a gateway's own numbers are not known (this is
        FNV-1a).
        """
        found = 0xCBF29CE484222325
        for byte in from_utf16(self.key).encode("utf-8", "replace"):
            found = (found ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
        return found >> 1

    def counted(self, left: int) -> Effect:
        """Return the effect of a counted call."""
        told = {"message": f"RateLimit counter {self.number} is incremented"}
        return RateLimited(f"{left} of {self.calls} calls remain", remaining=left, told=told)

    def counter(self, exchange: Exchange) -> Counter:
        if exchange.services.settings.tier == "v2":
            return Bucket(self.key, self.calls, self.period)
        return Window(self.key, self.period)

    def tell(self, exchange: Exchange, status: CounterStatus) -> int:
        """Put what is left into the variable and, at the end, into the answer's headers; how many calls that are."""
        left = whole_calls(status.left)
        if self.remaining_variable is not None:
            exchange.variables[self.remaining_variable] = left

        def add(answer: ResponseMessage) -> None:
            if self.remaining_header is not None:
                answer.headers.set(self.remaining_header, [str(left)])
            if self.total_header is not None:
                answer.headers.set(self.total_header, [str(self.calls)])

        exchange.at_end(add)
        return left

    def refusal(self, exchange: Exchange, status: CounterStatus) -> PolicyError:
        """Return the error when there were too many calls already."""
        seconds = max(1, math.ceil(round(status.wait, 3)))
        if self.retry_after_variable is not None:
            exchange.variables[self.retry_after_variable] = seconds
        self.tell(exchange, status)
        limit = {"counterKey": self.number, "period": span(self.period), "callLimit": self.calls, "count": self.calls}
        told = {"message": EXCEEDED, "retryAfter": span(status.wait), "rateLimit": limit}
        exchange.note(RateLimited(EXCEEDED, remaining=0, told=told))
        return PolicyError(
            "RateLimitExceeded",
            "Rate limit is exceeded",
            429,
            public_message=f"Rate limit is exceeded. Try again in {seconds} seconds.",
            headers={self.retry_after_header: str(seconds)},
        )


def span(seconds: float) -> str:
    """Return a time span as .NET writes it.

    >>> span(60), span(37.5093691)
    ('00:01:00', '00:00:37.5093691')
    """
    whole_seconds, ticks = divmod(round(seconds * TICKS_PER_SECOND), TICKS_PER_SECOND)
    written = f"{whole_seconds // 3600:02}:{whole_seconds // 60 % 60:02}:{whole_seconds % 60:02}"
    return f"{written}.{ticks:07}" if ticks else written


def take(exchange: Exchange, rates: Sequence[CallRate], *, count: int = 1, is_reservation: bool = False) -> int:
    """Count a call for all rates; how many calls the first one has left. A reservation counts at the end: see
    `apimpolicy.policies.state.Counters`.

    Raises PolicyError, and counts nothing, when there were too many calls already.
    """
    claims = [Claim(rate.counter(exchange), rate.calls, 0 if is_reservation else count) for rate in rates]
    taken = exchange.services.state.counters.take(claims, reserved_for=exchange if is_reservation else None)
    if taken.refused is not None:
        raise rates[taken.refused].refusal(exchange, taken.statuses[taken.refused])
    return rates[0].tell(exchange, taken.statuses[0])


def matches(entity_id: str, entity_name: str, wanted_id: str | None, wanted_name: str | None) -> bool:
    """Return whether an `api` or `operation` child means this entity: the id counts before the name."""
    if wanted_id is not None:
        return from_utf16(entity_id) == from_utf16(wanted_id)
    return wanted_name is not None and entity_name == wanted_name
