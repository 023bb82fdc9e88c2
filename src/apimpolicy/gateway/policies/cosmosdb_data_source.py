"""cosmosdb-data-source: resolve a field of a GraphQL schema with a request to a Cosmos DB container.

```xml
<cosmosdb-data-source>
    <connection-info>
        <connection-string use-managed-identity="true">AccountEndpoint=https://contoso.example:443/;</connection-string>
        <database-name>shop</database-name>
        <container-name>orders</container-name>
    </connection-info>
    <read-request>
        <id>@(context.GraphQL.Arguments["id"].ToString())</id>
        <partition-key>@(context.GraphQL.Arguments["customer"].ToString())</partition-key>
    </read-request>
</cosmosdb-data-source>
```

Exactly one of `query-request`, `read-request`, `delete-request` and `write-request` is the request. The policy is
the root of a resolver's document. A stand-in for the container responds, and records its requests:

```python
container = RecordedCosmos({"id": "1", "total": 7})
Gateway(cosmos=container).resolve(policy, arguments={"id": 1})
container.requests[0].partition_key
```

Simulated: the request with all its settings, Liquid with `template="liquid"`, and the response as JSON. The
request is recorded and not run: no query is executed or checked. Our choices, where the documentation is silent: the
items of a query become `{"items": [item, …]}`, any other response stays as it is; a write without `set-body` sends the
arguments of the field (documented) and takes its id from them; a container that raises OSError is the error
BackendConnectionFailure.

Source: https://learn.microsoft.com/azure/api-management/cosmosdb-data-source-policy
"""

from __future__ import annotations

import json
from typing import Any

from apimpolicy.csharp.dotnet.values import from_utf16, to_utf16
from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.policies.conversions import boolean, trimmed
from apimpolicy.gateway.policies.data_source_parts import (
    ConnectionString,
    DataAnswer,
    QueryParameters,
    answer_with,
    composed_body,
    query_parameters,
    templated,
    unreachable,
)
from apimpolicy.gateway.policies.data_sources import CosmosRequest
from apimpolicy.gateway.policies.effects import DataRequested, Effect
from apimpolicy.gateway.policies.spec import (
    PolicyExchange,
    PolicyStep,
    azure_error,
    child,
    child_texts,
    content,
    literal_attribute,
    part,
    policies,
    policy,
)

# The request elements of cosmosdb-data-source

CONSISTENCY_LEVELS = ("bounded-staleness", "consistent-prefix", "eventual", "session", "strong")


@part("id")
class ItemId:
    template: str | None = literal_attribute(values=("liquid", "none"))
    text: str = content(trimmed)


@part("partition-key")
class PartitionKey(ItemId):
    data_type: str = literal_attribute(default="string", values=("string", "number", "bool", "none", "null"))


@part("etag")
class Etag(ItemId):
    type: str = literal_attribute(default="match", values=("match", "no-match"))


@part("max-item-count")
class MaxItemCount(ItemId):
    """A number, as text."""


@part("continuation-token")
class ContinuationToken(ItemId):
    """A token of an earlier response."""


@part("paging")
class Paging:
    max_item_count: PolicyStep | None = child(MaxItemCount, required=True)
    continuation_token: PolicyStep | None = child(ContinuationToken, required=True)


@part("query-request")
class QueryRequest:
    enable_low_precision_order_by: bool = literal_attribute(boolean, default=False)
    sql_statements: list[str] = child_texts("sql-statement", trimmed)
    parameters: PolicyStep | None = child(QueryParameters)
    partition_key: PolicyStep | None = child(PartitionKey)
    paging: PolicyStep | None = child(Paging)


@part("read-request")
class ReadRequest:
    id: PolicyStep | None = child(ItemId, required=True)
    partition_key: PolicyStep | None = child(PartitionKey)


@part("delete-request")
class DeleteRequest:
    consistency_level: str | None = literal_attribute(values=CONSISTENCY_LEVELS)
    pre_trigger: str | None = literal_attribute(doubt="unknown-expression")
    post_trigger: str | None = literal_attribute(doubt="unknown-expression")
    etag: PolicyStep | None = child(Etag)
    id: PolicyStep | None = child(ItemId, required=True)
    partition_key: PolicyStep | None = child(PartitionKey)


@part("write-request")
class WriteRequest:
    type: str = literal_attribute(default="upsert", values=("insert", "replace", "upsert"))
    consistency_level: str | None = literal_attribute(values=CONSISTENCY_LEVELS)
    indexing_directive: str = literal_attribute(default="default", doubt="unknown-expression")
    pre_trigger: str | None = literal_attribute(doubt="unknown-expression")
    post_trigger: str | None = literal_attribute(doubt="unknown-expression")
    id: PolicyStep | None = child(ItemId)
    partition_key: PolicyStep | None = child(PartitionKey)
    etag: PolicyStep | None = child(Etag)
    steps: list[PolicyStep] = policies("set-body")


@part("connection-info")
class CosmosConnection:
    connection_string: PolicyStep | None = child(ConnectionString, required=True)
    database_names: list[str] = child_texts("database-name", trimmed, required=True)
    container_names: list[str] = child_texts("container-name", trimmed, required=True)


