"""Further keys of a configuration: what Azure's documentation leaves open, and services that record.

second-read = "empty"                       # or "error", "again"
missing-section = "inherit"                 # or "skip"
missing-revocation-list = "unknown"         # as in .NET; "empty": no list of the authority means not revoked
refused-certificate-status = 401
allows-new-body = false
cors-needs-base = false
seed = 0
tier = "classic"                            # or "v2", whose rate limits are token buckets
over-capacity = false                       # true: 429 before any policy
dotnet = "core"                             # or "framework", whose words for failed casts differ
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

[embeddings]                                # vectors for the semantic cache, by a text that the prompt contains
"capital of France" = [1, 0]                # a prompt that contains none of them is a mistake
"weather" = [0, 1]

[sql]                                       # what the database of sql-data-source answers
rows = [{id = 1, name = "Ada"}]

[cosmos]                                    # what the container of cosmosdb-data-source answers: any value
answer = [{id = "1"}]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from apimpolicy.project.toml_table import Table

_PLAIN: dict[str, type] = {
    "second-read": str,
    "missing-section": str,
    "missing-revocation-list": str,
    "refused-certificate-status": int,
    "allows-new-body": bool,
    "cors-needs-base": bool,
    "seed": int,
    "dotnet": str,
    "tier": str,
    "over-capacity": bool,
}
_CHOICES = {
    "second-read": ("empty", "error", "again"),
    "missing-section": ("inherit", "skip"),
    "missing-revocation-list": ("unknown", "empty"),
    "dotnet": ("core", "framework"),
    "tier": ("classic", "v2"),
}


class GatewaySettings:
    """The keys, taken out of a configuration. Raises ConfigurationError."""

    def __init__(self, table: Table) -> None:
        self._found: dict[str, Any] = {}
        for key, kind in _PLAIN.items():
            value: Any = table.choice(key, _CHOICES[key]) if key in _CHOICES else table.take(key, kind)
            if value is None:
                continue
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
        self._embeddings = table.table("embeddings")
        self._sql = table.table("sql")
        self._cosmos = table.table("cosmos")

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
        if (table := self._embeddings) is not None:
            found["embeddings"] = _embeddings(table)
        return found | self._databases()

    def _databases(self) -> dict[str, Any]:
        """The stand-ins for the databases of GraphQL resolvers."""
        found: dict[str, Any] = {}
        if (table := self._sql) is not None:
            from apimpolicy.engine.data_sources import RecordedSql

            rows = [dict(row.items()) for row in table.tables("rows")]
            table.finish()
            found["sql"] = RecordedSql(rows)
        if (table := self._cosmos) is not None:
            from apimpolicy.engine.data_sources import RecordedCosmos

            answer = table.take("answer", object)
            table.finish()
            found["cosmos"] = RecordedCosmos(answer)
        return found


def _embeddings(table: Table) -> Callable[[str], Sequence[float]]:
    """A function from a prompt to the vector of the first of the texts that it contains. Raises ConfigurationError."""
    vectors: list[tuple[str, list[float]]] = []
    for text, value in table.items():
        numbers = table.checked(value, list, text)
        for index, number in enumerate(numbers):
            if not isinstance(number, float):
                table.checked(number, int, f"{text}[{index}]")
        vectors.append((text, [float(number) for number in numbers]))
    if len({len(vector) for _, vector in vectors}) > 1:
        raise table.mistake("has vectors of different lengths")

    def embed(prompt: str) -> Sequence[float]:
        for text, vector in vectors:
            if text in prompt:
                return vector
        raise ConfigurationError(f"{table.file}: none of the texts in '{table.key}' is in the prompt {prompt[:60]!r}")

    return embed
