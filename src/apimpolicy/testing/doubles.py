"""Doubles of services, as a test file describes them: the backend, other services, the Dapr sidecar.

backend: {status: 200, json: {orders: []}}
backend:                                        # one response after another; the last one repeats
  - {status: 503, headers: {Retry-After: "1"}}
  - {status: 200, body: ok, takes: 2.5}         # seconds on the gateway's clock
  - {raises: timeout}                           # or: refused, with its own words as message: No such host is known.
outside:                                        # by the request
  - {when: {method: POST, url: "*/token"}, json: {access_token: abc}}
  - {when: {url: "*/stock"}, answers: [{raises: timeout}, {status: 503}, {status: 200}]}    # one after another
  - {status: 404}
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.context.records import Request, Response
from apimpolicy.gateway.engine.services import FixedClock
from apimpolicy.project.authority import Author, may_name
from apimpolicy.project.files import MAXIMUM_MESSAGE_BYTES, read_bytes
from apimpolicy.testing.format import ANSWER, RESPONSE, WHEN
from apimpolicy.testing.tree import MISSING, UNKNOWN_NAME, WRONG_KIND, Tree

_ERRORS: dict[str, type[OSError]] = {"timeout": TimeoutError, "refused": ConnectionRefusedError}
"""The errors; without a message, the gateway writes its own."""


class DoubleAnswer(NamedTuple):
    """A response, or an error instead of one."""

    make: Callable[[], Response]
    takes: float = 0.0
    raises: str | None = None
    message: str = ""


class DoubleRule:
    """Responses to requests of one kind, one after another; the last one repeats."""

    def __init__(self, answers: list[DoubleAnswer], when: dict[str, str]) -> None:
        self._answers = answers
        self._method, self._url, self._body = (when.get(key) for key in ("method", "url", "body"))
        self.is_for_some = bool(when)
        self._count = 0

    def fits(self, request: Request) -> bool:
        """Return whether the rule is for a request."""
        if self._method is not None and request.method != self._method.upper():
            return False
        if self._url is not None and not fnmatchcase(request.url, self._url):
            return False
        return self._body is None or self._body in request.text

    def next(self) -> DoubleAnswer:
        answer = self._answers[min(self._count, len(self._answers) - 1)]
        self._count += 1
        return answer


class AnsweringService:
    """A service whose responses depend on the request; rules without `when` are for all others."""

    def __init__(self, rules: list[DoubleRule], advance: Callable[[float], None]) -> None:
        self._rules = rules
        self._advance = advance

    def send(self, request: Request, timeout: float) -> Response:
        """Return the response. Raises TimeoutError after `timeout` seconds on the clock if it takes longer."""
        from apimpolicy.gateway.context.records import Response

        rule = next((rule for rule in self._rules if rule.fits(request)), None)
        if rule is None:
            return Response(404) if self._rules else Response(200)
        answer = rule.next()
        if answer.takes:
            self._advance(min(answer.takes, timeout))
        if answer.takes > timeout:
            raise TimeoutError
        if answer.raises is not None:
            raise OSError(answer.message) if answer.message else _ERRORS[answer.raises]()
        return answer.make()


def answers_of(tree: Tree, author: Author) -> list[DoubleRule]:
    """Return the rules of a service in a test file, those with `when` first. Raises TestFileError."""
    rules: list[DoubleRule] = []
    in_turn: list[DoubleAnswer] = []
    for item in tree.items():
        given = item.known(ANSWER)
        if "when" in given:
            rules.append(_rule(item, given, author))
        elif "answers" in given:
            raise given["answers"].mistake(
                MISSING, "'answers' belongs to a 'when'; without it, write a list", at_key=True
            )
        else:
            in_turn.append(_answer(given, author))
    return [*rules, DoubleRule(in_turn, {})] if in_turn else rules


def _rule(tree: Tree, given: dict[str, Tree], author: Author) -> DoubleRule:
    when = {key: part.text() for key, part in given["when"].known(WHEN).items()}
    if "answers" not in given:
        return DoubleRule([_answer(given, author)], when)
    others = [key for key in given if key not in ("when", "answers")]
    if others:
        raise given[others[0]].mistake(WRONG_KIND, f"'{others[0]}' belongs to one of the 'answers'", at_key=True)
    answers: list[DoubleAnswer] = []
    for item in given["answers"].items():
        inner = item.known(ANSWER)
        if "when" in inner or "answers" in inner:
            raise item.mistake(WRONG_KIND, "one of several 'answers' has no 'when' and no 'answers' of its own")
        answers.append(_answer(inner, author))
    if not answers:
        raise given["answers"].mistake(MISSING, "a response is missing here")
    return DoubleRule(answers, when)


def _answer(given: dict[str, Tree], author: Author) -> DoubleAnswer:
    return DoubleAnswer(
        _response(given, author),
        float(given["takes"].expect(int, float)) if "takes" in given else 0.0,
        given["raises"].text() if "raises" in given else None,
        given["message"].text() if "message" in given else "",
    )


def response_of(tree: Tree, author: Author) -> Response:
    """Return the response that a table describes. Raises TestFileError."""
    return _response(tree.known(RESPONSE), author)()


def _response(given: dict[str, Tree], author: Author) -> Callable[[], Response]:
    from apimpolicy.gateway.context.records import Response

    contents = [key for key in ("body", "json", "file") if key in given]
    if len(contents) > 1:
        raise given[contents[1]].mistake(WRONG_KIND, f"there is '{contents[0]}' already; give one")
    status = given["status"].expect(int) if "status" in given else 200
    reason = given["reason"].text() if "reason" in given else None
    headers = headers_of(given["headers"]) if "headers" in given else {}
    options: dict[str, Any] = {}
    if "json" in given:
        options["json"] = given["json"].plain()
    elif "body" in given:
        options["body"] = given["body"].text()
    elif "file" in given:
        options["body"] = content_of(given["file"], author)
    return lambda: Response(status, reason, headers=headers, **options)


def headers_of(tree: Tree) -> dict[str, list[str]]:
    """Headers by name, each a text or a list of texts."""
    return {name: value.texts() for name, value in tree.table().items()}


def content_of(tree: Tree, author: Author) -> bytes:
    """Return the content of a file named relative to the test file. Raises TestFileError."""
    try:
        return read_bytes(may_name(author, tree.text()), MAXIMUM_MESSAGE_BYTES)
    except ConfigurationError as error:
        raise tree.mistake(UNKNOWN_NAME, str(error)) from None


def required(given: dict[str, Tree], key: str, around: Tree) -> Tree:
    """Return the tree of a key that must be there. Raises TestFileError."""
    if key not in given:
        raise around.mistake(MISSING, f"'{key}' is missing here")
    return given[key]


# The clock of a gateway in a test in Python, and doubles of services


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
