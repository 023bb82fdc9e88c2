"""rate-limit: limit the calls of each subscription within a number of seconds.

```xml
<rate-limit calls="20" renewal-period="90" remaining-calls-header-name="X-Remaining">
    <api id="orders" calls="10" renewal-period="60"><operation id="create" calls="5" renewal-period="60" /></api>
</rate-limit>
```

A caller over the limit gets 429 with `Retry-After`. The limits of `api` and `operation` are counted independently, for
the API or operation with that id, or with that name if no id is given. Without a subscription the policy does nothing.

Simulated in full on the gateway's clock: with an exact sliding window, or, with `Gateway(tier="v2")`, with the
token bucket of the v2 tiers. All requests to one gateway share the counters. Our choices: refused calls do not count;
each policy element has its own counters, for each API or product that contains it; the header of
remaining calls shows the number left after this call, for the outermost limit only.

Source: https://learn.microsoft.com/azure/api-management/rate-limit-policy
"""

from __future__ import annotations

from collections.abc import Iterator

from apimpolicy.gateway.policies.call_limits import CallRate, RateReport, applicable, take_rates
from apimpolicy.gateway.policies.conversions import Range, integer, number
from apimpolicy.gateway.policies.effects import Effect, RateLimited
from apimpolicy.gateway.policies.placement import Placement
from apimpolicy.gateway.policies.spec import PolicyExchange, PolicyStep, children, literal_attribute, part, policy


@part("operation", alternatives=("name", "id"))
class OperationRate:
    name: str | None = literal_attribute(doubt="unknown-expression", refers="operations")
    id: str | None = literal_attribute(doubt="unknown-expression", refers="operations")
    calls: int = literal_attribute(integer, required=True)
    renewal_period: float = literal_attribute(number, required=True)


@part("api", alternatives=("name", "id"))
class ApiRate(OperationRate):
    name: str | None = literal_attribute(doubt="unknown-expression", refers="apis")
    id: str | None = literal_attribute(doubt="unknown-expression", refers="apis")
    operations: list[PolicyStep] = children(OperationRate)


@policy(
    "rate-limit",
    sections="inbound",
    placement=Placement(not_at=("global", "workspace"), once="document"),
    traits="limits limits-calls bounded-numbers per-subscription",
    refuses_with="429 RateLimitExceeded",
    effects="refuses variables answer-headers",
    access="limits",
)
class RateLimit(RateReport):
    calls: int = literal_attribute(integer, required=True)
    renewal_period: float = literal_attribute(
        number, required=True, within=Range(0, 300, advice="Use quota or quota-by-key for longer periods.")
    )
    apis: list[PolicyStep] = children(ApiRate)
    operations: list[PolicyStep] = children(OperationRate)

    def run(self, exchange: PolicyExchange) -> Effect:
        subscription = exchange.context.subscription
        if subscription is None:
            return RateLimited("not applied: the request has no subscription", remaining=None)
        rates = list(self.rates(exchange, f"rate-limit {exchange.place} {subscription.id}"))
        left = take_rates(exchange, rates)
        return rates[0].counted(left)

    def rates(self, exchange: PolicyExchange, key: str) -> Iterator[CallRate]:
        yield CallRate(key, self.calls, self.renewal_period, self)
        yield from self.of_operations(exchange, key, self.operations)
        api = exchange.context.api
        for limit in applicable(exchange, self.apis, "API", api):
            inner = f"{key} api {api.id}"
            yield CallRate(inner, limit.calls, limit.renewal_period, self, is_outermost=False)
            yield from self.of_operations(exchange, inner, limit.operations)

    def of_operations(self, exchange: PolicyExchange, key: str, steps: list[PolicyStep]) -> Iterator[CallRate]:
        operation = exchange.context.operation
        for limit in applicable(exchange, steps, "operation", operation):
            inner = f"{key} operation {operation.id}"
            yield CallRate(inner, limit.calls, limit.renewal_period, self, is_outermost=False)
