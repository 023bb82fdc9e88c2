"""send-service-bus-message: send a message to a queue or topic of Azure Service Bus.

```xml
<send-service-bus-message queue-name="orders" namespace="contoso.servicebus.windows.net">
    <message-properties>
        <message-property name="Customer">@(context.User.Id)</message-property>
    </message-properties>
    <payload>@(context.Request.Body.As<string>(preserveContent: true))</payload>
</send-service-bus-message>
```

Either `queue-name` or `topic-name` says where the message goes.

Simulated: the messages are in `gateway.service_bus.messages`, those of one queue in
`gateway.service_bus.queue("orders")`; nothing is sent. Every queue and topic exists, unless
`Gateway(service_bus=ServiceBus(queues=["orders"]))` names all of them. Our choices: a queue or topic that does not
exist, and both attributes at once, are errors with status 500, without a reason, in our words; white space around the
value of a property is removed, white space in the payload is kept; the managed identity is not asked for a token. The
attributes that only the release notes name (`message-id`, `session-id`, `time-to-live`, `ignore-error`, output
variables) fail by name.

Source: https://learn.microsoft.com/azure/api-management/send-service-bus-message-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.dotnet.values import from_utf16
from apimpolicy.policies.conversions import body, trimmed
from apimpolicy.policies.effects import Effect
from apimpolicy.policies.spec import (
    PolicyError,
    child,
    children,
    content,
    expression_attribute,
    part,
    policy,
)

if TYPE_CHECKING:
    from apimpolicy.policies.spec import Exchange, Step


@part("message-property")
class MessageProperty:
    name: str = expression_attribute(required=True)
    value: str = content(trimmed)


@part("message-properties")
class MessageProperties:
    properties: list[Step] = children(MessageProperty)


@part("payload")
class Payload:
    body: bytes = content(body, markup=True)


@policy("send-service-bus-message", sections="inbound outbound on-error", alternatives=("queue-name", "topic-name"))
class SendServiceBusMessage:
    queue_name: str | None = expression_attribute(trimmed)
    topic_name: str | None = expression_attribute(trimmed)
    namespace: str | None = expression_attribute(trimmed)
    client_id: str | None = expression_attribute(trimmed)
    properties: Step | None = child(MessageProperties)
    payload: Step | None = child(Payload, required=True)

    def run(self, exchange: Exchange) -> Effect:
        queue, topic = _readable(self.queue_name), _readable(self.topic_name)
        if (queue is None) == (topic is None):
            raise PolicyError(None, "The message needs a queue or a topic, and not both.")
        properties = self.read_properties(exchange)
        sent = b""
        if self.payload is not None:
            payload: Payload = exchange.evaluate(self.payload)
            sent = payload.body
        try:
            exchange.services.service_bus.send(
                sent,
                queue=queue,
                topic=topic,
                namespace=_readable(self.namespace),
                client_id=_readable(self.client_id),
                properties=properties,
            )
        except LookupError:
            kind, name = ("topic", topic) if queue is None else ("queue", queue)
            raise PolicyError(None, f"The Service Bus has no {kind} '{name}'.") from None
        shown = f"{len(sent):,} bytes to {queue or topic}"
        return Effect("message-sent", shown, queue=queue, topic=topic, length=len(sent))

    def read_properties(self, exchange: Exchange) -> dict[str, str]:
        found: dict[str, str] = {}
        if self.properties is not None:
            group: MessageProperties = exchange.evaluate(self.properties)
            for step in group.properties:
                item: MessageProperty = exchange.evaluate(step)
                name, value = from_utf16(item.name), from_utf16(item.value)
                exchange.note(Effect("metadata", f"{name} = {value}", name=name, value=value), step)
                found[name] = value
        return found


def _readable(value: str | None) -> str | None:
    return from_utf16(value) if value else None
