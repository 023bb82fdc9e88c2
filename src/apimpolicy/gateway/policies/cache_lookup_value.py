"""cache-lookup-value: put a value from the cache into a variable.

```xml
<cache-lookup-value key="@(&quot;user-&quot; + context.User.Id)" variable-name="profile" default-value="none" />
```

When the cache has no value for `key`, the variable gets `default-value`. Without `default-value` the variable is not
set; the documentation says so in one place, and "null" in another.

Simulated with one cache for each gateway, whatever `caching-type` is, unless the gateway has a Redis. Values keep
their types.

Source: https://learn.microsoft.com/azure/api-management/cache-lookup-value-policy
"""

from __future__ import annotations

from apimpolicy.gateway.policies.conversions import typed
from apimpolicy.gateway.policies.effects import CacheAccessed, Effect
from apimpolicy.gateway.policies.spec import PolicyExchange, expression_attribute, literal_attribute, policy

CACHING_TYPES = ("prefer-external", "external", "internal")


@policy(
    "cache-lookup-value",
    left_out="`caching-type`: a gateway without a Redis has one cache",
    traits="caches-values reads-cache",
    effects="variables fails",
    access="cached-value",
)
class CacheLookupValue:
    caching_type: str = literal_attribute(default="prefer-external", values=CACHING_TYPES)
    default_value: object = expression_attribute(typed)
    key: str = expression_attribute(required=True)
    variable_name: str = literal_attribute(required=True)

    def run(self, exchange: PolicyExchange) -> Effect:
        found, value = exchange.services.state.cache(self.caching_type).get(f"value {self.key}")
        if found or self.default_value is not None:
            exchange.variables[self.variable_name] = value if found else self.default_value
        traced = None
        if not found and self.default_value is None:
            from apimpolicy.gateway.policies.surroundings import azure_text

            traced = {"message": azure_text("trace-cached-value-missing")}
        shown = f"{self.key} is {'there' if found else 'not there'}"
        return CacheAccessed(shown, key=self.key, found=found, traced=traced)
