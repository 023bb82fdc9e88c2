"""set-backend-service: send the request to a backend other than the one in the API's settings.

```xml
<set-backend-service base-url="https://orders-v2.internal" />
<set-backend-service backend-id="orders-v2" />
<set-backend-service backend-id="dapr" dapr-app-id="echo" dapr-method="back" dapr-namespace="echo-app" />
```

Simulated: `base-url`, and `backend-id` of a backend in `Gateway(backends={"orders-v2": "https://…"})`: a
URL, a `Backend` with credentials and a circuit breaker, or a `BackendPool`, whose member forward-request chooses. A
wider scope's `backend-id` can only be overridden by a `backend-id` (documented); a `base-url` is then ignored (our
choice). The error for an unknown backend has the text that Azure shows when the document is saved; its reason is not
documented.

A Service Fabric backend is treated like any other: the request goes to its URL, and the trace shows which service
instance, partition, replica and listener the gateway would resolve. `sf-resolve-condition` is evaluated after the
backend has responded or failed. While it is false, the result is the same as in Azure. If it is true, the gateway would
resolve the service again and resend the request; no cluster is simulated, so this fails by name.

Dapr is simulated too: with `dapr-app-id` and `dapr-method` the request goes to the sidecar, at
`http://localhost:3500/v1.0/invoke/echo.echo-app/method/back`, and the request's own path is not appended (documented).
`Gateway(dapr=…)` responds, or else the `backend`; `gateway.dapr.invocations` has the requests. Our choices: the query
string stays; without `dapr-method` it is an error with our own message.

Source: https://learn.microsoft.com/azure/api-management/set-backend-service-policy and set-backend-service-dapr-policy
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.errors import NotSimulatedError
from apimpolicy.gateway.policies.conversions import boolean, trimmed
from apimpolicy.gateway.policies.effects import BackendSet, Effect
from apimpolicy.gateway.policies.outgoing_requests import SIDECAR, in_path
from apimpolicy.gateway.policies.spec import (
    PolicyExchange,
    azure_error,
    expression_attribute,
    policy,
    postponed_attribute,
)

if TYPE_CHECKING:
    from apimpolicy.gateway.context.messages import ResponseMessage


DAPR = "dapr"


@policy(
    "set-backend-service",
    sections="inbound backend",
    alternatives=("base-url", "backend-id"),
    left_out="a Service Fabric cluster: a true `sf-resolve-condition` fails by name",
    also_in="outbound on-error",  # the toolkit
    traits="chooses-backend routes seen-in-traces",
    effects="fails fails-later backend",
    access="backend",
)
class SetBackendService:
    base_url: str | None = expression_attribute(trimmed)
    backend_id: str | None = expression_attribute(trimmed, refers="backends")
    sf_resolve_condition: Callable[[], bool | None] = postponed_attribute(boolean, evaluated=("response", "end"))
    sf_service_instance_name: str | None = expression_attribute()
    sf_partition_key: str | None = expression_attribute()
    sf_replica_type: str | None = expression_attribute(values=("primary", "secondary"))
    sf_listener_name: str | None = expression_attribute()
    dapr_app_id: str | None = expression_attribute(trimmed)
    dapr_method: str | None = expression_attribute(trimmed)
    dapr_namespace: str | None = expression_attribute(trimmed)

    def run(self, exchange: PolicyExchange) -> Effect:
        if self.backend_id == DAPR and self.dapr_app_id:
            return self.set_dapr(exchange, from_utf16(self.dapr_app_id))
        if self.backend_id is not None:
            return self.set_by_id(exchange, from_utf16(self.backend_id))
        if self.base_url is None:
            raise azure_error("backend-unnamed")
        if exchange.backend_id is not None and exchange.backend_scope != exchange.scope:
            shown = f"ignored: the backend '{exchange.backend_id}' of a wider scope stays"
            return BackendSet(shown, url=exchange.backend_url, backend_id=exchange.backend_id, ignored=True)
        exchange.set_backend(from_utf16(self.base_url), None)
        return self.effect(exchange, self.base_url, self.base_url, None)

    def set_dapr(self, exchange: PolicyExchange, app_id: str) -> Effect:
        if not self.dapr_method:
            raise azure_error("dapr-method-missing")
        target = f"{app_id}.{from_utf16(self.dapr_namespace)}" if self.dapr_namespace else app_id
        method = from_utf16(self.dapr_method).lstrip("/")
        url = f"{SIDECAR}/invoke/{in_path(target)}/method/{method}"
        exchange.set_backend(url, DAPR, exact=True)
        shown, request_url = f"{DAPR} ({url})", exchange.target_url
        return BackendSet(shown, url=url, backend_id=DAPR, ignored=False, request_url=request_url)

    def set_by_id(self, exchange: PolicyExchange, backend_id: str) -> Effect:
        url = exchange.services.backends.describe(backend_id)
        if url is None:
            raise azure_error("backend-unknown", id=backend_id)
        exchange.set_backend(url, backend_id)
        return self.effect(exchange, f"{backend_id} ({url})", url, backend_id)

    def effect(self, exchange: PolicyExchange, shown: str, url: str, backend_id: str | None) -> Effect:
        """Return the effect; with a condition, watch whether Service Fabric would have to be queried again."""
        if exchange.has_expression("sf-resolve-condition") or self.sf_resolve_condition():
            self.watch(exchange)
        asked = tuple(f"{name} {value}" for name, value in self.service_fabric() if value is not None)
        shown = ", ".join([shown, *asked])
        return BackendSet(
            shown, url=url, backend_id=backend_id, ignored=False, service_fabric=asked, request_url=exchange.target_url
        )

    def service_fabric(self) -> tuple[tuple[str, str | None], ...]:
        """Return the parts of a Service Fabric query."""
        return (
            ("service instance", self.sf_service_instance_name),
            ("partition", self.sf_partition_key),
            ("replica", self.sf_replica_type),
            ("listener", self.sf_listener_name),
        )

    def watch(self, exchange: PolicyExchange) -> None:
        """Evaluate the condition when the request went out: after a response, and after an error on the way."""
        sent = len(exchange.backend_requests)

        def check(_: ResponseMessage) -> None:
            if len(exchange.backend_requests) > sent and self.sf_resolve_condition():
                raise NotSimulatedError(
                    "set-backend-service with an sf-resolve-condition that is true", "no cluster is simulated"
                )

        def check_error(answer: ResponseMessage) -> None:
            error = exchange.context.last_error
            if error is not None and error.source == "forward-request":
                check(answer)

        exchange.on_response(check)
        exchange.at_end(check_error)
