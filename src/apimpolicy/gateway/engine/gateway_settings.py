"""The settings of a gateway: `Gateway` takes them by name; each is optional.

The plain ones, which files can have, are declared in `apimpolicy.gateway.policies.settings`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from apimpolicy.gateway.policies.settings import Behaviour, setting

if TYPE_CHECKING:
    from pathlib import Path

    from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate
    from apimpolicy.csharp.dotnet.cryptography.issuing import RevocationList
    from apimpolicy.csharp.dotnet.environment import Limits
    from apimpolicy.gateway.context.description import ApiDefinition
    from apimpolicy.gateway.context.entities import Api, Deployment, Operation, Product, Subscription, User, Workspace
    from apimpolicy.gateway.engine.backends import AnyBackend
    from apimpolicy.gateway.engine.document import AnyPolicy
    from apimpolicy.gateway.engine.managed_identity import ConnectionSource, TokenSource
    from apimpolicy.gateway.engine.service import Service
    from apimpolicy.gateway.engine.services import Backend, DaprSidecar, KeyVaultReference, Now
    from apimpolicy.gateway.engine.token_issuers import OpenIdSource
    from apimpolicy.gateway.policies.data_sources import CosmosContainer, SqlDatabase
    from apimpolicy.gateway.policies.outside_services import AnalyzesSafety, EventHubs, ServiceBus
    from apimpolicy.gateway.policies.state import GatewayState


class GatewaySettings(Behaviour):
    """All settings of a gateway."""

    certificates: Mapping[str, Certificate | KeyVaultReference] | None = setting(default=None)
    """Uploaded certificates by id, each a `Certificate` or a `KeyVaultReference`."""

    trusted_roots: Iterable[Certificate] = setting(default=())
    """The roots that `Verify()` trusts; without any, nothing verifies."""

    intermediates: Iterable[Certificate] = setting(default=())
    """Authorities between callers and roots that `Verify()` knows."""

    revocation_lists: Iterable[RevocationList | bytes] = setting(default=())
    """The revocation lists of certificate authorities."""

    unreachable_revocation_lists: Collection[Certificate] | Callable[[Certificate], bool] = setting(default=())
    """Authorities whose lists cannot be fetched, or a function that decides it."""

    negotiate_client_certificate: bool | Mapping[str, bool] | Collection[str] = setting(default=False)
    """Client certificates that are negotiated: a bool, a mapping by host name, or the host names where it is on.
    When it is off, a certificate that is sent is null in the policy, as in Azure."""

    named_values: Mapping[str, str] | None = setting(default=None)
    """Named values by name."""

    secrets: Iterable[str] = setting(default=())
    """The names of named values that no report shows."""

    fragments: Mapping[str, AnyPolicy] | None = setting(default=None)
    """Policy fragments by id: a text, a path or a `Policy`."""

    backends: Mapping[str, AnyBackend] | None = setting(default=None)
    """Backends by id: base URLs, `Backend` with credentials and a circuit breaker, `BackendPool`."""

    backend: Backend = setting(default=None)
    """The backend: a function of a `Request` (and of the timeout in seconds, if it has a second
    parameter), a `Response`, or a `Transport`."""

    outside: Backend = setting(default=None)
    """The services that send-request and send-one-way-request call; the `backend` unless given."""

    service: Service | None = setting(default=None)
    """A `Service`, its APIs, products and subscriptions; `send` takes requests to it."""

    openid_providers: OpenIdSource | Iterable[OpenIdSource] = setting(default=())
    """The sources for the URLs of openid-config and for Entra tenants: `OpenIdProvider`, `EntraTenant` or
    `OpenIdDocuments`; they issue tokens at the gateway's time."""

    managed_identity: TokenSource | None = setting(default=None)
    """A `ManagedIdentity`, which issues tokens for authentication-managed-identity."""

    authorizations: ConnectionSource | None = setting(default=None)
    """An `Authorizations` with the connections of get-authorization-context."""

    event_hubs: EventHubs | Iterable[str] | None = setting(default=None)
    """The ids of all loggers that log-to-eventhub may name; any unless given. The events are in
    `event_hub("logger").events`."""

    service_bus: ServiceBus | None = setting(default=None)
    """A `ServiceBus`, to limit its queues and topics; `service_bus.messages` are the sent messages."""

    dapr: DaprSidecar | Backend = setting(default=None)
    """The Dapr sidecar, like `backend`, or a `DaprSidecar`; `dapr.publications`, `dapr.bindings` and
    `dapr.invocations` are its requests."""

    content_safety: AnalyzesSafety | None = setting(default=None)
    """Judges texts for llm-content-safety: `SafetyWords`, or a function from a text to severities by category or to a
    `SafetyAnalysis`."""

    embeddings: Callable[[str], Sequence[float]] | None = setting(default=None)
    """A function from a text to a vector, for the semantic cache; a bag of words unless given."""

    count_tokens: Callable[[str], int] | None = setting(default=None)
    """A function that estimates the tokens of a text; a quarter of its characters unless given."""

    openapi: str | bytes | Path | Mapping[str, Any] | ApiDefinition | None = setting(default=None)
    """The API's description (2.0, 3.0, 3.1; JSON or YAML; path, text or data). The operation is then found by method
    and URL template, and a request for none gets 404; without `api`, its name and backend are the
    document's title and first server."""

    schemas: Mapping[str, Any] | None = setting(default=None)
    """JSON Schemas and XSDs by the ids that validate-content names."""

    wsdl: str | bytes | Path | None = setting(default=None)
    """The schema of a SOAP API."""

    graphql_schema: str | bytes | Path | None = setting(default=None)
    """The schema of a GraphQL API, as SDL."""

    sql: SqlDatabase | None = setting(default=None)
    """The database of sql-data-source: a `RecordedSql`, or any object with `execute`."""

    cosmos: CosmosContainer | None = setting(default=None)
    """The container of cosmosdb-data-source: a `RecordedCosmos`, or any object with `execute`."""

    state: GatewayState | None = setting(default=None)
    """Counters, caches and circuits: a `RedisState`, or the state of another gateway; its own state unless given."""

    random_numbers: Sequence[float] = setting(default=())
    """The next numbers of `new Random()` and `RandomNumberGenerator.GetInt32`, in order:
    whole ones for `Next`, fractions for `NextDouble`; the seed continues when they are used up."""

    guids: Sequence[str] = setting(default=())
    """The values of `Guid.NewGuid()`, in order; the seed continues."""

    request_ids: Sequence[str] = setting(default=())
    """`context.RequestId` of the requests, one after another; the seed continues."""

    cache: Mapping[str, object] | None = setting(default=None)
    """The first content of the cache for cache-lookup-value, by key: texts, numbers, truth values, JSON; a text
    that is an expression, `@(…)`, has its value and its type."""

    now: Now = setting(default=None)
    """A datetime, a function, or a `Clock`; the machine's clock when it is not given."""

    api: Api | None = setting(default=None)
    """The values of `context.Api`."""

    operation: Operation | None = setting(default=None)
    """The values of `context.Operation`. A request that does not match its method and URL template gets 404."""

    product: Product | None = setting(default=None)
    """The values of `context.Product`."""

    workspace: Workspace | None = setting(default=None)
    """The values of `context.Workspace`."""

    subscription: Subscription | None = setting(default=None)
    """The values of `context.Subscription`."""

    user: User | None = setting(default=None)
    """The values of `context.User`."""

    deployment: Deployment | None = setting(default=None)
    """The values of `context.Deployment`."""

    limits: Limits | None = setting(default=None)
    """The limits on the resources of one request."""

    isolated: bool = setting(default=False)
    """Run each request in a separate process with limits of the operating system, for untrusted policies;
    results are copies without a trace (`IsolatedResult`), and requests see nothing of each other."""

    tracing: bool = setting(default=True)
    """Keep the values of sub-expressions for explanations."""
