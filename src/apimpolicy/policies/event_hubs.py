"""Event hubs that record what log-to-eventhub sends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from apimpolicy.errors import ConfigurationError
from apimpolicy.records import Record


class EventHubEvent(Record):
    """An event as it arrives: at most 200 KB."""

    body: bytes
    partition_id: str | None = None
    partition_key: str | None = None

    @property
    def text(self) -> str:
        """Return the body as UTF-8."""
        return self.body.decode("utf-8", "replace")

    @property
    def size(self) -> int:
        """Return the length in bytes."""
        return len(self.body)

    def __repr__(self) -> str:
        return f"<EventHubEvent of {self.size:,} bytes>"


class EventHub:
    """The event hub of one logger, with its events in order."""

    __slots__ = ("events", "logger_id")

    def __init__(self, logger_id: str) -> None:
        self.logger_id = logger_id
        self.events: list[EventHubEvent] = []

    def __repr__(self) -> str:
        return f"<EventHub {self.logger_id!r}, {len(self.events)} events>"


class EventHubs:
    """The event hubs by the ids of their loggers.

    `loggers` are all there are; without them any id has one.
    """

    def __init__(self, loggers: Iterable[str] | None = None) -> None:
        self._is_open = loggers is None
        self._hubs = {name: EventHub(name) for name in ([loggers] if isinstance(loggers, str) else loggers or ())}

    @property
    def hubs(self) -> Mapping[str, EventHub]:
        """Return the event hubs that there are, by the ids of their loggers."""
        return self._hubs

    def hub(self, logger_id: str) -> EventHub:
        """Return the event hub of a logger. Raises ConfigurationError when the gateway has no such logger."""
        if self._is_open:
            return self._hubs.setdefault(logger_id, EventHub(logger_id))
        found = self._hubs.get(logger_id)
        if found is None:
            known = ", ".join(self._hubs) or "none"
            raise ConfigurationError(f"the gateway has no logger '{logger_id}'; Gateway(event_hubs=…) names {known}")
        return found

    def log(self, logger_id: str, body: bytes, partition_id: str | None, partition_key: str | None) -> None:
        """Record an event. Raises LookupError when there is no such logger."""
        if not self._is_open and logger_id not in self._hubs:
            raise LookupError(logger_id)
        self.hub(logger_id).events.append(EventHubEvent(body, partition_id, partition_key))
