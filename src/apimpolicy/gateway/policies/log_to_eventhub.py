"""log-to-eventhub: send a message to the event hub of a logger.

```xml
<log-to-eventhub logger-id="orders-logger" partition-key="@(context.Subscription.Id)">
    @(context.RequestId + "," + context.Request.IpAddress)
</log-to-eventhub>
```

A message of more than 200 KB (204,800 bytes) is cut off there (documented). Only one of `partition-id` and
`partition-key` may be given.

Simulated: the events are in `gateway.event_hub("orders-logger").events`; nothing is sent. Every logger exists, unless
`Gateway(event_hubs=["orders-logger"])` names all of them; a logger that does not exist is an error with the text that
Azure gives when the document is saved. Our choices: text is sent as UTF-8, `byte[]` as its bytes, and white space
around a literal text is kept. Sampling, batches and delays are not simulated.

Source: https://learn.microsoft.com/azure/api-management/log-to-eventhub-policy
"""

from __future__ import annotations

from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.gateway.policies.conversions import body
from apimpolicy.gateway.policies.effects import Effect, EventLogged
from apimpolicy.gateway.policies.placement import Placement
from apimpolicy.gateway.policies.spec import (
    PolicyExchange,
    azure_error,
    content,
    expression_attribute,
    literal_attribute,
    policy,
)

MOST_BYTES = 200 * 1024


@policy(
    "log-to-eventhub",
    exclusive=(("partition-id", "partition-key"),),
    placement=Placement(not_at=("workspace",), not_on=("workspace",)),
    left_out="the event hub itself, sampling, batches and delays: events are recorded",
    traits="logs",
    effects="fails",
    access="passes",
)
class LogToEventhub:
    logger_id: str = literal_attribute(required=True, doubt="expression", refers="loggers")
    partition_id: str | None = literal_attribute()
    partition_key: str | None = expression_attribute()
    body: bytes = content(body)

    def run(self, exchange: PolicyExchange) -> Effect:
        logger_id, sent = from_utf16(self.logger_id), self.body[:MOST_BYTES]
        partition_id = None if self.partition_id is None else from_utf16(self.partition_id)
        partition_key = None if self.partition_key is None else from_utf16(self.partition_key)
        try:
            exchange.services.event_hubs.log(logger_id, sent, partition_id, partition_key)
        except LookupError:
            raise azure_error("logger-unknown", id=logger_id) from None
        is_cut = len(sent) < len(self.body)
        shown = f"{len(sent):,} bytes to {logger_id}{', cut off' if is_cut else ''}"
        return EventLogged(shown, logger_id=logger_id, length=len(sent), truncated=is_cut)
