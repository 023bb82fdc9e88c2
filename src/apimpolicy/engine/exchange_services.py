"""The services that requests of one gateway share, with the counters and caches between requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.engine.api_documents import ApiDocuments
from apimpolicy.engine.backend_routing import BackendRouter
from apimpolicy.engine.data_sources import GatewayDataSources
from apimpolicy.engine.identity import Identities
from apimpolicy.engine.integrations import Integrations
from apimpolicy.engine.services import SimulatedTime, transport_of
from apimpolicy.engine.state import LocalState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apimpolicy.engine.gateway_settings import GatewaySettings
    from apimpolicy.engine.uploaded_certificates import UploadedCertificates
    from apimpolicy.policies.state import State


class ExchangeServices:
    """`apimpolicy.policies.spec.Services`, as a gateway gives them, and what only the engine uses.

    `transport` answers what is forwarded, `outside` what policies send of their own. Raises ConfigurationError.
    """

    __slots__ = (
        "backends",
        "content_safety",
        "dapr",
        "data_sources",
        "documents",
        "event_hubs",
        "identities",
        "language_models",
        "metrics",
        "outside",
        "service_bus",
        "settings",
        "state",
        "time",
        "transport",
    )

    def __init__(
        self,
        settings: GatewaySettings,
        named_values: Mapping[str, str],
        time: SimulatedTime,
        uploaded: UploadedCertificates,
    ) -> None:
        self.settings = settings.behaviour()
        self.time = time
        self.transport = transport_of(settings.backend)
        self.outside = self.transport if settings.outside is None else transport_of(settings.outside)
        integrations = Integrations(self.transport, settings)
        self.documents = ApiDocuments(settings.openapi, settings.schemas, settings.wsdl, settings.graphql_schema)
        for service_double in (self.transport, self.outside):
            use_time = getattr(service_double, "use_time", None)
            if use_time is not None:
                use_time(time)
        self.state: State = LocalState() if settings.state is None else settings.state
        self.backends = BackendRouter(settings.backends or {}, time, named_values, uploaded.get, self.state.circuits)
        self.identities = Identities(settings, time)
        self.data_sources = GatewayDataSources(settings.sql, settings.cosmos)
        self.event_hubs = integrations.event_hubs
        self.service_bus = integrations.service_bus
        self.dapr = integrations.dapr
        self.metrics = integrations.metrics
        self.language_models = integrations.language_models
        self.content_safety = integrations.content_safety
