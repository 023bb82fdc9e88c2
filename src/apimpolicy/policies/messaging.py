"""Event hubs, Service Bus and Dapr as policies see them: receivers of their messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apimpolicy.context.records import Request, Response


class EventHubs(Protocol):
    """The event hubs behind the loggers of the service."""

    def log(self, logger_id: str, body: bytes, partition_id: str | None, partition_key: str | None) -> None:
        """Send an event. Raises LookupError when there is no such logger."""


class ServiceBus(Protocol):
    """Queues and topics of Azure Service Bus."""

    def send(
        self,
        body: bytes,
        *,
        queue: str | None,
        topic: str | None,
        namespace: str | None,
        client_id: str | None,
        properties: Mapping[str, str],
        message_id: str | None = None,
        session_id: str | None = None,
        time_to_live: float | None = None,
    ) -> None:
        """Send a message to a queue or to a topic. Raises LookupError when there is no such queue or topic."""


class Sidecar(Protocol):
    """The Dapr runtime beside the gateway: a service that answers HTTP requests."""

    def send(self, request: Request, timeout: float) -> Response:
        """Return the answer; `timeout` is in seconds. Raises OSError."""
