"""semantic-cache-shared: all callers share the cached responses of a language model.

**What it does.** Looks for `llm-semantic-cache-lookup` and `azure-openai-semantic-cache-lookup` without `vary-by`, or
with a literal `score-threshold` above 0.2.

**Why it matters.** Without `vary-by`, a response that contains one caller's data is served to the next caller with a
similar prompt. The greater the threshold, the less similar the prompts need to be.

**Example**

```xml
<llm-semantic-cache-lookup score-threshold="0.8" embeddings-backend-id="e" embeddings-backend-auth="system-assigned" />
```

**Use instead**

```xml
<llm-semantic-cache-lookup score-threshold="0.05" embeddings-backend-id="e" embeddings-backend-auth="system-assigned">
    <vary-by>@(context.Subscription.Id)</vary-by>
</llm-semantic-cache-lookup>
```

**Sources.** https://learn.microsoft.com/azure/api-management/llm-semantic-cache-lookup-policy
"""

from __future__ import annotations

from apimpolicy.checks.rule import Element, Findings, Rule

HIGHEST = 0.2


class SemanticCacheShared(Rule):
    code = "POL341"
    elements = ("llm-semantic-cache-lookup", "azure-openai-semantic-cache-lookup")

    def visit_element(self, element: Element) -> Findings:
        if element.find("vary-by") is None:
            help = "Add <vary-by>@(context.Subscription.Id)</vary-by>."
            yield self.at_element(element, "all callers share the cached responses", help=help)
        try:
            is_high = float(self.literal(element, "score-threshold") or "") > HIGHEST
        except ValueError:
            return
        if is_high:
            message = "prompts that are hardly similar get the same response"
            yield self.at_value(element, "score-threshold", message, help="Start with 0.05.")
