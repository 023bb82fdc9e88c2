"""send-one-way-request: send a separate request and don't wait for its response.

```xml
<send-one-way-request mode="new">
    <set-url>https://hooks.contoso.com/audit</set-url>
    <set-method>POST</set-method>
    <set-body>@(context.RequestId.ToString())</set-body>
</send-one-way-request>
```

Its children are those of send-request. A copy has no body in outbound and on-error.

Simulated in full: the request is sent like that of send-request, and `result.sent_requests` has it. The response is
ignored. Our choices: an error of the other service is ignored too; the clock doesn't advance unless the double advances
it.

Source: https://learn.microsoft.com/azure/api-management/send-one-way-request-policy
"""

from __future__ import annotations

from contextlib import suppress

from apimpolicy.gateway.policies.conversions import number, trimmed
from apimpolicy.gateway.policies.effects import Effect, Sent
from apimpolicy.gateway.policies.outgoing_requests import CHILDREN, ORDER, outgoing_request
from apimpolicy.gateway.policies.placement import Placement
from apimpolicy.gateway.policies.spec import (
    PolicyError,
    PolicyExchange,
    PolicyStep,
    child_texts,
    expression_attribute,
    policies,
    policy,
)
from apimpolicy.gateway.policies.surroundings import azure_text


@policy(
    "send-one-way-request",
    placement=Placement(not_on=("workspace",)),
    traits="requests ordered",
    order=ORDER,
    effects="fails",
    access="requests",
)
class SendOneWayRequest:
    mode: str = expression_attribute(default="new", values=("new", "copy"))
    timeout: float = expression_attribute(number, default=60.0)
    urls: list[str] = child_texts("set-url", trimmed, filled=True)
    steps: list[PolicyStep] = policies(*CHILDREN, own="request")

    def run(self, exchange: PolicyExchange) -> Effect:
        request = outgoing_request(exchange, self.mode, self.urls, self.steps)
        with suppress(PolicyError):
            exchange.send(request, self.timeout)
        traced = azure_text("trace-one-way-sent", url=request.url)
        return Sent(f"{request.method} {request.url}", request=request, response=None, traced=traced)
