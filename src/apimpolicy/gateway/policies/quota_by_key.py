"""quota-by-key: limit the calls or the bandwidth for each key in a period.

```xml
<quota-by-key
    calls="10000"
    bandwidth="40000"
    renewal-period="3600"
    counter-key="@(context.Request.IpAddress)"
    increment-condition="@(context.Response.StatusCode &lt; 400)"
    first-period-start="2026-01-01T00:00:00Z" />
```

When the quota is used up, callers get 403 with `Retry-After`, in seconds. Periods follow one another from
`first-period-start` (0001-01-01 unless given); with `renewal-period="0"` there is only one. A key has one counter
wherever it is used, and counts once for each request.

Simulated on the gateway's clock. Our choices: bandwidth is the bodies of requests and responses, and a kilobyte is 1024
bytes; with an expression for `increment-condition` or `increment-count` everything is counted at the end, otherwise at
once; a condition that throws at the end counts as false; refused calls do not count.

Source: https://learn.microsoft.com/azure/api-management/quota-by-key-policy
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from apimpolicy.csharp.dotnet.exceptions import FormatException
from apimpolicy.gateway.policies.call_limits import KeyedCounter, Quota, take_quotas
from apimpolicy.gateway.policies.conversions import Range, integer, number, text
from apimpolicy.gateway.policies.effects import Effect, QuotaUsed
from apimpolicy.gateway.policies.placement import CLASSIC_TIERS, Placement
from apimpolicy.gateway.policies.spec import PolicyExchange, literal_attribute, policy

if TYPE_CHECKING:
    from apimpolicy.gateway.context.messages import ResponseMessage


def moment(value: object) -> float:
    """Return a time as seconds since 0001-01-01 UTC. Raises FormatException."""
    written = text(value)
    try:
        found = datetime.datetime.fromisoformat(written)
    except ValueError:
        raise FormatException(f"String '{written}' was not recognized as a valid DateTime.") from None
    found = found if found.tzinfo else found.replace(tzinfo=datetime.UTC)
    return (found - datetime.datetime(1, 1, 1, tzinfo=datetime.UTC)).total_seconds()


@policy(
    "quota-by-key",
    sections="inbound",
    alternatives=("calls", "bandwidth"),
    placement=Placement(not_on=("consumption",), tiers=CLASSIC_TIERS),
    left_out="bandwidth that is not the bodies of requests and answers",
    traits="limits limits-calls bounded-numbers",
    refuses_with="403 QuotaExceeded",
    effects="refuses answer-headers",
    access="limits",
)
class QuotaByKey(KeyedCounter):
    calls: int | None = literal_attribute(integer)
    bandwidth: int | None = literal_attribute(integer)
    renewal_period: float = literal_attribute(
        number, required=True, within=Range(300, besides=(0,), advice="Use rate-limit-by-key for shorter periods.")
    )
    first_period_start: float = literal_attribute(moment, default=0.0)

    def run(self, exchange: PolicyExchange) -> Effect:
        key = f"quota-by-key {self.counter_key}"
        quota = Quota(key, self.calls, self.bandwidth, self.first_period_start, self.renewal_period)
        is_first = exchange.is_first_call(key)
        if is_first and exchange.has_expression("increment-condition", "increment-count"):
            used = take_quotas(exchange, [quota], calls=0, is_reservation=True)
            exchange.at_end(lambda answer: self.count(exchange, quota, answer))
        elif is_first:
            used = take_quotas(exchange, [quota], calls=self.increment() or 0)
            exchange.at_end(lambda answer: quota.count_bytes(exchange, answer))
        else:
            used = take_quotas(exchange, [quota], calls=0, own=1)
        return QuotaUsed(f"{used} calls in this period", calls=used)

    def count(self, exchange: PolicyExchange, quota: Quota, answer: ResponseMessage) -> None:
        if self.commit(exchange, quota.total("calls")) is not None:
            quota.count_bytes(exchange, answer)
