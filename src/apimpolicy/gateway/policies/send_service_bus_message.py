"""send-service-bus-message: send a message to a queue or topic of Azure Service Bus.

```xml
<send-service-bus-message
    queue-name="orders"
    namespace="contoso.servicebus.windows.net"
    message-id="@(context.RequestId.ToString())"
    time-to-live="00:10:00"
    response-variable-name="sent">
    <message-properties>
        <message-property name="Customer">@(context.User.Id)</message-property>
    </message-properties>
    <payload>@(context.Request.Body.As<string>(preserveContent: true))</payload>
</send-service-bus-message>
```

Either `queue-name` or `topic-name` is the destination. `message-id` and `session-id` are GUIDs; without
`message-id` one is made up. `response-variable-name` names a variable that then has `MessageId`, `SessionId` and
`TimeToLive`, or, when sending failed and `ignore-error` is true, `Error.Reason` and `Error.Message`. A message that is
wrong in itself is an error in any case (all documented).

Simulated: the messages are in `gateway.service_bus.messages`, those of one queue in
`gateway.service_bus.queue("orders")`; nothing is sent. Every queue and topic exists, unless
`Gateway(service_bus=ServiceBus(queues=["orders"]))` names all of them. Our choices: a queue or topic that does not
exist, and both attributes at once, are errors with status 500, our own text and no reason; white space around the
value of a property is removed, white space in the payload is kept; no token of the managed identity is acquired; the
variable is a `JObject`.

Source: https://learn.microsoft.com/azure/api-management/send-service-bus-message-policy
"""

from __future__ import annotations

import re
import uuid

from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.gateway.policies.conversions import body, boolean, trimmed
from apimpolicy.gateway.policies.effects import Effect, MessageSent, MetadataRead
from apimpolicy.gateway.policies.outside_services import ServiceBusMessage
from apimpolicy.gateway.policies.placement import CLASSIC_TIERS, Placement
from apimpolicy.gateway.policies.spec import (
    PolicyExchange,
    PolicyStep,
    azure_error,
    child,
    children,
    content,
    expression_attribute,
    literal_attribute,
    part,
    policy,
)
from apimpolicy.gateway.policies.validation_errors import json_token

_TIME_SPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2}(?:\.\d{1,7})?))?")


@part("message-property")
class MessageProperty:
    name: str = expression_attribute(required=True)
    value: str = content(trimmed)


@part("message-properties")
class MessageProperties:
    properties: list[PolicyStep] = children(MessageProperty)


@part("payload")
class Payload:
    body: bytes = content(body, markup=True)


@policy(
    "send-service-bus-message",
    sections="inbound outbound on-error",
    alternatives=("queue-name", "topic-name"),
    placement=Placement(
        not_at=("workspace",), not_on=("v2", "consumption", "self-hosted", "workspace"), tiers=CLASSIC_TIERS
    ),
    left_out="Service Bus itself: messages are recorded; attributes without a page fail by name",
    traits="undocumented-outputs",
    effects="variables fails",
    access="passes",
)
class SendServiceBusMessage:
    queue_name: str | None = expression_attribute(trimmed)
    topic_name: str | None = expression_attribute(trimmed)
    namespace: str | None = expression_attribute(trimmed)
    client_id: str | None = expression_attribute(trimmed)
    message_id: str | None = expression_attribute(trimmed)
    session_id: str | None = expression_attribute(trimmed)
    time_to_live: str | None = expression_attribute(trimmed)
    response_variable_name: str | None = literal_attribute()
    ignore_error: bool = expression_attribute(boolean, default=False)
    properties: PolicyStep | None = child(MessageProperties)
    payload: PolicyStep | None = child(Payload, required=True)

    def run(self, exchange: PolicyExchange) -> Effect:
        queue, topic = _readable(self.queue_name), _readable(self.topic_name)
        if (queue is None) == (topic is None):
            raise azure_error("message-target")
        message_id = guid(self.message_id, "message-id")
        if message_id is None:
            message_id = str(uuid.UUID(int=environment().random.getrandbits(128), version=4))
        session_id = guid(self.session_id, "session-id")
        seconds = None if self.time_to_live is None else time_span(self.time_to_live)
        properties = self.read_properties(exchange)
        sent = b""
        if self.payload is not None:
            payload: Payload = exchange.evaluate(self.payload)
            sent = payload.body
        message = ServiceBusMessage(
            sent,
            queue=queue,
            topic=topic,
            namespace=_readable(self.namespace),
            client_id=_readable(self.client_id),
            properties=properties,
            message_id=message_id,
            session_id=session_id,
            time_to_live=seconds,
        )
        try:
            exchange.services.service_bus.send(message)
        except LookupError:
            kind, name = ("topic", topic) if queue is None else ("queue", queue)
            error = azure_error("message-target-unknown", kind=kind, name=name)
            if not self.ignore_error:
                raise error from None
            self.keep(exchange, {"Error": {"Reason": "MessagingEntityNotFound", "Message": error.message}})
            return MessageSent(f"failed, ignored: {error.message}", queue=queue, topic=topic, length=0)
        self.keep(exchange, {"MessageId": message_id, "SessionId": session_id, "TimeToLive": self.time_to_live})
        words = f"{len(sent):,} bytes to {queue or topic}"
        return MessageSent(words, queue=queue, topic=topic, length=len(sent))

    def keep(self, exchange: PolicyExchange, outcome: dict[str, object]) -> None:
        if self.response_variable_name is not None:
            exchange.variables[self.response_variable_name] = json_token(outcome)

    def read_properties(self, exchange: PolicyExchange) -> dict[str, str]:
        found: dict[str, str] = {}
        if self.properties is not None:
            group: MessageProperties = exchange.evaluate(self.properties)
            for step in group.properties:
                item: MessageProperty = exchange.evaluate(step)
                name, value = from_utf16(item.name), from_utf16(item.value)
                exchange.note(MetadataRead(f"{name} = {value}", name=name, value=value), step)
                found[name] = value
        return found


def guid(written: str | None, name: str) -> str | None:
    """Return a GUID as it is written. Raises PolicyError for a text that is not one."""
    if written is None:
        return None
    try:
        uuid.UUID(from_utf16(written))
    except ValueError:
        raise azure_error("message-id-not-guid", text=written, name=name) from None
    return from_utf16(written)


def time_span(written: str) -> float:
    """Return seconds from `[d.]hh:mm:ss[.fffffff]`. Raises PolicyError.

    >>> time_span("00:10:00"), time_span("1.00:00:01")
    (600.0, 86401.0)
    """
    found = _TIME_SPAN.fullmatch(from_utf16(written))
    if found is None:
        raise azure_error("message-time-to-live", text=written)
    days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return days * 86_400 + hours * 3_600 + minutes * 60 + seconds


def _readable(value: str | None) -> str | None:
    return from_utf16(value) if value else None