@policy(
    "cosmosdb-data-source",
    sections="",
    left_out="running the request: it is recorded, and a stand-in answers",
    traits="responds",
)
class CosmosDBDataSource:
    connection_info: PolicyStep | None = child(CosmosConnection, required=True)
    query_request: PolicyStep | None = child(QueryRequest)
    read_request: PolicyStep | None = child(ReadRequest)
    delete_request: PolicyStep | None = child(DeleteRequest)
    write_request: PolicyStep | None = child(WriteRequest)
    response: PolicyStep | None = child(DataAnswer)

    def run(self, exchange: PolicyExchange) -> Effect:
        assert self.connection_info is not None
        connection: CosmosConnection = exchange.evaluate(self.connection_info)
        assert connection.connection_string is not None
        target: ConnectionString = exchange.evaluate(connection.connection_string)
        asked = [
            (step, make)
            for step, make in (
                (self.query_request, self.query),
                (self.read_request, self.read),
                (self.delete_request, self.delete),
                (self.write_request, self.write),
            )
            if step is not None
        ]
        if len(asked) != 1:
            raise azure_error("cosmos-requests")
        step, make = asked[0]
        request = CosmosRequest(
            connection_string=from_utf16(target.text),
            uses_managed_identity=target.use_managed_identity,
            database=from_utf16(connection.database_names[0]),
            container=from_utf16(connection.container_names[0]),
            **make(exchange, exchange.evaluate(step)),
        )
        container = exchange.services.cosmos
        if container is None:
            raise ConfigurationError("the gateway has no Cosmos DB; give it one: Gateway(cosmos=RecordedCosmos(…))")
        try:
            answer = container.execute(request)
        except OSError as error:
            raise unreachable(error) from None
        is_list = request.kind == "query" and isinstance(answer, (list, tuple))
        answer_with(exchange, {"items": list(answer)} if is_list else answer, self.response)
        return DataRequested(f"Cosmos DB: {request.kind}", source="cosmosdb", request=request.kind)

    def query(self, exchange: PolicyExchange, asked: QueryRequest) -> dict[str, Any]:
        found: dict[str, Any] = {"kind": "query", **_partition(exchange, asked.partition_key)}
        if asked.sql_statements:
            found["statement"] = from_utf16(asked.sql_statements[0])
        found["parameters"] = {
            from_utf16(parameter.name): from_utf16(parameter.value)
            for parameter in query_parameters(exchange, asked.parameters)
        }
        found["low_precision_order_by"] = asked.enable_low_precision_order_by
        if asked.paging is not None:
            paging: Paging = exchange.evaluate(asked.paging)
            found["max_item_count"] = _count(_text(exchange, paging.max_item_count))
            found["continuation_token"] = _text(exchange, paging.continuation_token) or None
        return found

    def read(self, exchange: PolicyExchange, asked: ReadRequest) -> dict[str, Any]:
        return {"kind": "read", "id": _text(exchange, asked.id), **_partition(exchange, asked.partition_key)}

    def delete(self, exchange: PolicyExchange, asked: DeleteRequest) -> dict[str, Any]:
        found = {"kind": "delete", "id": _text(exchange, asked.id), **_partition(exchange, asked.partition_key)}
        return found | _etag(exchange, asked.etag) | _options(asked)

    def write(self, exchange: PolicyExchange, asked: WriteRequest) -> dict[str, Any]:
        body = composed_body(exchange, asked.steps)
        if body is None:
            arguments = exchange.context.graph_ql.arguments if exchange.context.graph_ql is not None else None
            body = b"{}" if arguments is None else from_utf16(arguments.data.to_string()).encode("utf-8", "replace")
        try:
            item = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise azure_error("cosmos-item-not-json", details=to_utf16(str(error))) from None
        identifier = _text(exchange, asked.id)
        if identifier is None and isinstance(item, dict) and item.get("id") is not None:
            identifier = str(item["id"])
        found = {"kind": asked.type, "id": identifier, "body": item, **_partition(exchange, asked.partition_key)}
        found["indexing_directive"] = from_utf16(asked.indexing_directive)
        return found | _etag(exchange, asked.etag) | _options(asked)


def _text(exchange: PolicyExchange, step: PolicyStep | None) -> str | None:
    if step is None:
        return None
    found: ItemId = exchange.evaluate(step)
    return templated(exchange, found.text, found.template)


def _count(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return int(text)
    except ValueError:
        raise azure_error("cosmos-count-not-number", text=to_utf16(text[:40])) from None


def _partition(exchange: PolicyExchange, step: PolicyStep | None) -> dict[str, Any]:
    if step is None:
        return {}
    found: PartitionKey = exchange.evaluate(step)
    if found.data_type == "none":
        return {}
    text = templated(exchange, found.text, found.template)
    value: str | float | bool | None = text
    if found.data_type == "null":
        value = None
    elif found.data_type == "bool":
        value = boolean(to_utf16(text))
    elif found.data_type == "number":
        try:
            value = int(text) if text.lstrip("-").isdecimal() else float(text)
        except ValueError:
            raise azure_error("cosmos-key-not-number", text=to_utf16(text[:40])) from None
    return {"partition_key": value, "has_partition_key": True}


def _etag(exchange: PolicyExchange, step: PolicyStep | None) -> dict[str, Any]:
    if step is None:
        return {}
    found: Etag = exchange.evaluate(step)
    return {"etag": templated(exchange, found.text, found.template), "etag_type": found.type}


def _options(asked: DeleteRequest | WriteRequest) -> dict[str, Any]:
    given = {
        "consistency_level": asked.consistency_level,
        "pre_trigger": asked.pre_trigger,
        "post_trigger": asked.post_trigger,
    }
    return {name: from_utf16(value) for name, value in given.items() if value is not None}
