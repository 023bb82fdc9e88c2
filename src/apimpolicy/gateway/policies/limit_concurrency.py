"""limit-concurrency: limit how many requests run the policies inside at the same time.

```xml
<limit-concurrency key="@(context.Api.Id)" max-count="3">
    <forward-request />
</limit-concurrency>
```

If `max-count` requests are already inside, another one gets 429 at once.

Simulated in full. Requests to one gateway are inside at the same time when the backend double sends a further request
while it answers the first one, or when several threads send requests. Our choices: all policies with the same `key`
share a counter; the error has no reason and the message "Too many requests are in progress.", because no document
states them.

Source: https://learn.microsoft.com/azure/api-management/limit-concurrency-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.gateway.policies.conversions import Range, integer
from apimpolicy.gateway.policies.effects import ConcurrencyLimited, Effect
from apimpolicy.gateway.policies.spec import azure_error, expression_attribute, literal_attribute, policies, policy

if TYPE_CHECKING:
    from apimpolicy.gateway.policies.spec import PolicyExchange, PolicyStep


@policy("limit-concurrency", traits="runs-policies bounded-numbers", refuses_with="429", access="runs")
class LimitConcurrency:
    key: str = expression_attribute(required=True)
    max_count: int = literal_attribute(integer, required=True, within=Range(1))
    steps: list[PolicyStep] = policies()

    def run(self, exchange: PolicyExchange) -> Effect:
        counters = exchange.services.state.counters
        inside = counters.enter(self.key, self.max_count)
        if inside is None:
            raise azure_error("concurrency-exceeded")
        try:
            exchange.execute(self.steps)
        finally:
            counters.leave(self.key)
        return ConcurrencyLimited(f"{inside} of {self.max_count}", key=self.key, inside=inside)
