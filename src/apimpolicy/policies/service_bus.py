"""A Service Bus that records what send-service-bus-message sends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from apimpolicy.records import Record, keyword


class ServiceBusMessage(Record):
    """A message in a queue or a topic; `client_id` is that of the managed identity, None the system-assigned one.

    `time_to_live` is in seconds, None for that of the queue.
    """

    body: bytes
    queue: str | None = keyword(default=None, kw_only=True)
    topic: str | None = keyword(default=None, kw_only=True)
    namespace: str | None = keyword(default=None, kw_only=True)
    client_id: str | None = keyword(default=None, kw_only=True)
    properties: Mapping[str, str] = keyword(default=MappingProxyType({}), kw_only=True)
    message_id: str | None = keyword(default=None, kw_only=True)
    session_id: str | None = keyword(default=None, kw_only=True)
    time_to_live: float | None = keyword(default=None, kw_only=True)

    @property
    def text(self) -> str:
        """Return the body as UTF-8."""
        return self.body.decode("utf-8", "replace")

    def __repr__(self) -> str:
        where = f"queue {self.queue!r}" if self.topic is None else f"topic {self.topic!r}"
        return f"<ServiceBusMessage to {where}, {len(self.body):,} bytes>"


class ServiceBus:
    """Queues and topics of Azure Service Bus. `messages` are all of them in order.

    `queues` and `topics` are all there are; without either any name is accepted.
    """

    def __init__(self, queues: Iterable[str] | None = None, topics: Iterable[str] | None = None) -> None:
        self._is_open = queues is None and topics is None
        self._queues = frozenset(queues or ())
        self._topics = frozenset(topics or ())
        self.messages: list[ServiceBusMessage] = []

    def queue(self, name: str) -> list[ServiceBusMessage]:
        return [message for message in self.messages if message.queue == name]

    def topic(self, name: str) -> list[ServiceBusMessage]:
        return [message for message in self.messages if message.topic == name]

    def send(self, message: ServiceBusMessage) -> None:
        """Record a message. Raises LookupError when there is no such queue or topic."""
        if not self._is_open and message.queue not in self._queues and message.topic not in self._topics:
            raise LookupError(message.queue or message.topic)
        self.messages.append(message)
