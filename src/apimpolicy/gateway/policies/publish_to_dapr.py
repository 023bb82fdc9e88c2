"""publish-to-dapr: publish a message to a topic of the Dapr runtime beside a self-hosted gateway.

```xml
<publish-to-dapr pubsub-name="orders" topic="new" response-variable-name="dapr-response">
    @(context.Request.Body.As<string>())
</publish-to-dapr>
```

The gateway posts the content to `http://localhost:3500/v1.0/publish/orders/new`. Without `pubsub-name` the topic has
the form `pubsub/topic`. An error from Dapr goes to on-error, unless `ignore-error="true"`; the response is in the
variable either way. `timeout` is in seconds, 5 by default.

Simulated: `Gateway(dapr=…)` responds, or 204 without it; `gateway.dapr.publications` has what was published and
`result.sent_requests` the request; no socket is opened. With `template="Liquid"` the content is a template, as in
set-body.

Our choices: Content-Type is set only if `content-type` is given; elements in the content are sent as they are written;
a response with status 400 and above is an error with status 500, our own text and no reason; if there is no response
and errors are ignored, the variable is null; `{{…}}` in a template is Liquid's, not a named value.

Source: https://learn.microsoft.com/azure/api-management/publish-to-dapr-policy
"""

from __future__ import annotations

from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.gateway.policies.conversions import body, boolean, number, trimmed
from apimpolicy.gateway.policies.effects import Effect
from apimpolicy.gateway.policies.outgoing_requests import SIDECAR, ask_dapr, content_of, in_path
from apimpolicy.gateway.policies.placement import Placement
from apimpolicy.gateway.policies.spec import (
    PolicyExchange,
    azure_error,
    content,
    expression_attribute,
    literal_attribute,
    policy,
)


@policy(
    "publish-to-dapr",
    sections="inbound",
    placement=Placement(
        not_at=("workspace",), not_on=("classic", "v2", "consumption", "workspace"), tiers=("developer", "premium")
    ),
    left_out="the Dapr runtime: requests are recorded, and a stand-in answers",
    traits="responds forwards-elsewhere",
    also_in="outbound on-error",  # the toolkit,
    effects="variables message-body fails",
    chosen_refusal="the status 500 and the missing reason",
    access="forwards",
)
class PublishToDapr:
    pubsub_name: str | None = expression_attribute(trimmed)
    topic: str = expression_attribute(trimmed, required=True)
    ignore_error: bool = literal_attribute(boolean, default=False)
    response_variable_name: str | None = literal_attribute()
    timeout: float = expression_attribute(number, default=5.0)
    template: str | None = literal_attribute()
    content_type: str | None = literal_attribute()
    body: bytes = content(body, markup=True)

    def run(self, exchange: PolicyExchange) -> Effect:
        from apimpolicy.gateway.context.records import Request

        topic = from_utf16(self.topic).strip("/")
        target = f"{from_utf16(self.pubsub_name)}/{topic}" if self.pubsub_name else topic
        if "/" not in target:
            raise azure_error("dapr-topic-incomplete", topic=topic)
        headers = {} if self.content_type is None else {"Content-Type": from_utf16(self.content_type)}
        message = content_of(exchange, self.body, self.template)
        request = Request("POST", f"{SIDECAR}/publish/{in_path(target)}", headers=headers, body=message)
        return ask_dapr(exchange, request, self.timeout, self.response_variable_name, self.ignore_error)
