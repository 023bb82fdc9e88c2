"""cache-store-value: put a value into the cache.

```xml
<cache-store-value key="@(&quot;user-&quot; + context.User.Id)" value="@((string)context.Variables[&quot;profile&quot;])" duration="100" />
```

`duration` is in seconds, on the gateway's clock. cache-lookup-value reads the value.

Simulated with one cache for each gateway, whatever `caching-type` is, unless the gateway has a Redis. Our choices:
the value can be read at once (Azure stores it a little later), and it keeps its type.

Source: https://learn.microsoft.com/azure/api-management/cache-store-value-policy
"""  # noqa: E501 - the example is one line, as people write it

from __future__ import annotations

from apimpolicy.gateway.policies.cache_lookup_value import CACHING_TYPES
from apimpolicy.gateway.policies.conversions import Range, number, typed
from apimpolicy.gateway.policies.effects import CacheAccessed, Effect
from apimpolicy.gateway.policies.spec import PolicyExchange, expression_attribute, literal_attribute, policy


@policy(
    "cache-store-value",
    left_out="`caching-type`: a gateway without a Redis has one cache",
    traits="caches-values bounded-numbers",
    effects="fails",
    access="stores",
)
class CacheStoreValue:
    caching_type: str = literal_attribute(default="prefer-external", values=CACHING_TYPES)
    duration: float = expression_attribute(number, required=True, within=Range(1))
    key: str = expression_attribute(required=True)
    value: object = expression_attribute(typed, required=True, may_be_empty=True)

    def run(self, exchange: PolicyExchange) -> Effect:
        exchange.services.state.cache(self.caching_type).set(f"value {self.key}", self.value, self.duration)
        return CacheAccessed(f"{self.key} is stored for {self.duration:g} s", key=self.key, found=True)
