"""trace: write a message to the trace.

```xml
<trace source="orders" severity="information">
    <message>@($"{context.User.Id} asks for orders")</message>
    <metadata name="region" value="@(context.Deployment.Region)" />
</trace>
```

`severity` is `verbose` (the default), `information` or `error`. The older form, with the message as the content of
`trace` itself, also works.

A metadata value that evaluates to an empty string fails the request, in any section (seen on real gateways).

Simulated: the message and its metadata are in `result.trace`; nothing is sent to Application Insights.
The documentation does not list on-error among the sections of this policy; Microsoft's own samples use it there, so
it is allowed.

Source: https://learn.microsoft.com/azure/api-management/trace-policy
"""

from __future__ import annotations

from apimpolicy.gateway.policies.effects import Effect, MetadataRead, TraceWritten
from apimpolicy.gateway.policies.spec import (
    PolicyExchange,
    PolicyStep,
    child_texts,
    children,
    content,
    expression_attribute,
    literal_attribute,
    part,
    policy,
)


@part("metadata")
class TraceMetadata:
    name: str = expression_attribute(required=True)
    value: str = expression_attribute(required=True, validated=True, doubt="empty")


@policy(
    "trace",
    left_out="Application Insights: messages are in the trace of the result",
    traits="logs",
    effects="passes",
    access="passes",
)
class TracePolicy:
    source: str = literal_attribute(required=True, may_be_empty=True, doubt="expression")
    severity: str = literal_attribute(default="verbose", values=("verbose", "information", "error"))
    messages: list[str] = child_texts("message")
    text: str = content()
    metadata: list[PolicyStep] = children(TraceMetadata)

    def run(self, exchange: PolicyExchange) -> Effect:
        message = "".join(self.messages) if self.messages else self.text.strip()
        pairs: dict[str, str] = {}
        for step in self.metadata:
            item: TraceMetadata = exchange.evaluate(step)
            exchange.note(MetadataRead(f"{item.name} = {item.value}", name=item.name, value=item.value), step)
            pairs[item.name] = item.value
        return TraceWritten(
            f"{self.source}: {message}", source=self.source, severity=self.severity, message=message, metadata=pairs
        )
