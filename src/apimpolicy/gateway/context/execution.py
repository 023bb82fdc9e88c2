"""IContext: the object that every expression begins with, one for each request."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from apimpolicy.csharp.dotnet.collections.dictionary import Dictionary
from apimpolicy.csharp.dotnet.cryptography.issuing import date_time
from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.registry import dotnet_class, member
from apimpolicy.csharp.dotnet.values import OBJECT, STRING, from_utf16, to_utf16
from apimpolicy.gateway.context.entities import (
    Api,
    ContextBackend,
    Deployment,
    Operation,
    Product,
    Subscription,
    User,
    Workspace,
)
from apimpolicy.gateway.context.messages import RequestMessage, ResponseMessage
from apimpolicy.gateway.context.moments import random_guid, to_date_time, to_guid, to_time_span
from apimpolicy.gateway.context.urls import Url
from apimpolicy.records import Record, keyword


@dotnet_class(
    "ILastError", members="Source Reason Message Scope Section Path=shown_path PolicyId=shown_policy_id", is_json=True
)
class LastError(Record):
    """The last error: `source` is the policy or step, `reason` its code, `path` where in the document.

    `nested` is the path as the gateway shows it, empty on the top level; None where no policy has failed.

    Its JSON has these members in this order: our choice, no document shows it.
    """

    source: str
    reason: str | None
    message: str
    scope: str | None = keyword(default=None, kw_only=True)
    section: str | None = keyword(default=None, kw_only=True)
    path: str | None = keyword(default=None, kw_only=True)
    policy_id: str | None = keyword(default=None, kw_only=True)
    nested: str | None = keyword(default=None, kw_only=True)

    @property
    def shown_path(self) -> str | None:
        return self.path if self.nested is None else self.nested or None

    @property
    def shown_policy_id(self) -> str | None:
        return self.policy_id if self.nested is None else self.policy_id or ""

    def __repr__(self) -> str:
        return f"<LastError {': '.join(filter(None, (self.source, self.reason, self.message)))}>"


@dotnet_class("IGraphQLDataObject")
class GraphQLDataObject:
    """Arguments or a parent object, as a JObject; a missing name is null."""

    def __init__(self, data: Any) -> None:
        self.data = data

    @member("Item")
    def get_item(self, name: str | None) -> Any:
        return self.data.get_item(name)


@dotnet_class("IGraphQL", members="Arguments GraphQLArguments=arguments Parent")
class GraphQL:
    """The state of a resolver: the field's arguments and the parent object, or None."""

    def __init__(self, arguments: Any = None, parent: Any = None) -> None:
        self.arguments = None if arguments is None else GraphQLDataObject(arguments)
        self.parent = None if parent is None else GraphQLDataObject(parent)


@dotnet_class(
    "IContext",
    members=(
        "Api Deployment LastError Operation Product Request Response Subscription Tracing User "
        "Variables Backend Workspace GraphQL=graph_ql ParentResult"
    ),
)
class Context:
    """The `context` of an expression: the values of one request, each with a default.

    `variables` are boxed .NET values (`values.box`) by name. `timestamp` is the environment's time unless given;
    `elapsed` is then measured from it, unless `elapsed_ticks` fixes it. A `request_id` that is a number is 128 random
    bits. `on_trace` gets what `Trace` is called with;
    `traces` keeps it.
    """

    def __init__(
        self,
        request: RequestMessage | None = None,
        response: ResponseMessage | None = None,
        variables: Mapping[str, Any] | None = None,
        *,
        api: Api | None = None,
        operation: Operation | None = None,
        deployment: Deployment | None = None,
        product: Product | None = None,
        subscription: Subscription | None = None,
        user: User | None = None,
        last_error: LastError | None = None,
        backend: ContextBackend | None = None,
        workspace: Workspace | None = None,
        graph_ql: GraphQL | None = None,
        parent_result: Any = None,
        request_id: Any = "00000000-0000-0000-0000-000000000000",
        timestamp: Any = None,
        elapsed_ticks: int | None = None,
        tracing: bool = False,
        on_trace: Callable[[str], None] | None = None,
    ) -> None:
        self.request = request or RequestMessage("GET", Url.parse("/"))
        self.response = response
        self.variables = Dictionary((STRING, OBJECT))
        if variables:
            for name, value in variables.items():
                self.variables.set_item(to_utf16(name), value)
        self.api = api or Api()
        self.operation = operation or Operation()
        self.deployment = deployment or Deployment()
        self.product = product
        self.subscription = subscription
        self.user = user
        self.last_error = last_error
        self.backend = backend
        self.workspace = workspace
        self.graph_ql = graph_ql
        self.parent_result = parent_result
        self._request_id = request_id
        self._started = environment().utc_now()
        self._timestamp = timestamp
        self._elapsed_ticks = elapsed_ticks
        self.tracing = tracing
        self.traces: list[str] = []
        self._on_trace = on_trace

    @property
    def request_id(self) -> Any:
        """Return the Guid of the request; made when it is first read."""
        given = self._request_id
        if isinstance(given, (int, str)):
            given = self._request_id = random_guid(given) if isinstance(given, int) else to_guid(given)
        return given

    @functools.cached_property
    def timestamp(self) -> Any:
        """Return the DateTime at which the request came."""
        return date_time(self._started) if self._timestamp is None else to_date_time(self._timestamp)

    @property
    def elapsed(self) -> Any:
        """Return the TimeSpan since the request came."""
        if self._elapsed_ticks is not None:
            return to_time_span(self._elapsed_ticks)
        return to_time_span(environment().utc_now() - self._started)

    @member("Trace(string, string)")
    def trace_from(self, source: str | None, message: str | None) -> None:
        """Undocumented, and in production: policies with this overload were saved and run."""
        self.trace(f"{source or ''}: {message or ''}")

    @member("Trace(string)")
    def trace(self, message: str | None) -> None:
        text = from_utf16(message or "")
        self.traces.append(text)
        if self._on_trace is not None:
            self._on_trace(text)
