"""The services that a gateway reaches besides its backends; each records, and has a harmless default."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.engine.content_safety import ContentSafetyService
from apimpolicy.engine.dapr import DaprSidecar
from apimpolicy.engine.event_hubs import EventHubs
from apimpolicy.engine.language_models import LanguageModels
from apimpolicy.engine.service_bus import ServiceBus

if TYPE_CHECKING:
    from apimpolicy.engine.gateway_settings import GatewaySettings
    from apimpolicy.engine.services import Transport
    from apimpolicy.policies.metrics import Metric


class Integrations:
    """Receivers of messages and metrics, and services that judge prompts."""

    def __init__(self, transport: Transport, settings: GatewaySettings) -> None:
        event_hubs, dapr = settings.event_hubs, settings.dapr
        self.event_hubs = event_hubs if isinstance(event_hubs, EventHubs) else EventHubs(event_hubs)
        self.service_bus = settings.service_bus or ServiceBus()
        self.dapr = dapr if isinstance(dapr, DaprSidecar) else DaprSidecar(dapr)
        self.dapr.services = transport
        self.metrics: list[Metric] = []
        self.language_models = LanguageModels(settings.count_tokens, settings.embeddings)
        safety = settings.content_safety
        self.content_safety = safety if isinstance(safety, ContentSafetyService) else ContentSafetyService(safety)
