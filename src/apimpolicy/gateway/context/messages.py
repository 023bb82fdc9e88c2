"""Messages inside the gateway: the state that policies change, seen by C# as IRequest and IResponse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from apimpolicy.csharp.dotnet.collections.dictionary import Dictionary
from apimpolicy.csharp.dotnet.registry import dotnet_class
from apimpolicy.csharp.dotnet.values import STRING, from_utf16, to_utf16
from apimpolicy.gateway.context.bodies import MessageBody, StreamedBody
from apimpolicy.gateway.context.header_fields import HeaderCollection
from apimpolicy.gateway.context.records import Request, Response, usual_reason
from apimpolicy.gateway.context.urls import Url

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate
    from apimpolicy.gateway.context.entities import Foundry, PrivateEndpointConnection


@dotnet_class("IRequest", members="Headers")
class RequestMessage:
    """A request in the gateway. `url` changes, `original_url` and `original_method` stay."""

    __slots__ = (
        "_matched_parameters",
        "body",
        "certificate",
        "foundry",
        "headers",
        "ip_address",
        "method",
        "original_method",
        "original_url",
        "private_endpoint_connection",
        "second_read",
        "url",
    )

    def __init__(
        self,
        method: str,
        url: Url,
        *,
        headers: HeaderCollection | None = None,
        body: bytes | None = None,
        certificate: Certificate | None = None,
        ip_address: str = "127.0.0.1",
        matched_parameters: Mapping[str, str] | None = None,
        original_url: Url | None = None,
        second_read: str = "empty",
    ) -> None:
        self.method = self.original_method = method
        self.url = url
        self.original_url = url if original_url is None else original_url
        self.headers = HeaderCollection() if headers is None else headers
        self.second_read = second_read
        self.body: MessageBody | None = MessageBody(body, self.headers, second_read) if body else None
        self.certificate = certificate
        self.ip_address: str | None = ip_address
        self._matched_parameters: Dictionary | None = None
        if matched_parameters:
            self.match_parameters(matched_parameters)
        self.private_endpoint_connection: PrivateEndpointConnection | None = None
        self.foundry: Foundry | None = None

    @classmethod
    def of(cls, request: Request, origin: str = "https://localhost", second_read: str = "empty") -> RequestMessage:
        """Return the gateway's message of a request. Raises ConfigurationError for an invalid URL."""
        return cls(
            to_utf16(request.method),
            Url.parse(request.url, origin),
            headers=HeaderCollection.of(request.headers),
            body=request.body,
            certificate=request.certificate,
            ip_address=to_utf16(request.ip_address),
            second_read=second_read,
        )

    @property
    def matched_parameters(self) -> Dictionary:
        """Return the parameters that the operation's template matched; made when first used."""
        if self._matched_parameters is None:
            self._matched_parameters = Dictionary((STRING, STRING))
        return self._matched_parameters

    def match_parameters(self, parameters: Mapping[str, str]) -> None:
        matched = self._matched_parameters = Dictionary((STRING, STRING))
        for name, value in parameters.items():
            matched.set_item(to_utf16(name), to_utf16(value))

    def set_body(self, content: bytes | str | None) -> None:
        """Replace the body; text (a .NET string) becomes UTF-8; nothing or no bytes leave the request without one.

        A Content-Length that was there is no longer right, and goes.
        """
        self.headers.delete("Content-Length")
        data = _encoded(content)
        self.body = MessageBody(data, self.headers, self.second_read) if data else None
        if self.body is not None:
            self.body.is_buffered = True

    def to_request(self) -> Request:
        return Request.made_of(
            from_utf16(self.method).upper(),
            str(self.url),
            self.headers.to_headers(),
            self.body.remaining if self.body is not None else None,
            self.certificate,
            self.ip_address or "",
        )


@dotnet_class("IResponse", members="Headers")
class ResponseMessage:
    """The response to the caller, or to a send-request. It always has a body, maybe an empty one."""

    __slots__ = ("body", "headers", "second_read", "status_code", "status_reason")

    def __init__(
        self,
        status_code: int = 200,
        status_reason: str | None = None,
        *,
        headers: HeaderCollection | None = None,
        body: bytes = b"",
        second_read: str = "empty",
    ) -> None:
        self.status_code = status_code
        self.status_reason: str = usual_reason(status_code) if status_reason is None else status_reason
        self.headers = HeaderCollection() if headers is None else headers
        self.second_read = second_read
        self.body: MessageBody = MessageBody(body, self.headers, second_read)

    @classmethod
    def of(cls, response: Response, second_read: str = "empty") -> ResponseMessage:
        """Return the gateway's message of a response."""
        headers = HeaderCollection.of(response.headers)
        reason = to_utf16(response.reason)
        message = cls(response.status_code, reason, headers=headers, body=response.body, second_read=second_read)
        if response.stream is not None:
            message.body = StreamedBody(response.stream, headers, second_read)
        return message

    def set_body(self, content: bytes | str | None) -> None:
        """Replace the body; text (a .NET string) becomes UTF-8. A Content-Length that was there goes."""
        self.headers.delete("Content-Length")
        self.body = MessageBody(_encoded(content), self.headers, self.second_read)

    def to_response(self) -> Response:
        return Response.made_of(
            self.status_code, from_utf16(self.status_reason), self.headers.to_headers(), self.body.remaining
        )

    def to_answer(self) -> Response:
        """Return the caller's response without waiting for a streamed body."""
        stream = self.body.stream
        if stream is None:
            return self.to_response()
        headers = self.headers.to_headers()
        return Response.made_of(self.status_code, from_utf16(self.status_reason), headers, b"", stream)


def _encoded(content: bytes | str | None) -> bytes:
    if content is None:
        return b""
    return from_utf16(content).encode("utf-8", "replace") if isinstance(content, str) else content
