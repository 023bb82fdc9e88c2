"""Further keys of a configuration: what Azure's documentation leaves open, and services that record.

second-read = "empty"                       # or "error", "again"
missing-section = "inherit"                 # or "skip"
refused-certificate-status = 401
allows-new-body = false
seed = 0
loggers = ["orders-log"]                    # all that log-to-eventhub may name; any unless given

[limits]                                    # what one evaluation may use up
steps = 5_000_000                           # also: string-length, elements, regex-seconds, seconds

[service-bus]                               # all that send-service-bus-message may name
queues = ["orders"]                         # also: topics

[dapr]                                      # what the sidecar answers, like [backend]
status = 204

[content-safety]                            # what llm-content-safety finds
categories = {Hate = {badword = 4}}
blocklists = {secrets = ["project x"]}
attacks = ["ignore all instructions"]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from apimpolicy.project.toml_table import Table

_PLAIN: dict[str, type] = {
    "second-read": str,
    "missing-section": str,
    "refused-certificate-status": int,
    "allows-new-body": bool,
    "seed": int,
}
_CHOICES = {"second-read": ("empty", "error", "again"), "missing-section": ("inherit", "skip")}


class GatewaySettings:
    """The keys, taken out of a configuration. Raises ConfigurationError."""

    def __init__(self, table: Table) -> None:
        self._found: dict[str, Any] = {}
        for key, kind in _PLAIN.items():
            value: Any = table.take(key, kind)
            if value is None:
                continue
            if key in _CHOICES and value not in _CHOICES[key]:
                raise table.mistake(f"is one of {', '.join(_CHOICES[key])}", key)
            self._found[key.replace("-", "_")] = value
        if (loggers := table.texts("loggers")) is not None:
            self._found["event_hubs"] = loggers
        limits = table.table("limits")
        self._limits: dict[str, Any] = {}
        if limits is not None:
            for key in ("steps", "string-length", "elements"):
                self._limits[key] = limits.take(key, int)
            for key in ("regex-seconds", "seconds"):
                self._limits[key] = limits.number(key)
            limits.finish()
        self._service_bus = table.table("service-bus")
        self._content_safety = table.table("content-safety")

    def settings(self) -> dict[str, Any]:
        """Arguments of `Gateway`. Raises ConfigurationError."""
        found = dict(self._found)
        if self._limits:
            from apimpolicy.dotnet.environment import Limits

            given = {key.replace("-", "_"): value for key, value in self._limits.items() if value is not None}
            found["limits"] = Limits(**given)
        if (table := self._service_bus) is not None:
            from apimpolicy.engine.service_bus import ServiceBus

            queues, topics = table.texts("queues"), table.texts("topics")
            table.finish()
            found["service_bus"] = ServiceBus(queues, topics)
        if (table := self._content_safety) is not None:
            from apimpolicy.engine.content_safety import SafetyWords

            categories = {
                name: {word: inner.take(word, int) or 0 for word, _ in inner.items()}
                for name, inner in table.named_tables("categories")
            }
            lists = table.table("blocklists")
            blocklists = {} if lists is None else {name: lists.texts(name) or [] for name, _ in lists.items()}
            attacks = table.texts("attacks") or ()
            table.finish()
            found["content_safety"] = SafetyWords(categories, blocklists=blocklists, attacks=attacks)
        return found
