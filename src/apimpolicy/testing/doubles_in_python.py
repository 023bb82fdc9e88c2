"""The clock of a gateway in a test in Python, and doubles of services."""

from __future__ import annotations

import datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from apimpolicy.context.records import Response
from apimpolicy.engine.services import FixedClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.context.records import Request


class TestClock(FixedClock):
    """The gateway's clock: it shows the same time until it is advanced."""

    __test__ = False

    def advance(self, by: datetime.timedelta | float = 0.0, **units: float) -> None:
        """Move on by a time span or by seconds, or by `minutes=5`, `hours=1`, `days=2`."""
        super().advance(by)
        if units:
            super().advance(datetime.timedelta(**units))

    def set(self, now: datetime.datetime | str) -> None:
        """Set the clock to a moment; a text such as `2026-06-01T12:00:00Z` is UTC unless it names a zone."""
        moment = datetime.datetime.fromisoformat(now) if isinstance(now, str) else now
        self._now = moment if moment.tzinfo is not None else moment.replace(tzinfo=datetime.UTC)


class Double:
    """A double of a service, which records its requests: the backend, or the services that policies call."""

    def __init__(self, clock: TestClock) -> None:
        self._clock = clock
        self._rules: list[tuple[str | None, str | None, Callable[[Request, float], Response]]] = []
        self.requests: list[Request] = []
        """All of its requests, in order."""

    def answer(
        self,
        status: int = 200,
        reason: str | None = None,
        *,
        method: str | None = None,
        url: str | None = None,
        takes: float = 0.0,
        raises: type[Exception] | None = None,
        **content: Any,
    ) -> Double:
        """Answer like this from now on; with `method` or `url` (a pattern with `*`), only requests that match.

        Newer rules come first.

        `takes` are seconds on the gateway's clock; `raises` is TimeoutError or another OSError; the rest is what
        `Response` takes: `json=`, `body=`, `headers=`.
        """

        def make(_: Request, timeout: float) -> Response:
            if takes:
                self._clock.advance(min(takes, timeout))
            if takes > timeout:
                raise TimeoutError
            if raises is not None:
                raise raises
            return Response(status, reason, **content)

        self._rules.insert(0, (method, url, make))
        return self

    def answers(
        self, *answers: Response | type[Exception], method: str | None = None, url: str | None = None
    ) -> Double:
        """Answer with responses or exceptions, one after another; the last one repeats.

        `method` and `url` are those of `answer`.
        """
        waiting = list(answers)

        def make(_: Request, timeout: float) -> Response:
            found = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            if isinstance(found, Response):
                return found
            raise found

        self._rules.insert(0, (method, url, make))
        return self

    def answer_with(self, function: Callable[[Request], Response]) -> Double:
        """Answer with the result of a function, unless a newer rule fits."""
        self._rules.insert(0, (None, None, lambda request, timeout: function(request)))
        return self

    def send(self, request: Request, timeout: float) -> Response:
        """Return the response for a request. Raises TimeoutError after `timeout` seconds if it takes longer."""
        self.requests.append(request)
        for method, url, make in self._rules:
            if method in (None, request.method) and (url is None or fnmatchcase(request.url, url)):
                return make(request, timeout)
        return Response(200)
