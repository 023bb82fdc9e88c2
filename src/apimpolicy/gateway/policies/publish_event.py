"""publish-event: publish what a GraphQL resolver returned to the subscribers of the API.

```xml
<publish-event>
    <targets>
        <graphql-subscription id="onUserCreated" />
    </targets>
</publish-event>
```

The policy belongs in the response of a resolver: in `http-response` of http-data-source, in `response` of the others.

Simulated: there are no subscribers; `gateway.resolve(…).events` has the id of each subscription with the body that the
response had at that moment, which is our reading of what is published. Outside of a resolver it is refused.

Source: https://learn.microsoft.com/azure/api-management/publish-event-policy
"""

from __future__ import annotations

from apimpolicy.gateway.policies.conversions import trimmed
from apimpolicy.gateway.policies.effects import Effect, EventPublished
from apimpolicy.gateway.policies.spec import (
    PolicyExchange,
    PolicyStep,
    child,
    children,
    literal_attribute,
    part,
    policy,
)


@part("graphql-subscription")
class GraphQLSubscription:
    id: str = literal_attribute(trimmed, required=True, doubt="unknown-expression")


@part("targets")
class Targets:
    subscriptions: list[PolicyStep] = children(GraphQLSubscription, required=True)


@policy("publish-event", sections="", left_out="subscribers: events are recorded")
class PublishEvent:
    targets: PolicyStep | None = child(Targets, required=True)

    def run(self, exchange: PolicyExchange) -> Effect:
        names: list[str] = []
        if self.targets is not None:
            targets: Targets = exchange.evaluate(self.targets)
            names = [exchange.evaluate(step).id for step in targets.subscriptions]
        return EventPublished(", ".join(names), subscriptions=tuple(names), body=exchange.reply.body.text())
