"""azure-openai-token-limit: limit the tokens of Azure OpenAI for each key; an older name of llm-token-limit.

```xml
<azure-openai-token-limit
    counter-key="@(context.Subscription.Id)"
    tokens-per-minute="10000"
    estimate-prompt-tokens="true"
    tokens-consumed-header-name="consumed-tokens" />
```

Simulated as llm-token-limit: see its page. Our choice: both policies share their counters.

Source: https://learn.microsoft.com/azure/api-management/azure-openai-token-limit-policy
"""

from __future__ import annotations

from apimpolicy.gateway.policies.llm_token_limit import QUOTA, LlmTokenLimit
from apimpolicy.gateway.policies.placement import Placement
from apimpolicy.gateway.policies.spec import policy


@policy(
    "azure-openai-token-limit",
    sections="inbound",
    alternatives=("tokens-per-minute", "token-quota"),
    requires=QUOTA,
    placement=Placement(not_on=("consumption",)),
    same_as="llm-token-limit",
    traits="limits",
    refuses_with="429 403 400",
    effects="variables refuses fails-later answer-headers",
    access="limits",
)
class AzureOpenaiTokenLimit(LlmTokenLimit):
    """Takes the attributes of llm-token-limit."""
