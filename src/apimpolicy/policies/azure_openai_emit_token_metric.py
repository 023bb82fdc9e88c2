"""azure-openai-emit-token-metric: send the tokens that Azure OpenAI used as metrics; the older llm-emit-token-metric.

```xml
<azure-openai-emit-token-metric namespace="orders"><dimension name="API ID" /></azure-openai-emit-token-metric>
```

Simulated as llm-emit-token-metric; everything is said on that page.

Source: https://learn.microsoft.com/azure/api-management/azure-openai-emit-token-metric-policy
"""

from __future__ import annotations

from apimpolicy.policies.llm_emit_token_metric import LlmEmitTokenMetric
from apimpolicy.policies.spec import policy


@policy("azure-openai-emit-token-metric", sections="inbound")
class AzureOpenaiEmitTokenMetric(LlmEmitTokenMetric):
    """The same attributes and children."""
