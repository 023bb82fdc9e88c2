"""mock-left: callers get a mock response.

**What it does.** Looks for `mock-response`. Off by default, because mocks are useful while an API is being designed.

**Why it matters.** A mock that was forgotten in a policy answers real callers, and nothing tells you.

**Example**

```xml
<mock-response status-code="200" content-type="application/json" />
```

**Use instead** nothing: remove it before the policy goes to production.

**Sources.** https://learn.microsoft.com/azure/api-management/mock-response-policy
"""

from __future__ import annotations

from apimpolicy.checks.rule import Element, Findings, Rule, Severity


class MockLeft(Rule):
    code = "POL408"
    severity = Severity.INFO
    by_default = False
    elements = ("mock-response",)

    def visit_element(self, element: Element) -> Findings:
        help = "Remove it before the policy goes to production."
        yield self.at_element(element, "callers get a mock response here", help=help)
