"""Resources by the properties that Azure Resource Manager gives them, from an extract or from infrastructure code."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from apimpolicy.project.service.description import (
    ApiDescription,
    Field,
    LoggerDescription,
    NamedValueDescription,
    OperationDescription,
    ProductDescription,
    SubscriptionDescription,
    VersionSetDescription,
)
from apimpolicy.project.service.mcp_servers import add_server

if TYPE_CHECKING:
    from apimpolicy.project.service.information import Properties
    from apimpolicy.project.service.resource_entities import Entity

    Fields: TypeAlias = Properties | Entity
    """The properties of a resource, in a JSON file or in code."""


def api_of(id_: str, found: Fields) -> ApiDescription:
    """Return an API, or an MCP server; without a revision, an id is that of the current one."""
    is_current, kind = found.flag("isCurrent"), found.text("type")
    made = ApiDescription(
        id_,
        found.origin,
        name=found.plain_text("displayName"),
        path=found.text("path"),
        protocols=found.texts("protocols"),
        service_url=found.text("serviceUrl"),
        kind=found.text("apiType") if kind.is_missing else kind,
        revision=found.text("apiRevision"),
        is_current=Field(";rev=" not in id_) if is_current.is_missing else is_current,
        version=found.text("apiVersion"),
        version_set=found.last_name("apiVersionSetId"),
        subscription_required=found.flag("subscriptionRequired"),
        key_header=found.inner_text("subscriptionKeyParameterNames", "header"),
        key_query=found.inner_text("subscriptionKeyParameterNames", "query"),
        workspace=found.workspace,
    )
    add_server(made, found)
    return made


def operation_of(id_: str, found: Fields) -> OperationDescription:
    name, method, template = map(found.plain_text, ("displayName", "method", "urlTemplate"))
    return OperationDescription(id_, found.origin, name, method, template)


def product_of(id_: str, found: Fields) -> ProductDescription:
    state = found.text("state")
    return ProductDescription(
        id_,
        found.origin,
        name=found.plain_text("displayName"),
        is_published=Field(None if state.known is None else state.known.lower() != "notpublished", state.origin),
        subscription_required=found.flag("subscriptionRequired"),
        approval_required=found.flag("approvalRequired"),
        subscriptions_limit=found.whole_number("subscriptionsLimit"),
        workspace=found.workspace,
    )


def subscription_of(id_: str, found: Fields, scope: Field[str]) -> SubscriptionDescription:
    return SubscriptionDescription(
        id_,
        found.origin,
        name=found.plain_text("displayName"),
        scope=scope,
        state=found.text("state"),
        owner=found.last_name("ownerId"),
        primary_key=found.text("primaryKey"),
        secondary_key=found.text("secondaryKey"),
        allow_tracing=found.flag("allowTracing"),
        workspace=found.workspace,
    )


def named_value_of(id_: str, found: Fields) -> NamedValueDescription:
    name, value, is_secret = found.plain_text("displayName"), found.plain_text("value"), found.flag("secret")
    vault = found.inner_text("keyVault", "secretIdentifier")
    return NamedValueDescription(id_, found.origin, name, value, is_secret, vault, found.workspace)


def version_set_of(id_: str, found: Fields) -> VersionSetDescription:
    scheme, header, query = map(found.text, ("versioningScheme", "versionHeaderName", "versionQueryName"))
    return VersionSetDescription(id_, found.origin, scheme, header, query, found.workspace)


def logger_of(id_: str, found: Fields) -> LoggerDescription:
    return LoggerDescription(id_, found.origin, found.plain_text("loggerType"), found.workspace)
