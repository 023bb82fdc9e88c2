"""A Dapr sidecar that records requests and has prepared responses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

from apimpolicy.context.records import Request, Response
from apimpolicy.engine.services import transport_of

if TYPE_CHECKING:
    from apimpolicy.engine.services import Backend, Transport


class DaprPublication(NamedTuple):
    """A message that publish-to-dapr published."""

    pubsub: str
    topic: str
    text: str


class DaprBinding(NamedTuple):
    """An output binding that invoke-dapr-binding triggered; `data` is what JSON makes of it."""

    name: str
    operation: str | None
    data: Any
    metadata: dict[str, str]


class DaprSidecar:
    """The Dapr runtime beside the gateway. `requests` are all that it got, in order.

    `answer` is what `Gateway(backend=…)` takes. Without one, messages and bindings get 204, and what is
    forwarded to a service (set-backend-service with `backend-id="dapr"`) is answered by the gateway's `backend`.
    """

    def __init__(self, answer: Backend = None) -> None:
        self._answer = None if answer is None else transport_of(answer)
        self.services: Transport | None = None
        self.requests: list[Request] = []

    def send(self, request: Request, timeout: float) -> Response:
        self.requests.append(request)
        if self._answer is not None:
            return self._answer.send(request, timeout)
        if self.services is not None and _path(request)[1:2] == ["invoke"]:
            return self.services.send(request, timeout)
        return Response(204)

    @property
    def publications(self) -> list[DaprPublication]:
        """Return every message that was published."""
        return [
            DaprPublication(path[0], "/".join(path[1:]), request.text) for request, path in self._of_kind("publish")
        ]

    @property
    def bindings(self) -> list[DaprBinding]:
        """Return every binding that was triggered."""
        found = []
        for request, path in self._of_kind("bindings"):
            sent = request.json()
            found.append(
                DaprBinding("/".join(path), sent.get("operation"), sent.get("data"), sent.get("metadata") or {})
            )
        return found

    @property
    def invocations(self) -> list[Request]:
        """Return every request that was forwarded to a service."""
        return [request for request, _ in self._of_kind("invoke")]

    def _of_kind(self, kind: str) -> Iterator[tuple[Request, list[str]]]:
        for request in self.requests:
            version, *path = _path(request)
            if version == "v1.0" and path[:1] == [kind]:
                yield request, path[1:]


def _path(request: Request) -> list[str]:
    return [unquote(segment) for segment in urlsplit(request.url).path.strip("/").split("/")]
