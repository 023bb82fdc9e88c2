"""backend-choice: set-backend-service names two backends.

**What it does.** Looks for `set-backend-service` with both `base-url` and `backend-id`.

**Why it matters.** The two exclude each other, and no document says which of them is used.

**Example**

```xml
<set-backend-service base-url="https://orders.example" backend-id="orders" />
```

**Use instead** the id alone: the backend with that id has its own URL.

**Sources.** https://learn.microsoft.com/azure/api-management/set-backend-service-policy
"""

from __future__ import annotations

from apimpolicy.checks.rule import Element, Findings, Rule


class BackendChoice(Rule):
    code = "POL137"
    elements = ("set-backend-service",)

    def visit_element(self, element: Element) -> Findings:
        if element.get("base-url") is not None and element.get("backend-id") is not None:
            message = "'base-url' and 'backend-id' exclude each other"
            yield self.at_attribute(element, "base-url", message, help="Keep one of them.")
