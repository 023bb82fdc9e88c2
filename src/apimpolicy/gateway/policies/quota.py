"""quota: limit the calls or the bandwidth of each subscription in a period.

```xml
<quota calls="10000" bandwidth="40000" renewal-period="3600">
    <api id="orders" calls="500" renewal-period="3600"><operation id="create" calls="50" renewal-period="60" /></api>
</quota>
```

When the quota is used up, callers get 403 with `Retry-After`, in seconds. Periods follow one another from the start of
the subscription; with `renewal-period="0"` there is only one. Quotas of `api` and `operation` are counted
independently, for the API or operation with that id, or with that name if no id is given. Without a subscription the
policy does nothing.

Simulated on the gateway's clock. Our choices: a subscription without a start date begins when it was created; bandwidth
is the bodies of requests and responses, and a kilobyte is 1024 bytes; refused calls do not count, for any quota; each
policy element has its own counters; an inner quota without `renewal-period` has that of the outer
one.

Source: https://learn.microsoft.com/azure/api-management/quota-policy
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from apimpolicy.csharp.dotnet.environment import TICKS_PER_SECOND
from apimpolicy.gateway.policies.call_limits import Quota, applicable, take_quotas
from apimpolicy.gateway.policies.conversions import Range, integer, number
from apimpolicy.gateway.policies.effects import Effect, QuotaUsed
from apimpolicy.gateway.policies.placement import Placement
from apimpolicy.gateway.policies.spec import PolicyExchange, PolicyStep, children, literal_attribute, part, policy

if TYPE_CHECKING:
    from apimpolicy.gateway.context.messages import ResponseMessage


@part("operation", alternatives=("name", "id"))
class OperationQuota:
    name: str | None = literal_attribute(doubt="unknown-expression", refers="operations")
    id: str | None = literal_attribute(doubt="unknown-expression", refers="operations")
    calls: int | None = literal_attribute(integer)
    bandwidth: int | None = literal_attribute(integer)
    renewal_period: float | None = literal_attribute(number)


@part("api", alternatives=("name", "id"))
class ApiQuota(OperationQuota):
    name: str | None = literal_attribute(doubt="unknown-expression", refers="apis")
    id: str | None = literal_attribute(doubt="unknown-expression", refers="apis")
    operations: list[PolicyStep] = children(OperationQuota)


@policy(
    "quota",
    sections="inbound",
    alternatives=("calls", "bandwidth"),
    placement=Placement(not_at=("global", "workspace", "api", "operation"), once="document"),
    left_out="bandwidth that is not the bodies of requests and answers",
    traits="limits limits-calls bounded-numbers per-subscription",
    refuses_with="403 QuotaExceeded",
    effects="refuses answer-headers",
    access="limits",
)
class ProductQuota:
    calls: int | None = literal_attribute(integer)
    bandwidth: int | None = literal_attribute(integer)
    renewal_period: float = literal_attribute(number, required=True, within=Range(0))
    apis: list[PolicyStep] = children(ApiQuota)

    def run(self, exchange: PolicyExchange) -> Effect:
        subscription = exchange.context.subscription
        if subscription is None:
            return QuotaUsed("not applied: the request has no subscription", calls=None)
        begin = subscription.start_date or subscription.created_date
        start = begin.ticks / TICKS_PER_SECOND
        quotas = list(self.quotas(exchange, f"quota {exchange.place} {subscription.id}", start))
        used = take_quotas(exchange, quotas)

        def count_bytes(answer: ResponseMessage) -> None:
            for quota in quotas:
                quota.count_bytes(exchange, answer)

        exchange.at_end(count_bytes)
        return QuotaUsed(f"{used} calls in this period", calls=used)

    def quotas(self, exchange: PolicyExchange, key: str, start: float) -> Iterator[Quota]:
        yield Quota(key, self.calls, self.bandwidth, start, self.renewal_period)
        api, operation = exchange.context.api, exchange.context.operation
        for limit in applicable(exchange, self.apis, "API", api):
            outer = _inner(f"{key} api {api.id}", limit, start, self.renewal_period)
            yield outer
            for each in applicable(exchange, limit.operations, "operation", operation):
                yield _inner(f"{outer.key} operation {operation.id}", each, start, outer.period)


def _inner(key: str, limit: OperationQuota, start: float, period: float) -> Quota:
    period = period if limit.renewal_period is None else limit.renewal_period
    return Quota(key, limit.calls, limit.bandwidth, start, period)
