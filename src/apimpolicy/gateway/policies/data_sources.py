"""The databases of GraphQL resolvers: their requests as data, and stand-ins with prepared responses.

    people = RecordedSql([{"Id": 1, "Name": "Ada"}])
    gateway = Gateway(sql=people)
    gateway.resolve("resolvers/people.xml", arguments={"id": 1})
    people.requests[0].statement

Nothing here opens a socket. Any other database is an object with the method `execute`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import attrs


@attrs.frozen
class SqlParameter:
    """A parameter of a statement: `@name`, its value as text, and the type that the policy states, if it does."""

    name: str
    value: str | None
    sql_type: str | None = None


@attrs.frozen
class SqlRequest:
    """A statement for a SQL database, as sql-data-source sends it. Texts are Python's."""

    statement: str
    parameters: tuple[SqlParameter, ...] = ()
    connection_string: str = ""
    uses_managed_identity: bool = False
    single_result: bool = False


@attrs.frozen
class CosmosRequest:
    """A request to a Cosmos DB container, as cosmosdb-data-source sends it; what does not apply is None.

    `kind` is `query`, `read`, `delete`, `insert`, `replace` or `upsert`. `partition_key` has the type that the policy
    states; `has_partition_key` tells null from none.
    """

    kind: str
    connection_string: str = ""
    database: str = ""
    container: str = ""
    uses_managed_identity: bool = False
    statement: str | None = None
    parameters: Mapping[str, str] = attrs.field(factory=dict)
    id: str | None = None
    partition_key: str | float | bool | None = None
    has_partition_key: bool = False
    body: Any = None
    etag: str | None = None
    etag_type: str = "match"
    max_item_count: int | None = None
    continuation_token: str | None = None
    consistency_level: str | None = None
    pre_trigger: str | None = None
    post_trigger: str | None = None
    indexing_directive: str = "default"
    low_precision_order_by: bool = False


class SqlDatabase(Protocol):
    """Answers statements. A PolicyError or OSError that it raises is the resolver's error."""

    def execute(self, request: SqlRequest) -> Sequence[Mapping[str, Any]]:
        """Return the rows of the last statement, each by column."""


class CosmosContainer(Protocol):
    """Answers requests to a container. A PolicyError or OSError that it raises is the resolver's error."""

    def execute(self, request: CosmosRequest) -> Any:
        """Return the response as JSON data: the items of a query, the item that was read or written, or None."""


class RecordedSql:
    """A SQL database with the same rows for all requests, or the result of a function of a `SqlRequest`."""

    def __init__(
        self, rows: Sequence[Mapping[str, Any]] | Callable[[SqlRequest], Sequence[Mapping[str, Any]]] = ()
    ) -> None:
        self.rows = rows
        self.requests: list[SqlRequest] = []

    def execute(self, request: SqlRequest) -> Sequence[Mapping[str, Any]]:
        self.requests.append(request)
        return self.rows(request) if callable(self.rows) else self.rows


class RecordedCosmos:
    """A container with one response for all requests, or the result of a function of a `CosmosRequest`."""

    def __init__(self, answer: Any = None) -> None:
        self.answer = answer
        self.requests: list[CosmosRequest] = []

    def execute(self, request: CosmosRequest) -> Any:
        self.requests.append(request)
        return self.answer(request) if callable(self.answer) else self.answer
