"""llm-semantic-cache-store: cache the response for prompts with nearly the same meaning.

```xml
<llm-semantic-cache-store duration="600" />
```

`duration` is in seconds, on the gateway's clock. Only responses with status 200 are cached, unless `cache-response`
decides. llm-semantic-cache-lookup in inbound defines what is compared.

Simulated in full. Our choices: without a lookup before it nothing is cached, and that is not an error; the response
is cached as it is at this point of outbound, and it can be looked up at once.

Source: https://learn.microsoft.com/azure/api-management/llm-semantic-cache-store-policy
"""

from __future__ import annotations

from apimpolicy.gateway.policies.conversions import Range, boolean, number
from apimpolicy.gateway.policies.effects import CacheAccessed, Effect
from apimpolicy.gateway.policies.placement import Placement
from apimpolicy.gateway.policies.spec import PolicyExchange, expression_attribute, policy


@policy(
    "llm-semantic-cache-store",
    sections="outbound",
    placement=Placement(not_at=("workspace",), not_on=("workspace",), once="section"),
    other_half="llm-semantic-cache-lookup",
    traits="bounded-numbers caches-responses",
    effects="fails",
    access="stores",
)
class LlmSemanticCacheStore:
    duration: float = expression_attribute(number, required=True, within=Range(1))
    cache_response: bool | None = expression_attribute(boolean)

    def run(self, exchange: PolicyExchange) -> Effect:
        return store(exchange, self.duration, self.cache_response)


def store(exchange: PolicyExchange, duration: float, cache_response: bool | None) -> Effect:
    """Cache the response as it is now, if `cache-response` allows it."""
    response, embedding = exchange.reply, exchange.prompt_embedding
    wanted = response.status_code == 200 if cache_response is None else cache_response
    if embedding is None or exchange.is_served or not wanted:
        return CacheAccessed("this answer is not kept", key=None, found=False, distance=None)
    cache = exchange.services.state.semantic_cache
    cache.store(embedding.partition, embedding.vector, response.to_response(), duration)
    return CacheAccessed(f"kept for {duration:g} s", key=embedding.partition, found=True, distance=None)
