"""Request and Response: the input and the output of the simulated gateway."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.context.headers import Headers, charset_of

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate
    from apimpolicy.gateway.context.bodies import BodyStream

_UNSET: Any = object()


class Request:
    """An HTTP request. A URL that begins with `/` is one of the gateway's own host.

    A text body is sent as UTF-8; `json` is written as JSON and sets Content-Type unless the headers do. `certificate`
    is the client certificate that the caller has. Raises ConfigurationError for parts of another type.
    """

    __slots__ = ("body", "certificate", "headers", "ip_address", "method", "url")

    def __init__(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str | Sequence[str]] | Iterable[tuple[str, str]] | None = None,
        body: bytes | str | None = None,
        json: Any = _UNSET,
        certificate: Certificate | None = None,
        ip_address: str = "127.0.0.1",
    ) -> None:
        for value, name in ((method, "method"), (url, "URL")):
            if not isinstance(value, str):
                raise ConfigurationError(f"the {name} of a request is a text, not {value!r}")
        self.method = method.upper()
        self.url = url
        self.headers, self.body = _content(headers, body, json)
        self.certificate = certificate
        self.ip_address = ip_address

    @classmethod
    def made_of(
        cls,
        method: str,
        url: str,
        headers: Headers,
        body: bytes | None,
        certificate: Certificate | None,
        ip_address: str,
    ) -> Request:
        """Return the request of exactly these parts, the method in upper case."""
        request = object.__new__(cls)
        request.method = method
        request.url = url
        request.headers = headers
        request.body = body
        request.certificate = certificate
        request.ip_address = ip_address
        return request

    @classmethod
    def get(cls, url: str, **options: Any) -> Request:
        """Return a GET request; the options are those of `Request`."""
        return cls("GET", url, **options)

    @classmethod
    def post(cls, url: str, body: bytes | str | None = None, **options: Any) -> Request:
        """Return a POST request; the options are those of `Request`."""
        return cls("POST", url, body=body, **options)

    @classmethod
    def put(cls, url: str, body: bytes | str | None = None, **options: Any) -> Request:
        """Return a PUT request; the options are those of `Request`."""
        return cls("PUT", url, body=body, **options)

    @classmethod
    def patch(cls, url: str, body: bytes | str | None = None, **options: Any) -> Request:
        """Return a PATCH request; the options are those of `Request`."""
        return cls("PATCH", url, body=body, **options)

    @classmethod
    def delete(cls, url: str, **options: Any) -> Request:
        """Return a DELETE request; the options are those of `Request`."""
        return cls("DELETE", url, **options)

    @property
    def text(self) -> str:
        """Return the body as text, by the charset of Content-Type."""
        return _text(self.headers, self.body or b"")

    def json(self) -> Any:
        """Return the body read as JSON. Raises ValueError when it is none."""
        return _json(self.text)

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.url}>"


class Response:
    """An HTTP response. The reason is the usual one of the status code unless given.

    `stream` is where the body comes from while it is still to come; then `body` is empty. A simulated backend has none.
    Raises ConfigurationError for parts of another type.
    """

    __slots__ = ("body", "headers", "reason", "status_code", "stream")

    def __init__(
        self,
        status_code: int = 200,
        reason: str | None = None,
        *,
        headers: Mapping[str, str | Sequence[str]] | Iterable[tuple[str, str]] | None = None,
        body: bytes | str = b"",
        json: Any = _UNSET,
    ) -> None:
        if not isinstance(status_code, int):
            raise ConfigurationError(f"the status code of a response is a number, not {status_code!r}")
        self.status_code = status_code
        self.reason = usual_reason(status_code) if reason is None else reason
        self.headers, content = _content(headers, body, json)
        self.body = content or b""
        self.stream: BodyStream | None = None

    @classmethod
    def made_of(
        cls, status_code: int, reason: str, headers: Headers, body: bytes, stream: BodyStream | None = None
    ) -> Response:
        """Return the response of exactly these parts."""
        response = object.__new__(cls)
        response.status_code = status_code
        response.reason = reason
        response.headers = headers
        response.body = body
        response.stream = stream
        return response

    @property
    def text(self) -> str:
        """Return the body as text, by the charset of Content-Type."""
        return _text(self.headers, self.body)

    def json(self) -> Any:
        """Return the body read as JSON. Raises ValueError when it is none."""
        return _json(self.text)

    def __repr__(self) -> str:
        return f"<Response {self.status_code} {self.reason}>"


@functools.lru_cache(maxsize=1024)
def usual_reason(status_code: int) -> str:
    """Return the reason phrase of a status code; empty for an unknown one.

    >>> usual_reason(404)
    'Not Found'
    """
    import http

    try:
        return http.HTTPStatus(status_code).phrase
    except ValueError:
        return ""


def _content(
    headers: Mapping[str, str | Sequence[str]] | Iterable[tuple[str, str]] | None, body: bytes | str | None, json: Any
) -> tuple[Headers, bytes | None]:
    made = Headers(headers)
    if json is not _UNSET:
        if body:
            raise ConfigurationError("a message has either a body or json, not both")
        from json import dumps

        body = dumps(json, ensure_ascii=False)
        if "Content-Type" not in made:
            made = Headers({**dict(made.fields()), "Content-Type": "application/json"})
    if not isinstance(body, bytes | bytearray | str | None):
        raise ConfigurationError(
            f"a body is text or bytes, not {body!r}; a value that is sent as JSON is given as json="
        )
    return made, body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body


def _text(headers: Headers, body: bytes) -> str:
    charset = charset_of(headers.get("Content-Type", "")) or "utf-8"
    try:
        return body.decode(charset, "replace").removeprefix("\ufeff")
    except LookupError:
        return body.decode("utf-8", "replace")


def _json(text: str) -> Any:
    from json import loads

    return loads(text)
