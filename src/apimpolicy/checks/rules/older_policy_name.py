"""older-policy-name: a policy for Azure OpenAI has a newer equivalent for all language models.

**What it does.** Looks for `azure-openai-token-limit`, `azure-openai-emit-token-metric`,
`azure-openai-semantic-cache-lookup` and `azure-openai-semantic-cache-store` where the policy whose name begins with
`llm-` instead takes the same attributes and does the same: `token-quota-period` isn't `Indefinite`, metrics are emitted
in inbound, the lookup names `embeddings-backend-auth` and both halves of the cache are in the document. It stays silent
in a document that contains the old name elsewhere, such as in a comparison with `context.LastError.Source`.

**Why it matters.** Microsoft documents and extends the `llm-` policies, which work for every model with an API like
that of OpenAI; the older names are kept for existing documents. `check --fix` replaces them.

**Example**

```xml
<azure-openai-token-limit counter-key="a" tokens-per-minute="500" estimate-prompt-tokens="true" />
```

**Use instead**

```xml
<llm-token-limit counter-key="a" tokens-per-minute="500" estimate-prompt-tokens="true" />
```

**Sources.** https://learn.microsoft.com/azure/api-management/llm-token-limit-policy,
https://learn.microsoft.com/azure/api-management/azure-openai-token-limit-policy
"""

from __future__ import annotations

from apimpolicy.checks.rule import Element, Findings, Rule, Severity


class OlderPolicyName(Rule):
    code = "POL143"
    severity = Severity.INFO
    elements = (
        "azure-openai-token-limit",
        "azure-openai-emit-token-metric",
        "azure-openai-semantic-cache-lookup",
        "azure-openai-semantic-cache-store",
    )

    def visit_element(self, element: Element) -> Findings:
        if self._is_equivalent(element) and not self._is_named_elsewhere(element.name):
            newer = element.name.replace("azure-openai-", "llm-")
            yield self.at_element(
                element,
                f"'{element.name}' has a newer equivalent for all language models",
                label=f"the newer name is '{newer}'",
                help=f"Replace it with {newer}; `check --fix` does this.",
            )

    def _is_equivalent(self, element: Element) -> bool:
        if element.name.endswith("token-limit"):
            period = self.literal(element, "token-quota-period")
            return element.get("token-quota-period") is None or period not in (None, "Indefinite")
        if element.name.endswith("metric"):
            return self.subject.section_of(element) == "inbound"
        lookups = [each for each in self.subject.elements if each.name == "azure-openai-semantic-cache-lookup"]
        stores = any(each.name == "azure-openai-semantic-cache-store" for each in self.subject.elements)
        return stores and bool(lookups) and all(each.get("embeddings-backend-auth") is not None for each in lookups)

    def _is_named_elsewhere(self, name: str) -> bool:
        """Return whether the text has the name besides the tags of policies."""
        text = self.document.source.text
        return text.count(name) > text.count(f"<{name}") + text.count(f"</{name}")
