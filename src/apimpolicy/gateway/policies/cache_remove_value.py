"""cache-remove-value: delete a value from the cache.

```xml
<cache-remove-value key="@(&quot;user-&quot; + context.User.Id)" />
```

Simulated with one cache for each gateway, whatever `caching-type` is, unless the gateway has a Redis. That cache
never fails, so that `fail-on-cache-removal-error` makes no difference. Our choice: a key that is not there is not an
error.

Source: https://learn.microsoft.com/azure/api-management/cache-remove-value-policy
"""

from __future__ import annotations

from apimpolicy.gateway.policies.cache_lookup_value import CACHING_TYPES
from apimpolicy.gateway.policies.conversions import boolean
from apimpolicy.gateway.policies.effects import CacheAccessed, Effect
from apimpolicy.gateway.policies.spec import PolicyExchange, expression_attribute, literal_attribute, policy


@policy(
    "cache-remove-value",
    left_out="`caching-type`: a gateway without a Redis has one cache",
    traits="caches-values",
    effects="fails",
    access="passes",
)
class CacheRemoveValue:
    caching_type: str = literal_attribute(default="prefer-external", values=CACHING_TYPES)
    key: str = expression_attribute(required=True)
    fail_on_cache_removal_error: bool = expression_attribute(boolean, default=False)

    def run(self, exchange: PolicyExchange) -> Effect:
        found = exchange.services.state.cache(self.caching_type).remove(f"value {self.key}")
        return CacheAccessed(f"{self.key} {'is removed' if found else 'was not there'}", key=self.key, found=found)
