"""Services that answer as a test file says: the backend, and what policies ask outside.

backend: {status: 200, json: {orders: []}}
backend:                                        # one answer after another; the last one stays
  - {status: 503, headers: {Retry-After: "1"}}
  - {status: 200, body: ok, takes: 2.5}         # seconds on the gateway's clock
  - {raises: timeout}                           # or: refused, with its own words as message: No such host is known.
outside:                                        # by what is asked
  - {when: {method: POST, url: "*/token"}, json: {access_token: abc}}
  - {status: 404}
"""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.testing.format import ANSWER, RESPONSE, WHEN
from apimpolicy.testing.tree import MISSING, UNKNOWN_NAME, WRONG_KIND, Tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.context.records import Request, Response

_ERRORS: dict[str, Callable[[], Exception]] = {
    "timeout": lambda: TimeoutError("timed out"),
    "refused": lambda: ConnectionRefusedError("connection refused"),
}


class Answer(NamedTuple):
    """One answer, and to which requests it is given."""

    make: Callable[[], Response]
    takes: float = 0.0
    raises: str | None = None
    message: str = ""
    method: str | None = None
    url: str | None = None
    body: str | None = None

    @property
    def is_for_some(self) -> bool:
        return (self.method, self.url, self.body) != (None, None, None)

    def fits(self, request: Request) -> bool:
        """Whether this answers the request."""
        if self.method is not None and request.method != self.method.upper():
            return False
        if self.url is not None and not fnmatchcase(request.url, self.url):
            return False
        return self.body is None or self.body in request.text


class AnsweringService:
    """Answers by what is asked; answers without `when` one after another, the last of them again and again."""

    def __init__(self, answers: list[Answer], advance: Callable[[float], None]) -> None:
        self._by_request = [answer for answer in answers if answer.is_for_some]
        self._in_turn = [answer for answer in answers if not answer.is_for_some]
        self._advance = advance
        self._count = 0

    def send(self, request: Request, timeout: float) -> Response:
        """The answer; one that takes longer than `timeout` costs that time, and does not come."""
        from apimpolicy.context.records import Response

        answer = next((answer for answer in self._by_request if answer.fits(request)), None)
        if answer is None:
            if not self._in_turn:
                return Response(404) if self._by_request else Response(200)
            answer = self._in_turn[min(self._count, len(self._in_turn) - 1)]
            self._count += 1
        if answer.takes:
            self._advance(min(answer.takes, timeout))
        if answer.takes > timeout:
            raise TimeoutError
        if answer.raises is not None:
            raise OSError(answer.message) if answer.message else _ERRORS[answer.raises]()
        return answer.make()


def answers_of(tree: Tree, directory: str) -> list[Answer]:
    """The answers that a test file gives a service. Raises TestFileError."""
    return [_answer(item, directory) for item in tree.items()]


def _answer(tree: Tree, directory: str) -> Answer:
    given = tree.known(ANSWER)
    when = given["when"].known(WHEN) if "when" in given else {}
    raises = given["raises"].text() if "raises" in given else None
    if raises is not None and raises not in _ERRORS:
        raise given["raises"].mistake(WRONG_KIND, f"this is one of {', '.join(_ERRORS)}")
    makes = _response(given, directory)
    return Answer(
        makes,
        float(given["takes"].expect(int, float)) if "takes" in given else 0.0,
        raises,
        given["message"].text() if "message" in given else "",
        **{key: part.text() for key, part in when.items()},
    )


def response_of(tree: Tree, directory: str) -> Response:
    """The response that a table describes. Raises TestFileError."""
    return _response(tree.known(RESPONSE), directory)()


def _response(given: dict[str, Tree], directory: str) -> Callable[[], Response]:
    from apimpolicy.context.records import Response

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
        options["body"] = content_of(given["file"], directory)
    return lambda: Response(status, reason, headers=headers, **options)


def headers_of(tree: Tree) -> dict[str, list[str]]:
    """Headers by name, each a text or a list of texts."""
    return {name: value.texts() for name, value in tree.table().items()}


def content_of(tree: Tree, directory: str) -> bytes:
    """The content of a file named relative to the test file. Raises TestFileError."""
    path = os.path.join(directory, tree.text())
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise tree.mistake(UNKNOWN_NAME, f"cannot read {path}: {error.strerror or error}") from None


def required(given: dict[str, Tree], key: str, around: Tree) -> Tree:
    """The tree of a key that must be there. Raises TestFileError."""
    if key not in given:
        raise around.mistake(MISSING, f"'{key}' is missing here")
    return given[key]
