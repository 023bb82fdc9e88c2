"""publish-event: tell the subscribers of a GraphQL API what a resolver's field came to.

```xml
<publish-event>
    <targets>
        <graphql-subscription id="onUserCreated" />
    </targets>
</publish-event>
```

Stands in the answer of a resolver: `http-response` of http-data-source, `response` of the others.

Simulated: nobody is connected, but `gateway.resolve(…).events` has each subscription's id with the body that the
response had at that moment, which is our reading of what is published. Outside of a resolver the policy is a warning
when the document is checked, and does the same.

Source: https://learn.microsoft.com/azure/api-management/publish-event-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.policies.conversions import trimmed
from apimpolicy.policies.effects import Effect
from apimpolicy.policies.spec import child, children, literal_attribute, part, policy

if TYPE_CHECKING:
    from apimpolicy.policies.spec import Exchange, Step


@part("graphql-subscription")
class GraphQLSubscription:
    id: str = literal_attribute(trimmed, required=True)


@part("targets")
class Targets:
    subscriptions: list[Step] = children(GraphQLSubscription, required=True)


@policy("publish-event", sections="")
class PublishEvent:
    targets: Step | None = child(Targets, required=True)

    def run(self, exchange: Exchange) -> Effect:
        names: list[str] = []
        if self.targets is not None:
            targets: Targets = exchange.evaluate(self.targets)
            names = [exchange.evaluate(step).id for step in targets.subscriptions]
        return Effect("event-published", ", ".join(names), subscriptions=tuple(names), body=exchange.reply.body.text())
