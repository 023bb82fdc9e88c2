"""The services that requests of one gateway share, with the counters and caches between requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from apimpolicy.engine.api_documents import ApiDocuments
from apimpolicy.engine.backend_routing import BackendRouter
from apimpolicy.engine.dapr import DaprSidecar
from apimpolicy.engine.identity import Identities
from apimpolicy.engine.services import SimulatedTime, transport_of
from apimpolicy.engine.state import LocalState
from apimpolicy.policies.outside_services import ContentSafetyService, EventHubs, ServiceBus, bag_of_words, count_tokens
from apimpolicy.policies.surroundings import Services

if TYPE_CHECKING:
    from apimpolicy.engine.gateway_settings import GatewaySettings
    from apimpolicy.engine.uploaded_certificates import UploadedCertificates
    from apimpolicy.policies.metrics import Metric


class ExchangeServices(Services):
    """The services of a gateway's settings, and those that only the engine uses.

    `transport` answers what is forwarded, `outside` what policies send of their own. Event hubs, Service Bus, Dapr and
    metrics record. Raises ConfigurationError.
    """

    backends: BackendRouter
    documents: ApiDocuments
    identities: Identities

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
        self.documents = ApiDocuments(settings.openapi, settings.schemas, settings.wsdl, settings.graphql_schema)
        for service_double in (self.transport, self.outside):
            use_time = getattr(service_double, "use_time", None)
            if use_time is not None:
                use_time(time)
        self.state = LocalState() if settings.state is None else settings.state
        self.identities = Identities(settings, time)
        backends = {} if settings.backends is None else settings.backends
        self.backends = BackendRouter(backends, time, named_values, uploaded.get, self.state.circuits, self.identities)
        self.sql, self.cosmos = settings.sql, settings.cosmos
        event_hubs, dapr, safety = settings.event_hubs, settings.dapr, settings.content_safety
        self.event_hubs = event_hubs if isinstance(event_hubs, EventHubs) else EventHubs(event_hubs)
        self.service_bus = settings.service_bus or ServiceBus()
        self.dapr = dapr if isinstance(dapr, DaprSidecar) else DaprSidecar(dapr)
        self.dapr.services = self.transport
        self.content_safety = safety if isinstance(safety, ContentSafetyService) else ContentSafetyService(safety)
        self.count_tokens = settings.count_tokens or count_tokens
        self.embed = settings.embeddings or bag_of_words
        self.metrics: list[Metric] = []
