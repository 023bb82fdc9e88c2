"""rate-limit-by-key: limit the calls for each key within a number of seconds.

```xml
<rate-limit-by-key
    calls="10"
    renewal-period="60"
    counter-key="@(context.Request.IpAddress)"
    increment-condition="@(context.Response.StatusCode == 200)"
    remaining-calls-header-name="X-Remaining" />
```

A caller over the limit gets 429 with `Retry-After`. A key has one counter wherever it is used. With an expression for
`increment-condition` or `increment-count` the call is counted at the end, so that the limit takes effect one call
later.

Simulated on the gateway's clock: with an exact sliding window, or, with `Gateway(tier="v2")`, with the token
bucket of the v2 tiers. All requests to one gateway share the counters. Our choices: refused calls do not count; two
policies with one key count a request twice; a condition that throws at the end counts as false.
`increment-after-response="true"`, which only the editor's schema knows, counts at the end as well;
`flexible-retry-window`, likewise, has no effect.

Source: https://learn.microsoft.com/azure/api-management/rate-limit-by-key-policy
"""

from __future__ import annotations

from apimpolicy.gateway.policies.call_limits import CallRate, KeyedCounter, RateReport, take_rates
from apimpolicy.gateway.policies.conversions import Range, boolean, integer, number
from apimpolicy.gateway.policies.effects import Effect
from apimpolicy.gateway.policies.placement import CLASSIC_TIERS, V2_TIERS, Placement
from apimpolicy.gateway.policies.spec import PolicyExchange, expression_attribute, literal_attribute, policy


@policy(
    "rate-limit-by-key",
    sections="inbound",
    placement=Placement(not_on=("consumption",), tiers=(*CLASSIC_TIERS, *V2_TIERS)),
    left_out="`flexible-retry-window`, which has no effect",
    traits="limits limits-calls bounded-numbers",
    refuses_with="429 RateLimitExceeded",
    effects="refuses variables answer-headers",
    access="limits",
)
class RateLimitByKey(KeyedCounter, RateReport):
    calls: int = expression_attribute(integer, required=True)
    renewal_period: float = expression_attribute(
        number, required=True, within=Range(0, 300, advice="Use quota-by-key for longer periods.")
    )
    increment_after_response: bool = literal_attribute(boolean, default=False)
    flexible_retry_window: str | None = literal_attribute()

    def run(self, exchange: PolicyExchange) -> Effect:
        rate = CallRate(f"rate-limit-by-key {self.counter_key}", self.calls, self.renewal_period, self)
        if self.increment_after_response or exchange.has_expression("increment-condition", "increment-count"):
            left = take_rates(exchange, [rate], is_reservation=True)
            exchange.at_end(lambda _: self.commit(exchange, rate.counter(exchange)))
        else:
            left = take_rates(exchange, [rate], count=self.increment() or 0)
        return rate.counted(left)
