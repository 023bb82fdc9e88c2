"""counter-shared-by-all: one counter for everybody.

**What it does.** Looks at `rate-limit-by-key`, `quota-by-key` and `llm-token-limit` whose `counter-key` is a literal
text, or an expression without anything of the caller, the request, the subscription or the product.

**Why it matters.** All callers count together: one of them uses up everybody's calls. Who wants a limit for the
backend as a whole says so in a suppression.

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

from typing import TYPE_CHECKING

from apimpolicy.binding.nodes import PropertyAccess
from apimpolicy.checks.rule import Rule
from apimpolicy.diagnostics import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element


class CounterSharedByAll(Rule):
    code = "POL409"
    severity = Severity.INFO
    elements = ("rate-limit-by-key", "quota-by-key", "llm-token-limit", "azure-openai-token-limit")

    def visit_element(self, element: Element) -> Iterator[Diagnostic]:
        attribute = element.get("counter-key")
        if attribute is None or "{{" in attribute.value.text:
            return
        parts = [found for found in self.subject.expressions_of(element) if found.attribute is attribute]
        if any(not part.compiled.is_legal or next(part.of_kind(PropertyAccess), None) is not None for part in parts):
            return
        yield self.at_value(
            element, attribute, "all callers share this counter", help='Count by caller: "@(context.Subscription.Id)".'
        )
