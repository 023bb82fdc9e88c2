"""azure-openai-semantic-cache-lookup: respond to a similar prompt from the cache; older than llm-semantic-cache-lookup.

```xml
<azure-openai-semantic-cache-lookup score-threshold="0.05" embeddings-backend-id="embeddings">
    <vary-by>@(context.Subscription.Id)</vary-by>
</azure-openai-semantic-cache-lookup>
```

Simulated as llm-semantic-cache-lookup; see its page. That both share one cache is our choice.

Source: https://learn.microsoft.com/azure/api-management/azure-openai-semantic-cache-lookup-policy
"""

from __future__ import annotations

from apimpolicy.gateway.policies.llm_semantic_cache_lookup import AUTHENTICATION, LlmSemanticCacheLookup
from apimpolicy.gateway.policies.placement import Placement
from apimpolicy.gateway.policies.spec import literal_attribute, policy


@policy(
    "azure-openai-semantic-cache-lookup",
    sections="inbound",
    placement=Placement(not_at=("workspace",), not_on=("consumption", "self-hosted", "workspace"), once="section"),
    same_as="llm-semantic-cache-lookup",
    other_half="azure-openai-semantic-cache-store",
    traits="bounded-numbers caches-responses",
    effects="serves fails",
    access="cached-completion",
)
class AzureOpenaiSemanticCacheLookup(LlmSemanticCacheLookup):
    embeddings_backend_auth: str = literal_attribute(default="system-assigned", values=AUTHENTICATION)
