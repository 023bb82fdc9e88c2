"""cache-store: cache the response for later requests of the same kind.

```xml
<cache-store duration="3600" />
```

`duration` is in seconds, on the gateway's clock. Only responses with status 200 are cached, unless `cache-response`
is set. cache-lookup in inbound defines which requests are of the same kind.

After a hit of cache-lookup the policy does not run (seen).

Simulated in full. Our choices: without a cache-lookup before it nothing is cached, and that is not an error; the
response is cached as it is at this point of outbound, and it can be looked up at once. `caching-mode`, which only
the editor's schema knows, has no effect.

Source: https://learn.microsoft.com/azure/api-management/cache-store-policy
"""

from __future__ import annotations

from apimpolicy.gateway.policies.conversions import Range, boolean, number
from apimpolicy.gateway.policies.effects import CacheAccessed, Effect
from apimpolicy.gateway.policies.placement import Placement
from apimpolicy.gateway.policies.spec import PolicyExchange, expression_attribute, policy
from apimpolicy.gateway.policies.surroundings import azure_text


@policy(
    "cache-store",
    sections="outbound",
    placement=Placement(once="section"),
    other_half="cache-lookup",
    traits="bounded-numbers caches-responses",
    effects="fails",
    access="stores",
)
class CacheStore:
    duration: float = expression_attribute(number, required=True, within=Range(1))
    cache_response: bool | None = expression_attribute(boolean)
    caching_mode: str | None = expression_attribute()

    def run(self, exchange: PolicyExchange) -> Effect:
        response = exchange.reply
        wanted = response.status_code == 200 if self.cache_response is None else self.cache_response
        cache = exchange.response_cache
        if cache is None or exchange.cache_key is None or exchange.is_served or not wanted:
            return CacheAccessed("this response is not kept", key=exchange.cache_key, found=False)
        cache.set(exchange.cache_key, response.to_response(), self.duration)
        shown = azure_text("trace-response-stored")
        return CacheAccessed(shown, key=exchange.cache_key, found=True, traced=shown)
