"""invoke-dapr-binding: trigger an output binding of the Dapr runtime beside a self-hosted gateway.

```xml
<invoke-dapr-binding name="external-system" operation="create" response-variable-name="bind-response">
    <metadata><item key="source">api-management</item></metadata>
    <data>@(context.Request.Body.As<string>())</data>
</invoke-dapr-binding>
```

The gateway posts JSON with `operation`, `metadata` and `data` to `http://localhost:3500/v1.0/bindings/external-system`.
An error from Dapr goes to on-error, unless `ignore-error="true"`; the response is in the variable either way. `timeout`
is in seconds, 5 by default.

Simulated: `Gateway(dapr=…)` responds, or 204 without it; `gateway.dapr.bindings` has what was triggered and
`result.sent_requests` the request; no socket is opened. With `template="Liquid"` the data is a template, as in
set-body. `content-type`, whose only value is application/json, makes no difference.

Our choices: without `operation` it is `create`, which is the default of the editor's schema, not of the documentation;
data that is JSON is embedded as JSON, anything else as a text; a setting that is not given is left out; a response with
status 400 and above is an error with status 500, our own text and no reason; if there is no response and errors are
ignored, the variable is null; `{{…}}` in a template is Liquid's, not a named value.

Source: https://learn.microsoft.com/azure/api-management/invoke-dapr-binding-policy
"""

from __future__ import annotations

from typing import Any

from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.gateway.policies.conversions import body, boolean, number, trimmed
from apimpolicy.gateway.policies.effects import Effect, MetadataRead
from apimpolicy.gateway.policies.outgoing_requests import JSON, SIDECAR, ask_dapr, content_of, in_path
from apimpolicy.gateway.policies.placement import Placement
from apimpolicy.gateway.policies.spec import (
    PolicyExchange,
    PolicyStep,
    child,
    children,
    content,
    expression_attribute,
    literal_attribute,
    part,
    policy,
)


@part("item")
class MetadataItem:
    key: str = expression_attribute(required=True)
    value: str = content(trimmed)


@part("metadata")
class MetadataElement:
    items: list[PolicyStep] = children(MetadataItem)


@part("data")
class Data:
    body: bytes = content(body, markup=True)


@policy(
    "invoke-dapr-binding",
    sections="inbound outbound on-error",
    placement=Placement(
        not_at=("workspace",), not_on=("classic", "v2", "consumption", "workspace"), tiers=("developer", "premium")
    ),
    left_out="the Dapr runtime: requests are recorded, and a stand-in answers",
    traits="responds forwards-elsewhere",
    effects="variables message-body fails",
    chosen_refusal="the status 500 and the missing reason",
    access="forwards",
)
class InvokeDaprBinding:
    name: str = expression_attribute(trimmed, required=True)
    operation: str = literal_attribute(default="create")
    ignore_error: bool = literal_attribute(boolean, default=False)
    response_variable_name: str | None = literal_attribute()
    timeout: float = expression_attribute(number, default=5.0)
    template: str | None = literal_attribute()
    content_type: str | None = literal_attribute()
    metadata: PolicyStep | None = child(MetadataElement)
    data: PolicyStep | None = child(Data)

    def run(self, exchange: PolicyExchange) -> Effect:
        from apimpolicy.gateway.context.records import Request

        sent: dict[str, Any] = {"operation": from_utf16(self.operation)}
        metadata = self.read_metadata(exchange)
        if metadata:
            sent["metadata"] = metadata
        if self.data is not None:
            data: Data = exchange.evaluate(self.data)
            sent["data"] = _as_json(content_of(exchange, data.body, self.template))
        url = f"{SIDECAR}/bindings/{in_path(from_utf16(self.name))}"
        request = Request("POST", url, headers={"Content-Type": JSON}, json=sent)
        return ask_dapr(exchange, request, self.timeout, self.response_variable_name, self.ignore_error)

    def read_metadata(self, exchange: PolicyExchange) -> dict[str, str]:
        found: dict[str, str] = {}
        if self.metadata is not None:
            group: MetadataElement = exchange.evaluate(self.metadata)
            for step in group.items:
                item: MetadataItem = exchange.evaluate(step)
                key, value = from_utf16(item.key), from_utf16(item.value)
                exchange.note(MetadataRead(f"{key} = {value}", name=key, value=value), step)
                found[key] = value
        return found


def _as_json(content: bytes) -> Any:
    import json

    text = content.decode("utf-8", "replace").strip()
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
