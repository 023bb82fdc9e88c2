"""What the requests of one gateway share: what its policies reach, with the counters and caches between requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.engine.cache import ValueCache
from apimpolicy.engine.counters import CallCounters

if TYPE_CHECKING:
    from apimpolicy.engine.api_documents import ApiDocuments
    from apimpolicy.engine.backend_routing import BackendRouter
    from apimpolicy.engine.data_sources import GatewayDataSources
    from apimpolicy.engine.identity import Identities
    from apimpolicy.engine.integrations import Integrations
    from apimpolicy.engine.services import SimulatedTime, Transport


class ExchangeServices:
    """`apimpolicy.policies.spec.Services`, as a gateway gives them, and what only the engine uses.

    `transport` answers what is forwarded, `outside` what policies send of their own.
    """

    __slots__ = (
        "allows_new_body",
        "backends",
        "cache",
        "content_safety",
        "counters",
        "dapr",
        "data_sources",
        "documents",
        "event_hubs",
        "fills_buckets",
        "identities",
        "language_models",
        "metrics",
        "outside",
        "refused_certificate_status",
        "running",
        "semantic_cache",
        "service_bus",
        "time",
        "transport",
    )

    def __init__(
        self,
        transport: Transport,
        outside: Transport,
        time: SimulatedTime,
        backends: BackendRouter,
        integrations: Integrations,
        identities: Identities,
        documents: ApiDocuments,
        data_sources: GatewayDataSources,
        *,
        allows_new_body: bool,
        refused_certificate_status: int,
        fills_buckets: bool = False,
    ) -> None:
        self.fills_buckets = fills_buckets
        self.transport = transport
        self.outside = outside
        self.time = time
        self.backends = backends
        self.allows_new_body = allows_new_body
        self.refused_certificate_status = refused_certificate_status
        self.counters = CallCounters()
        self.cache = ValueCache()
        self.running: dict[str, int] = {}
        self.identities = identities
        self.documents = documents
        self.data_sources = data_sources
        self.event_hubs = integrations.event_hubs
        self.service_bus = integrations.service_bus
        self.dapr = integrations.dapr
        self.metrics = integrations.metrics
        self.language_models = integrations.language_models
        self.semantic_cache = integrations.semantic_cache
        self.content_safety = integrations.content_safety
