"""backend-id-overridden: a base-url comes after a backend-id.

**What it does.** Looks for `set-backend-service` with `base-url` after one with `backend-id` in the same sequence of
policies.

**Why it matters.** A backend that was set by id can only be overridden by another id. Either the URL has no effect or
Azure refuses the policy; the documentation doesn't say which.

**Example**

```xml
<set-backend-service backend-id="orders" />
<set-backend-service base-url="https://orders-2.contoso.example" />
```

**Use instead** a second backend with an id of its own, or `choose` to select one of the two.

**Sources.** https://learn.microsoft.com/azure/api-management/set-backend-service-policy
"""

from __future__ import annotations

from apimpolicy.checks.rule import Element, Findings, Rule


class BackendIdOverridden(Rule):
    code = "POL415"
    elements = ("set-backend-service",)

    def visit_element(self, element: Element) -> Findings:
        before = (other for other in element.preceding_siblings() if other.name == "set-backend-service")
        if element.get("base-url") is not None and any(other.get("backend-id") is not None for other in before):
            message = "'base-url' can't override the 'backend-id' that was set before"
            help = "Create a backend for this URL and use its id."
            yield self.at_attribute(element, "base-url", message, help=help)
