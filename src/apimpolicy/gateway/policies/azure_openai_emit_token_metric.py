"""azure-openai-emit-token-metric: emit the tokens that Azure OpenAI used; an older name of llm-emit-token-metric.

```xml
<azure-openai-emit-token-metric namespace="orders"><dimension name="API ID" /></azure-openai-emit-token-metric>
```

Simulated as llm-emit-token-metric; see its page.

Source: https://learn.microsoft.com/azure/api-management/azure-openai-emit-token-metric-policy
"""

from __future__ import annotations

from apimpolicy.gateway.policies.llm_emit_token_metric import LlmEmitTokenMetric
from apimpolicy.gateway.policies.spec import policy


@policy(
    "azure-openai-emit-token-metric",
    sections="inbound",
    doubtful_in="outbound",  # the documentation refuses it, and several repositories deploy it
    same_as="llm-emit-token-metric",
    traits="emits-metrics",
    effects="fails fails-later",
    access="passes",
)
class AzureOpenaiEmitTokenMetric(LlmEmitTokenMetric):
    """Takes the attributes and children of llm-emit-token-metric."""
