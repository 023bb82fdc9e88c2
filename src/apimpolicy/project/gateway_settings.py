"""Settings of a gateway that are tables of their own: limits, and services that record.

loggers = ["orders-log"]                    # all that log-to-eventhub may name; any unless given
count-tokens = "words"                      # one token for each word; a quarter of the characters unless given
random-numbers = [7, 0.25]                  # the next ones of new Random(), in the order in which policies ask
guids = ["0f8fad5b-d9cb-469f-a165-70867728950e"]            # what Guid.NewGuid() gives; request-ids likewise

[cache]                                     # what the cache holds from the start, for cache-lookup-value
rate = 1.5                                  # also texts, true, false, JSON; "@(5L)" is the value of an expression

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
raises = "refused"                          # or "timeout", instead of a result; also of [sql] and [cosmos]

[embeddings]                                # vectors for the semantic cache, by a text that the prompt contains
"capital of France" = [1, 0]                # a prompt that contains none of them is a mistake
"weather" = [0, 1]

[sql]                                       # what the database of sql-data-source answers
rows = [{id = 1, name = "Ada"}]

[cosmos]                                    # what the container of cosmosdb-data-source answers: any value
answer = [{id = "1"}]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.policies.settings import Behaviour

if TYPE_CHECKING:
    from apimpolicy.gateway.policies.data_sources import RecordedCosmos, RecordedSql
    from apimpolicy.gateway.policies.outside_services import AnalyzesSafety, ServiceBus
    from apimpolicy.project.toml_table import Table

ERRORS: dict[str, type[OSError]] = {"timeout": TimeoutError, "refused": ConnectionRefusedError}
"""Errors that a service raises instead of responding, by their words in the configuration."""


class GatewayTables:
    """The keys, taken out of a configuration. Raises ConfigurationError."""

    def __init__(self, table: Table) -> None:
        self._found: dict[str, Any] = {}
        for name, declared in Behaviour.declared.items():
            choices = declared.choices
            value: Any = table.choice(declared.key, choices) if choices else table.take(declared.key, declared.kind)
            if value is not None:
                self._found[name] = value
        if (loggers := table.texts("loggers")) is not None:
            self._found["event_hubs"] = loggers
        if table.choice("count-tokens", ("words",)) is not None:
            self._found["count_tokens"] = _count_words
        if (numbers := table.take("random-numbers", list)) is not None:
            self._found["random_numbers"] = [_number(table, index, each) for index, each in enumerate(numbers)]
        for name in ("guids", "request-ids"):
            if (texts := table.texts(name)) is not None:
                self._found[name.replace("-", "_")] = texts
        if (cache := table.take("cache", dict)) is not None:
            self._found["cache"] = cache
        self._limits = _limits(table)
        self._tables = {name: found for name in _TABLES if (found := table.table(name.replace("_", "-"))) is not None}

    def settings(self) -> dict[str, Any]:
        """Arguments of `Gateway`. Raises ConfigurationError."""
        found = dict(self._found)
        if self._limits:
            from apimpolicy.csharp.dotnet.environment import Limits

            found["limits"] = Limits(**self._limits)
        return found | {name: _TABLES[name](table) for name, table in self._tables.items()}


def _limits(table: Table) -> dict[str, Any]:
    limits = table.table("limits")
    if limits is None:
        return {}
    given: dict[str, Any] = {key: limits.take(key, int) for key in ("steps", "string-length", "elements")}
    given |= {key: limits.number(key) for key in ("regex-seconds", "seconds")}
    limits.finish()
    return {key.replace("-", "_"): value for key, value in given.items() if value is not None}


def _count_words(text: str) -> int:
    return len(text.split())


def _number(table: Table, index: int, value: object) -> float:
    if isinstance(value, float):
        return value
    return table.checked(value, int, f"random-numbers[{index}]")


def _raised(table: Table) -> Callable[[object], Any] | None:
    """Return a function that fails as the key `raises` says, if there is one. Raises ConfigurationError."""
    raises = table.choice("raises", tuple(ERRORS))
    if raises is None:
        return None

    def fail(_: object) -> Any:
        raise ERRORS[raises]("the service did not answer")

    return fail


def _service_bus(table: Table) -> ServiceBus:
    from apimpolicy.gateway.policies.outside_services import ServiceBus

    queues, topics = table.texts("queues"), table.texts("topics")
    table.finish()
    return ServiceBus(queues, topics)


def _content_safety(table: Table) -> AnalyzesSafety:
    from apimpolicy.gateway.policies.outside_services import SafetyWords

    failing = _raised(table)

    categories = {
        name: {word: inner.take(word, int) or 0 for word, _ in inner.items()}
        for name, inner in table.named_tables("categories")
    }
    lists = table.table("blocklists")
    blocklists = {} if lists is None else {name: lists.texts(name) or [] for name, _ in lists.items()}
    attacks = table.texts("attacks") or ()
    table.finish()
    return failing or SafetyWords(categories, blocklists=blocklists, attacks=attacks)


def _sql(table: Table) -> RecordedSql:
    from apimpolicy.gateway.policies.data_sources import RecordedSql

    rows = [dict(row.items()) for row in table.tables("rows")]
    failing = _raised(table)
    table.finish()
    return RecordedSql(failing or rows)


def _cosmos(table: Table) -> RecordedCosmos:
    from apimpolicy.gateway.policies.data_sources import RecordedCosmos

    answer = table.take("answer", object)
    failing = _raised(table)
    table.finish()
    return RecordedCosmos(failing or answer)


def _embeddings(table: Table) -> Callable[[str], Sequence[float]]:
    """Return a function from a prompt to the vector of the first text that it contains. Raises ConfigurationError."""
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


_TABLES: dict[str, Callable[[Table], Any]] = {
    "service_bus": _service_bus,
    "content_safety": _content_safety,
    "embeddings": _embeddings,
    "sql": _sql,
    "cosmos": _cosmos,
}
"""The reader of each setting's table."""
