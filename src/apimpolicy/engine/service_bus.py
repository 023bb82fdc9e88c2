"""A Service Bus that records what send-service-bus-message sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class ServiceBusMessage:
    """A message in a queue or a topic; `client_id` is that of the managed identity, None the system-assigned one.

    `time_to_live` is in seconds, None for as long as the queue says.
    """

    __slots__ = (
        "body",
        "client_id",
        "message_id",
        "namespace",
        "properties",
        "queue",
        "session_id",
        "time_to_live",
        "topic",
    )

    def __init__(
        self,
        body: bytes,
        *,
        queue: str | None = None,
        topic: str | None = None,
        namespace: str | None = None,
        client_id: str | None = None,
        properties: Mapping[str, str] | None = None,
        message_id: str | None = None,
        session_id: str | None = None,
        time_to_live: float | None = None,
    ) -> None:
        self.body = body
        self.message_id = message_id
        self.session_id = session_id
        self.time_to_live = time_to_live
        self.queue = queue
        self.topic = topic
        self.namespace = namespace
        self.client_id = client_id
        self.properties = dict(properties or {})

    @property
    def text(self) -> str:
        """Return the body as UTF-8."""
        return self.body.decode("utf-8", "replace")

    def __repr__(self) -> str:
        where = f"queue {self.queue!r}" if self.topic is None else f"topic {self.topic!r}"
        return f"<ServiceBusMessage to {where}, {len(self.body):,} bytes>"


class ServiceBus:
    """Queues and topics; implements `apimpolicy.policies.messaging.ServiceBus`. `messages` are all of them in order.

    `queues` and `topics` are all there are; without either any name is taken.
    """

    def __init__(self, queues: Iterable[str] | None = None, topics: Iterable[str] | None = None) -> None:
        self._is_open = queues is None and topics is None
        self._queues = frozenset(queues or ())
        self._topics = frozenset(topics or ())
        self.messages: list[ServiceBusMessage] = []

    def queue(self, name: str) -> list[ServiceBusMessage]:
        """Return the messages of one queue."""
        return [message for message in self.messages if message.queue == name]

    def topic(self, name: str) -> list[ServiceBusMessage]:
        """Return the messages of one topic."""
        return [message for message in self.messages if message.topic == name]

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
        if not self._is_open and queue not in self._queues and topic not in self._topics:
            raise LookupError(queue or topic)
        self.messages.append(
            ServiceBusMessage(
                body,
                queue=queue,
                topic=topic,
                namespace=namespace,
                client_id=client_id,
                properties=properties,
                message_id=message_id,
                session_id=session_id,
                time_to_live=time_to_live,
            )
        )
