"""counter-shared-by-all: all callers share one counter.

**What it does.** Looks for `rate-limit-by-key`, `quota-by-key` and `llm-token-limit` whose `counter-key` is a literal,
or an expression that depends only on the API, the operation, the workspace or the gateway.

**Why it matters.** One caller can use up the calls of all the others. If the limit is meant for the backend as a
whole, say so in a suppression.

**Example**

```xml
<rate-limit-by-key calls="10" renewal-period="60" counter-key="orders" />
```

**Use instead**

```xml
<rate-limit-by-key calls="10" renewal-period="60" counter-key="@(context.Subscription.Id)" />
```

**Sources.** https://learn.microsoft.com/azure/api-management/rate-limit-by-key-policy,
https://learn.microsoft.com/azure/api-management/quota-by-key-policy
"""

from __future__ import annotations

from apimpolicy.checks.nodes import type_name
from apimpolicy.checks.rule import CheckedExpression, Element, Findings, Rule, Severity
from apimpolicy.csharp.binding.nodes import PropertyAccess
from apimpolicy.text.source import is_unknown

SHARED = frozenset(("Api", "Deployment", "Operation", "Workspace"))
"""Members of `context` that are the same for all callers."""


class CounterSharedByAll(Rule):
    code = "POL409"
    severity = Severity.INFO
    traits = ("limits",)
    attributes = ("counter-key",)

    def visit_element(self, element: Element) -> Findings:
        key = element.get("counter-key")
        if key is None or is_unknown(key.value.text):
            return
        parts = [found for found in self.subject.expressions_of(element) if found.attribute is key]
        if all(part.compiled.is_legal and is_the_same_for_all(part) for part in parts):
            help = 'To count each caller, use "@(context.Subscription.Id)".'
            yield self.at_value(element, key.name, "all callers share this counter", help=help)


def is_the_same_for_all(expression: CheckedExpression) -> bool:
    """Return whether nothing in an expression tells one caller from another."""
    return all(
        node.property.name in SHARED if type_name(node.receiver) == "IContext" else node.receiver is not None
        for node in expression.of_kind(PropertyAccess)
    )
