"""Limits on calls and tokens: rates, within a sliding window or as a token bucket, and quotas in periods.

Documented of rate-limit and rate-limit-by-key: the v2 tiers count with a token bucket, the classic ones in a sliding
window. Both were seen for tokens too. Our choice: the bucket holds the limit and fills evenly within the period.

quota and quota-by-key sum calls and kilobytes in periods that follow each other. The token-limit policies have two
limits: a rate in the last minute, and a quota in periods of the calendar.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.environment import TICKS_PER_SECOND
from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.gateway.policies.conversions import boolean, integer
from apimpolicy.gateway.policies.effects import Condition, Effect, RateLimited
from apimpolicy.gateway.policies.spec import (
    PolicyError,
    PolicyExchange,
    PolicyStep,
    azure_error,
    expression_attribute,
    literal_attribute,
    postponed_attribute,
)
from apimpolicy.gateway.policies.state import Bucket, Counter, CounterClaim, CounterStatus, Total, Window, whole_calls
from apimpolicy.gateway.policies.surroundings import azure_text
from apimpolicy.records import Record, keyword

if TYPE_CHECKING:
    from apimpolicy.gateway.context.entities import Api, Operation
    from apimpolicy.gateway.context.messages import ResponseMessage


class RateReport:
    """The attributes that name the headers and variables in which a rate limit is reported."""

    retry_after_header_name: str = literal_attribute(default="Retry-After")
    retry_after_variable_name: str | None = literal_attribute()
    remaining_calls_header_name: str | None = literal_attribute()
    remaining_calls_variable_name: str | None = literal_attribute()
    total_calls_header_name: str | None = literal_attribute()


class KeyedCounter:
    """The attributes of policies that count for a key, and how much a request counts."""

    counter_key: str = expression_attribute(required=True)
    increment_condition: Callable[[], bool] = postponed_attribute(boolean, default=True, evaluated=("end",))
    increment_count: Callable[[], int] = postponed_attribute(integer, default=1, evaluated=("end",))

    def increment(self) -> int | None:
        return self.increment_count() if self.increment_condition() else None

    def commit(self, exchange: PolicyExchange, counter: Counter) -> int | None:
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
    report: RateReport
    is_outermost: bool = keyword(default=True, kw_only=True)

    @property
    def number(self) -> int:
        """Return the number by which the trace names the counter: FNV-1a, because a gateway's own is not known."""
        found = 0xCBF29CE484222325
        for byte in from_utf16(self.key).encode("utf-8", "replace"):
            found = (found ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
        return found >> 1

    def counted(self, left: int) -> Effect:
        traced = {"message": azure_text("trace-rate-counted", number=self.number)}
        return RateLimited(f"{left} of {self.calls} calls remain", remaining=left, traced=traced)

    def counter(self, exchange: PolicyExchange) -> Counter:
        return rate_counter(exchange, self.key, self.calls, self.period)

    def report_remaining(self, exchange: PolicyExchange, status: CounterStatus) -> int:
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

    def refusal(self, exchange: PolicyExchange, status: CounterStatus) -> PolicyError:
        """Return the error when there were too many calls already."""
        seconds = max(1, math.ceil(round(status.wait, 3)))
        if self.report.retry_after_variable_name is not None:
            exchange.variables[self.report.retry_after_variable_name] = seconds
        self.report_remaining(exchange, status)
        period = time_span(self.period)
        limit = {"counterKey": self.number, "period": period, "callLimit": self.calls, "count": self.calls}
        exceeded = azure_text("trace-rate-exceeded")
        traced = {"message": exceeded, "retryAfter": time_span(status.wait), "rateLimit": limit}
        exchange.note(RateLimited(exceeded, remaining=0, traced=traced))
        headers = {self.report.retry_after_header_name: str(seconds)}
        return azure_error("rate-limit-exceeded", headers=headers, seconds=seconds)


def rate_counter(exchange: PolicyExchange, key: str, limit: int, period: float) -> Bucket | Window:
    """Return the counter that the gateway's tier has for a limit within `period` seconds."""
    return Bucket(key, limit, period) if exchange.services.settings.tier == "v2" else Window(key, period)


def time_span(seconds: float) -> str:
    """Return a time span as .NET writes it.

    >>> time_span(60), time_span(37.5093691), time_span(1763935)
    ('00:01:00', '00:00:37.5093691', '20.09:58:55')
    """
    from apimpolicy.csharp.dotnet.system.timespans import TimeSpan

    return TimeSpan(round(seconds * TICKS_PER_SECOND)).to_string()


def take_rates(
    exchange: PolicyExchange, rates: Sequence[CallRate], *, count: int = 1, is_reservation: bool = False
) -> int:
    """Count a call for all rates; return how many calls the first one has left. A reservation counts at the end: see
    `apimpolicy.gateway.policies.state.Counters`.

    Raises PolicyError, and counts nothing, when there were too many calls already.
    """
    claims = [CounterClaim(rate.counter(exchange), rate.calls, 0 if is_reservation else count) for rate in rates]
    taken = exchange.services.state.counters.take(claims, reserved_for=exchange if is_reservation else None)
    if taken.refused is not None:
        raise rates[taken.refused].refusal(exchange, taken.statuses[taken.refused])
    return rates[0].report_remaining(exchange, taken.statuses[0])


def applicable(
    exchange: PolicyExchange, steps: Sequence[PolicyStep], kind: str, entity: Api | Operation
) -> Iterator[Any]:
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

    def claims(self, calls: int = 1, own: int = 0) -> list[CounterClaim]:
        """Return a request's immediate claims; `own` calls are those that it has counted or reserved already."""
        limit = NO_LIMIT if self.calls is None else self.calls
        found = [CounterClaim(self.total("calls"), limit, calls, own)]
        if self.bandwidth is not None:
            found.append(CounterClaim(self.total("bytes"), self.bandwidth * KILOBYTE, 0))
        return found

    def count_bytes(self, exchange: PolicyExchange, answer: ResponseMessage) -> None:
        """Count the bodies of the request and of the response."""
        sent = len(exchange.request.body.content if exchange.request.body else b"")
        counters, total = exchange.services.state.counters, self.total("bytes")
        answer.body.measure(lambda received: counters.count([(total, sent + received)]))

    def refusal(self, claim: CounterClaim, status: CounterStatus) -> PolicyError:
        text = "quota-exceeded" if claim.counter == self.total("calls") else "bandwidth-exceeded"
        seconds = math.ceil(status.wait)
        return azure_error(text, headers={"Retry-After": str(seconds)}, time=time_span(seconds))


def take_quotas(
    exchange: PolicyExchange, quotas: Sequence[Quota], *, calls: int = 1, own: int = 0, is_reservation: bool = False
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


MINUTE = 60.0
PERIODS = ("Indefinite", "Hourly", "Daily", "Weekly", "Monthly", "Yearly")
_ORIGIN = datetime.datetime(1, 1, 1)


class TokenLimit:
    """A limit on the tokens of one counter; reasons, statuses and texts as seen on real gateways."""

    exceeded: str
    exceeded_by_estimate: str
    """Names of its texts; the second one is for a prompt whose estimate exceeds what is left."""

    def __init__(self, counter: Bucket | Total | Window, limit: int) -> None:
        self.key = counter.key
        self.counter = counter
        self.limit = limit

    def left(self, exchange: PolicyExchange) -> float:
        return exchange.services.state.counters.status(self.counter, self.limit).left

    def remaining(self, exchange: PolicyExchange) -> int:
        return max(0, int(self.left(exchange)))

    def record(self, exchange: PolicyExchange, tokens: int) -> None:
        exchange.services.state.counters.count([(self.counter, tokens)])

    def seconds_until(self, exchange: PolicyExchange, tokens: int, *, by_estimate: bool = False) -> int | None:
        """Return seconds until so many tokens are left, as `Retry-After` has them; None when they never will be."""
        raise NotImplementedError

    def when(self, seconds: int) -> str:
        return in_words(seconds)

    def refusal(self, seconds: int | None, header: str, *, by_estimate: bool = False) -> PolicyError:
        text = self.exceeded_by_estimate if by_estimate else self.exceeded
        if seconds is None:
            return azure_error(text, again="")
        again = azure_text("try-again", time=self.when(seconds))
        return azure_error(text, headers={header: str(seconds)}, again=f" {again}")


class TokenRate(TokenLimit):
    """Tokens per minute, in a sliding window, or in the v2 tiers in a bucket that fills evenly (both seen). Tokens that
    were used beyond the limit of a bucket are owed, as seen.
    """

    exceeded, exceeded_by_estimate = "token-limit-exceeded", "token-limit-will-exceed"

    def __init__(self, exchange: PolicyExchange, counter_key: str, limit: int) -> None:
        super().__init__(rate_counter(exchange, f"token-rate {counter_key}", limit, MINUTE), limit)

    def seconds_until(self, exchange: PolicyExchange, tokens: int, *, by_estimate: bool = False) -> int | None:
        if by_estimate:
            return int(MINUTE)  # seen in every such response, whatever the window has left
        if tokens > self.limit:
            return None
        if isinstance(self.counter, Window):  # until no more is used than leaves room for the tokens
            seconds = exchange.services.state.counters.status(self.counter, self.limit - tokens + 1).wait
        else:
            seconds = (tokens - self.left(exchange)) * MINUTE / self.limit
        return max(1, math.ceil(round(seconds, 3)))

    def when(self, seconds: int) -> str:
        return f"{seconds} seconds"


class TokenQuota(TokenLimit):
    """Tokens in the current hour, day, week, month or year, UTC; `Indefinite` never ends."""

    exceeded, exceeded_by_estimate = "token-quota-exceeded", "token-quota-will-exceed"

    def __init__(self, counter_key: str, limit: int, period: str, now: float) -> None:
        start, self.end = period_around(period, now)
        super().__init__(Total(f"token-quota {counter_key} {period} {start:%Y-%m-%dT%H}", 0, 0), limit)

    def seconds_until(self, exchange: PolicyExchange, tokens: int, *, by_estimate: bool = False) -> int | None:
        if self.end is None or tokens > self.limit:
            return None
        return max(1, math.ceil((self.end - _ORIGIN).total_seconds() - exchange.services.state.counters.now()))


def period_around(period: str, now: float) -> tuple[datetime.datetime, datetime.datetime | None]:
    """Return the bounds of the period around `now`, in seconds since 0001-01-01 UTC; a week begins on Monday."""
    moment = _ORIGIN + datetime.timedelta(seconds=now)
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "Hourly":
        start = moment.replace(minute=0, second=0, microsecond=0)
        return start, start + datetime.timedelta(hours=1)
    if period == "Daily":
        return day, day + datetime.timedelta(days=1)
    if period == "Weekly":
        start = day - datetime.timedelta(days=day.weekday())
        return start, start + datetime.timedelta(days=7)
    if period == "Monthly":
        start = day.replace(day=1)
        return start, (start + datetime.timedelta(days=32)).replace(day=1)
    if period == "Yearly":
        start = day.replace(month=1, day=1)
        return start, start.replace(year=start.year + 1)
    return _ORIGIN, None


def in_words(seconds: int) -> str:
    """Return a time span as text.

    >>> in_words(1293), in_words(60), in_words(90061)
    ('21 minutes and 33 seconds', '1 minute', '1 day, 1 hour, 1 minute and 1 second')
    """
    parts: list[str] = []
    for name, length in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        count, seconds = divmod(seconds, length)
        if count:
            parts.append(f"{count} {name}{'s' if count > 1 else ''}")
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1] if parts else "0 seconds")))
