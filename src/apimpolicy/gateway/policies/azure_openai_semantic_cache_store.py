"""azure-openai-semantic-cache-store: cache the response for similar prompts; older than llm-semantic-cache-store.

```xml
<azure-openai-semantic-cache-store duration="600" />
```

Simulated as llm-semantic-cache-store; see its page. This policy has no `cache-response`.

Source: https://learn.microsoft.com/azure/api-management/azure-openai-semantic-cache-store-policy
"""

from __future__ import annotations

from apimpolicy.gateway.policies.conversions import Range, number
from apimpolicy.gateway.policies.effects import Effect
from apimpolicy.gateway.policies.llm_semantic_cache_store import store
from apimpolicy.gateway.policies.placement import Placement
from apimpolicy.gateway.policies.spec import PolicyExchange, expression_attribute, policy


@policy(
    "azure-openai-semantic-cache-store",
    sections="outbound",
    placement=Placement(not_at=("workspace",), not_on=("consumption", "self-hosted", "workspace"), once="section"),
    same_as="llm-semantic-cache-store",
    other_half="azure-openai-semantic-cache-lookup",
    traits="bounded-numbers caches-responses",
    effects="fails",
    access="stores",
)
class AzureOpenaiSemanticCacheStore:
    duration: float = expression_attribute(number, required=True, within=Range(1))

    def run(self, exchange: PolicyExchange) -> Effect:
        return store(exchange, self.duration, None)
