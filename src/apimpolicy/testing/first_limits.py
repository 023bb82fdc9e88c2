"""Cases for limits of calls: one more call is refused, and after the period a call gets through again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.policies.registry import has_trait

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from apimpolicy.testing.running import Outcome
    from apimpolicy.text.document import Element

MOST_CALLS = 10
"""The maximum of a limit with a case; cases for more are long to read."""

_REFUSED = (403, 429)


class Limit(NamedTuple):
    """A limit: the number of calls in a number of seconds."""

    calls: int
    seconds: int

    @property
    def name(self) -> str:
        """Return the name of its case."""
        return f"call {self.calls + 1} within {self.seconds} seconds is refused"

    def steps(self) -> list[dict[str, Any]]:
        """Return steps without expectations: the calls that get through, one more, and one after the period."""
        return [*({} for _ in range(self.calls + 1)), {"advance": self.seconds}]


def limits_of(elements: Iterable[Element]) -> Iterator[Limit]:
    """Yield the limits that are written as numbers and allow few calls."""
    for element in elements:
        if has_trait(element.name, "limits-calls"):
            given = [element.get(name) for name in ("calls", "renewal-period")]
            texts = [attribute.value.text.strip() for attribute in given if attribute is not None]
            if len(texts) == 2 and all(text.isascii() and text.isdecimal() for text in texts):
                calls, seconds = map(int, texts)
                if 0 < calls <= MOST_CALLS and seconds > 0:
                    yield Limit(calls, seconds)


def steps_seen(limit: Limit, outcome: Outcome) -> list[dict[str, Any]]:
    """Return the steps with their statuses; none if the limit had no effect."""
    statuses = [result.response.status_code for result in outcome.results]
    if len(statuses) != limit.calls + 2 or statuses[limit.calls] not in _REFUSED or statuses[-1] in _REFUSED:
        return []
    if any(status in _REFUSED for status in statuses[: limit.calls]):
        return []
    return [{**step, "expect": {"status": status}} for step, status in zip(limit.steps(), statuses, strict=True)]
