"""The databases of GraphQL resolvers: stand-ins that record queries and give prepared answers.

    people = RecordedSql([{"Id": 1, "Name": "Ada"}])
    gateway = Gateway(sql=people)
    gateway.resolve("resolvers/people.xml", arguments={"id": 1})
    people.requests[0].statement

Nothing here opens a socket. A database of one's own is any object with the method `execute`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from apimpolicy.policies.data_requests import CosmosContainer, CosmosRequest, SqlDatabase, SqlRequest


class RecordedSql:
    """A SQL database that always gives these rows, or those that a function makes of a `SqlRequest`."""

    def __init__(
        self, rows: Sequence[Mapping[str, Any]] | Callable[[SqlRequest], Sequence[Mapping[str, Any]]] = ()
    ) -> None:
        self.rows = rows
        self.requests: list[SqlRequest] = []

    def execute(self, request: SqlRequest) -> Sequence[Mapping[str, Any]]:
        self.requests.append(request)
        return self.rows(request) if callable(self.rows) else self.rows


class RecordedCosmos:
    """A container that always gives this answer, or that which a function makes of a `CosmosRequest`."""

    def __init__(self, answer: Any = None) -> None:
        self.answer = answer
        self.requests: list[CosmosRequest] = []

    def execute(self, request: CosmosRequest) -> Any:
        self.requests.append(request)
        return self.answer(request) if callable(self.answer) else self.answer


class GatewayDataSources:
    """Implements `apimpolicy.policies.data_requests.DataSources`."""

    def __init__(self, sql: SqlDatabase | None, cosmos: CosmosContainer | None) -> None:
        self._sql = sql
        self._cosmos = cosmos

    def sql(self, request: SqlRequest) -> Sequence[Mapping[str, Any]]:
        if self._sql is None:
            raise ConfigurationError("the gateway has no SQL database; give it one: Gateway(sql=RecordedSql([…]))")
        return self._sql.execute(request)

    def cosmos(self, request: CosmosRequest) -> Any:
        if self._cosmos is None:
            raise ConfigurationError("the gateway has no Cosmos DB; give it one: Gateway(cosmos=RecordedCosmos(…))")
        return self._cosmos.execute(request)
