"""The request elements of cosmosdb-data-source."""

from __future__ import annotations

from apimpolicy.policies.conversions import boolean, trimmed
from apimpolicy.policies.data_source_parts import QueryParameters
from apimpolicy.policies.spec import Step, child, child_texts, content, literal_attribute, part, policies

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
    max_item_count: Step | None = child(MaxItemCount, required=True)
    continuation_token: Step | None = child(ContinuationToken, required=True)


@part("query-request")
class QueryRequest:
    enable_low_precision_order_by: bool = literal_attribute(boolean, default=False)
    sql_statements: list[str] = child_texts("sql-statement", trimmed)
    parameters: Step | None = child(QueryParameters)
    partition_key: Step | None = child(PartitionKey)
    paging: Step | None = child(Paging)


@part("read-request")
class ReadRequest:
    id: Step | None = child(ItemId, required=True)
    partition_key: Step | None = child(PartitionKey)


@part("delete-request")
class DeleteRequest:
    consistency_level: str | None = literal_attribute(values=CONSISTENCY_LEVELS)
    pre_trigger: str | None = literal_attribute(doubt="unknown-expression")
    post_trigger: str | None = literal_attribute(doubt="unknown-expression")
    etag: Step | None = child(Etag)
    id: Step | None = child(ItemId, required=True)
    partition_key: Step | None = child(PartitionKey)


@part("write-request")
class WriteRequest:
    type: str = literal_attribute(default="upsert", values=("insert", "replace", "upsert"))
    consistency_level: str | None = literal_attribute(values=CONSISTENCY_LEVELS)
    indexing_directive: str = literal_attribute(default="default", doubt="unknown-expression")
    pre_trigger: str | None = literal_attribute(doubt="unknown-expression")
    post_trigger: str | None = literal_attribute(doubt="unknown-expression")
    id: Step | None = child(ItemId)
    partition_key: Step | None = child(PartitionKey)
    etag: Step | None = child(Etag)
    steps: list[Step] = policies("set-body")
