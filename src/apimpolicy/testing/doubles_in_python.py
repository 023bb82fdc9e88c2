"""The surroundings of a gateway in a test in Python: its clock, and services with prepared answers."""

from __future__ import annotations

import datetime
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
        """Put the clock to a moment; a text is one as `2026-06-01T12:00:00Z`, UTC when it names no zone."""
        moment = datetime.datetime.fromisoformat(now) if isinstance(now, str) else now
        self._now = moment if moment.tzinfo is not None else moment.replace(tzinfo=datetime.UTC)


class Double:
    """A service that answers as it was told and keeps what it was asked: the backend, or what policies ask outside."""

    def __init__(self, clock: TestClock) -> None:
        self._clock = clock
        self._rules: list[tuple[str | None, str | None, Callable[[Request, float], Response]]] = []
        self.requests: list[Request] = []
        """Every request it got, in order."""

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
        """Answer like this from now on; with `method` or `url` (a pattern with `*`) only what fits, the newest first.

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
        """Answer like this one after another, the last again and again: responses, or what is raised in their place.

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
        """Answer what a function says, when nothing newer fits."""
        self._rules.insert(0, (None, None, lambda request, timeout: function(request)))
        return self

    def send(self, request: Request, timeout: float) -> Response:
        """Return what fits the request; an answer that takes longer than `timeout` costs that time, and
        does not come.
        """
        from fnmatch import fnmatchcase

        self.requests.append(request)
        for method, url, make in self._rules:
            if method in (None, request.method) and (url is None or fnmatchcase(request.url, url)):
                return make(request, timeout)
        return Response(200)
