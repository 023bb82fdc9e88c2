"""The common part of rate-limit and rate-limit-by-key: a limit on calls, within a sliding window or as a token bucket.

Documented: the v2 tiers count with a token bucket, the classic ones in a window that slides. Both were seen for tokens
too. Our choice: the bucket holds the limit and fills evenly within the period.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.environment import TICKS_PER_SECOND
from apimpolicy.dotnet.values import from_utf16
from apimpolicy.policies.conversions import boolean, integer
from apimpolicy.policies.effects import Condition, Effect, RateLimited
from apimpolicy.policies.spec import (
    Exchange,
    PolicyError,
    Step,
    expression_attribute,
    literal_attribute,
    postponed_attribute,
)
from apimpolicy.policies.state import Bucket, Claim, Counter, CounterStatus, Window, whole_calls
from apimpolicy.records import Record, keyword

if TYPE_CHECKING:
    from apimpolicy.context.entities import Api, Operation
    from apimpolicy.context.messages import ResponseMessage

EXCEEDED = "Rate limit was exceeded."


class Report:
    """The attributes that name the headers and variables in which a rate limit is reported."""

    retry_after_header_name: str = literal_attribute(default="Retry-After")
    retry_after_variable_name: str | None = literal_attribute()
    remaining_calls_header_name: str | None = literal_attribute()
    remaining_calls_variable_name: str | None = literal_attribute()
    total_calls_header_name: str | None = literal_attribute()


class KeyedCounter:
    """The attributes of policies that count for a key, and how much a request counts."""

    counter_key: str = expression_attribute(required=True)
    increment_condition: Callable[[], bool] = postponed_attribute(boolean, default=True)
    increment_count: Callable[[], int] = postponed_attribute(integer, default=1)

    def increment(self) -> int | None:
        """Return the request's increment; None where the condition is false."""
        return self.increment_count() if self.increment_condition() else None

    def commit(self, exchange: Exchange, counter: Counter) -> int | None:
        """Count a request that has reserved room, and return how much; an exception counts nothing."""
        count = None
        try:
            count = self.increment()
        finally:
            exchange.services.state.counters.commit(counter, exchange, [(counter, count)] if count else [])
        return count


class CallRate(Record):
    """A limit: `calls` within `period` seconds. Only the outermost limit of a policy reports the remaining calls."""

    key: str
    calls: int
    period: float
    report: Report
    is_outermost: bool = keyword(default=True, kw_only=True)

    @property
    def number(self) -> int:
        """Return the number by which the trace names the counter: FNV-1a, because a gateway's own is not known."""
        found = 0xCBF29CE484222325
        for byte in from_utf16(self.key).encode("utf-8", "replace"):
            found = (found ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
        return found >> 1

    def counted(self, left: int) -> Effect:
        """Return the effect of a counted call."""
        traced = {"message": f"RateLimit counter {self.number} is incremented"}
        return RateLimited(f"{left} of {self.calls} calls remain", remaining=left, traced=traced)

    def counter(self, exchange: Exchange) -> Counter:
        return rate_counter(exchange, self.key, self.calls, self.period)

    def report_remaining(self, exchange: Exchange, status: CounterStatus) -> int:
        """Set the variable of remaining calls and, at the end, the headers; return how many calls remain."""
        left, report = whole_calls(status.left), self.report
        if not self.is_outermost:
            return left
        if report.remaining_calls_variable_name is not None:
            exchange.variables[report.remaining_calls_variable_name] = left

        def add(answer: ResponseMessage) -> None:
            if report.remaining_calls_header_name is not None:
                answer.headers.set(report.remaining_calls_header_name, [str(left)])
            if report.total_calls_header_name is not None:
                answer.headers.set(report.total_calls_header_name, [str(self.calls)])

        exchange.at_end(add)
        return left

    def refusal(self, exchange: Exchange, status: CounterStatus) -> PolicyError:
        """Return the error when there were too many calls already."""
        seconds = max(1, math.ceil(round(status.wait, 3)))
        if self.report.retry_after_variable_name is not None:
            exchange.variables[self.report.retry_after_variable_name] = seconds
        self.report_remaining(exchange, status)
        period = time_span(self.period)
        limit = {"counterKey": self.number, "period": period, "callLimit": self.calls, "count": self.calls}
        traced = {"message": EXCEEDED, "retryAfter": time_span(status.wait), "rateLimit": limit}
        exchange.note(RateLimited(EXCEEDED, remaining=0, traced=traced))
        return PolicyError(
            "RateLimitExceeded",
            "Rate limit is exceeded",
            429,
            public_message=f"Rate limit is exceeded. Try again in {seconds} seconds.",
            headers={self.report.retry_after_header_name: str(seconds)},
        )


def rate_counter(exchange: Exchange, key: str, limit: int, period: float) -> Bucket | Window:
    """Return the counter that the gateway's tier has for a limit within `period` seconds."""
    return Bucket(key, limit, period) if exchange.services.settings.tier == "v2" else Window(key, period)


def time_span(seconds: float) -> str:
    """Return a time span as .NET writes it.

    >>> time_span(60), time_span(37.5093691), time_span(1763935)
    ('00:01:00', '00:00:37.5093691', '20.09:58:55')
    """
    from apimpolicy.dotnet.system.timespans import TimeSpan

    return TimeSpan(round(seconds * TICKS_PER_SECOND)).to_string()


def take(exchange: Exchange, rates: Sequence[CallRate], *, count: int = 1, is_reservation: bool = False) -> int:
    """Count a call for all rates; return how many calls the first one has left. A reservation counts at the end: see
    `apimpolicy.policies.state.Counters`.

    Raises PolicyError, and counts nothing, when there were too many calls already.
    """
    claims = [Claim(rate.counter(exchange), rate.calls, 0 if is_reservation else count) for rate in rates]
    taken = exchange.services.state.counters.take(claims, reserved_for=exchange if is_reservation else None)
    if taken.refused is not None:
        raise rates[taken.refused].refusal(exchange, taken.statuses[taken.refused])
    return rates[0].report_remaining(exchange, taken.statuses[0])


def applicable(exchange: Exchange, steps: Sequence[Step], kind: str, entity: Api | Operation) -> Iterator[Any]:
    """Yield the limits of `api` or `operation` elements that are for an entity: the id counts before the name."""
    for step in steps:
        limit = exchange.evaluate(step)
        if limit.id is not None:
            applies = from_utf16(entity.id) == from_utf16(limit.id)
        else:
            applies = limit.name is not None and entity.name == limit.name
        exchange.note(Condition(f"{'this' if applies else 'another'} {kind}", taken=applies), step)
        if applies:
            yield limit
