"""The two limits of the token-limit policies: a rate in the last minute, and a quota in periods of the calendar."""

from __future__ import annotations

import datetime
import math

from apimpolicy.policies.call_rates import rate_counter
from apimpolicy.policies.state import Bucket, Total, Window
from apimpolicy.policies.surroundings import Exchange, PolicyError

MINUTE = 60.0
PERIODS = ("Indefinite", "Hourly", "Daily", "Weekly", "Monthly", "Yearly")
TOO_MANY_REQUESTS, FORBIDDEN = 429, 403
_ORIGIN = datetime.datetime(1, 1, 1)


class TokenLimit:
    """A limit on the tokens of one counter; reasons, statuses and texts as seen on real gateways."""

    status: int
    message: str
    reason: str

    def __init__(self, counter: Bucket | Total | Window, limit: int) -> None:
        self.key = counter.key
        self.counter = counter
        self.limit = limit

    def left(self, exchange: Exchange) -> float:
        """Return the tokens that are left, below 0 when more were used."""
        return exchange.services.state.counters.status(self.counter, self.limit).left

    def remaining(self, exchange: Exchange) -> int:
        """Return the tokens that are left, at least 0."""
        return max(0, int(self.left(exchange)))

    def is_exceeded(self, exchange: Exchange, prompt_tokens: int) -> bool:
        """Return whether more than the limit was used, or would be with a prompt of so many tokens."""
        return self.left(exchange) < prompt_tokens

    def record(self, exchange: Exchange, tokens: int) -> None:
        """Count tokens that were used."""
        exchange.services.state.counters.count([(self.counter, tokens)])

    def seconds_until(self, exchange: Exchange, tokens: int) -> int | None:
        """Return seconds until so many tokens are left; None when they never will be."""
        raise NotImplementedError

    def when(self, seconds: int) -> str:
        """Return that time in the words of the message."""
        return in_words(seconds)

    def refusal(self, seconds: int | None, header: str) -> PolicyError:
        """Return the error when the limit is exceeded."""
        if seconds is None:
            return PolicyError(self.reason, self.message, self.status)
        message = f"{self.message} Try again in {self.when(seconds)}."
        return PolicyError(self.reason, message, self.status, headers={header: str(seconds)})


class TokenRate(TokenLimit):
    """Tokens per minute, in a sliding window, or in the v2 tiers in a bucket that fills evenly (both seen). Tokens that
    were used beyond the limit of a bucket are owed, as seen.
    """

    status = TOO_MANY_REQUESTS
    message = "Token limit is exceeded."
    reason = "OpenAITokenLimitExceeded"

    def __init__(self, exchange: Exchange, counter_key: str, limit: int) -> None:
        super().__init__(rate_counter(exchange, f"token-rate {counter_key}", limit, MINUTE), limit)

    def seconds_until(self, exchange: Exchange, tokens: int) -> int | None:
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

    status = FORBIDDEN
    message = "Token quota is exceeded."
    reason = "OpenAITokenQuotaExceeded"

    def __init__(self, counter_key: str, limit: int, period: str, now: float) -> None:
        start, self.end = period_around(period, now)
        super().__init__(Total(f"token-quota {counter_key} {period} {start:%Y-%m-%dT%H}", 0, 0), limit)

    def seconds_until(self, exchange: Exchange, tokens: int) -> int | None:
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
