"""quota: so many calls or kilobytes of one subscription in a period.

```xml
<quota calls="10000" bandwidth="40000" renewal-period="3600" />
```

When it is used up callers get 403 with `Retry-After`. Periods follow each other from the start of the subscription;
with `renewal-period="0"` there is only one. Without a subscription the policy does nothing.

Simulated, on the gateway's clock, for the whole product; the quotas of `api` and `operation` inside are not simulated
yet and fail when reached. Our choices: a subscription without a start begins when it was created; bandwidth is the
bodies of request and answer, a kilobyte has 1024 bytes; refused calls do not count; every place of the policy has
counts of its own.

Source: https://learn.microsoft.com/azure/api-management/quota-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.errors import NotSimulatedError
from apimpolicy.policies.call_quotas import Quota
from apimpolicy.policies.conversions import integer, number
from apimpolicy.policies.effects import Effect
from apimpolicy.policies.spec import children, literal_attribute, part, policy

if TYPE_CHECKING:
    from apimpolicy.policies.spec import Exchange, Step

TICKS_PER_SECOND = 10_000_000


@part("operation", alternatives=("name", "id"))
class OperationQuota:
    name: str | None = literal_attribute()
    id: str | None = literal_attribute()
    calls: int | None = literal_attribute(integer)
    bandwidth: int | None = literal_attribute(integer)
    renewal_period: float | None = literal_attribute(number)


@part("api", alternatives=("name", "id"))
class ApiQuota:
    name: str | None = literal_attribute()
    id: str | None = literal_attribute()
    calls: int | None = literal_attribute(integer)
    bandwidth: int | None = literal_attribute(integer)
    renewal_period: float | None = literal_attribute(number)
    operations: list[Step] = children(OperationQuota)


@policy("quota", sections="inbound", alternatives=("calls", "bandwidth"))
class ProductQuota:
    calls: int | None = literal_attribute(integer)
    bandwidth: int | None = literal_attribute(integer)
    renewal_period: float = literal_attribute(number, required=True)
    apis: list[Step] = children(ApiQuota)

    def run(self, exchange: Exchange) -> Effect:
        subscription = exchange.context.subscription
        if subscription is None:
            return Effect("quota-used", "not applied: the request has no subscription", calls=None)
        if self.apis:
            raise NotSimulatedError("the quota of an API inside quota")
        begin = subscription.start_date or subscription.created_date
        key = f"quota {exchange.place} {subscription.id}"
        start = begin.ticks / TICKS_PER_SECOND
        quota = Quota(key, self.calls, self.bandwidth, start, self.renewal_period)
        quota.check(exchange)
        quota.count(exchange)
        exchange.at_end(lambda answer: quota.count_bytes(exchange, answer))
        used = quota.used(exchange)
        return Effect("quota-used", f"{used} calls in this period", calls=used)
