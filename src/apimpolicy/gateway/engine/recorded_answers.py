"""Services that answer by what is asked, from a list of recorded answers.

    answers = RecordedAnswers([
        RecordedAnswer(Response(200, json={"active": True}), method="POST", url="https://login.example/introspect"),
        RecordedAnswer(Response(503), url="https://stock.internal/*", delay=2.5),
    ])
    Gateway(outside=answers)

The first response that fits counts. A URL may have `*` for any characters. What none fits is answered by `otherwise`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import attrs

from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.engine.services import transport_of

if TYPE_CHECKING:
    from apimpolicy.gateway.context.records import Request, Response
    from apimpolicy.gateway.engine.services import Backend, SimulatedTime

_RAISED = {"timeout": TimeoutError, "refused": ConnectionRefusedError}


@attrs.frozen
class RecordedAnswer:
    """A response, and the method and URL of its requests, any unless given; it comes after `delay` simulated seconds.

    With `raises`, "timeout" or "refused", there is no response but that.
    """

    response: Response
    method: str | None = attrs.field(default=None, kw_only=True)
    url: str = attrs.field(default="*", kw_only=True)
    delay: float = attrs.field(default=0.0, kw_only=True)
    raises: str | None = attrs.field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if self.raises is not None and self.raises not in _RAISED:
            raise ConfigurationError(f"an answer raises one of {', '.join(_RAISED)}, not {self.raises!r}")

    def fits(self, request: Request) -> bool:
        if self.method is not None and request.method != self.method.upper():
            return False
        pattern = ".*".join(re.escape(part) for part in self.url.split("*"))
        return re.fullmatch(pattern, request.url, re.DOTALL) is not None


class RecordedAnswers:
    """A transport of recorded answers."""

    def __init__(self, answers: Iterable[RecordedAnswer], otherwise: Backend = None) -> None:
        self.answers = list(answers)
        self.otherwise = transport_of(otherwise)
        self._time: SimulatedTime | None = None

    def use_time(self, time: SimulatedTime) -> None:
        self._time = time

    def send(self, request: Request, timeout: float) -> Response:
        answer = next((answer for answer in self.answers if answer.fits(request)), None)
        if answer is None:
            return self.otherwise.send(request, timeout)
        if answer.delay and self._time is not None:
            self._time.advance(answer.delay)
        if answer.raises is not None:
            raise _RAISED[answer.raises](f"{request.url} did not answer")
        return answer.response
