"""backend-choice: set-backend-service names two backends, or none.

**What it does.** Looks for `set-backend-service` with both `base-url` and `backend-id`, or with neither of them.

**Why it matters.** It is one or the other. Which of the two would count is documented nowhere.

**Example**

```xml
<set-backend-service base-url="https://orders.example" backend-id="orders" />
```

**Use instead** the id alone; the backend that it names has a URL.

**Sources.** https://learn.microsoft.com/azure/api-management/set-backend-service-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.checks.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element


class BackendChoice(Rule):
    code = "POL137"
    elements = ("set-backend-service",)

    def visit_element(self, element: Element) -> Iterator[Diagnostic]:
        by_url, by_id = element.get("base-url"), element.get("backend-id")
        if by_url is not None and by_id is not None:
            message = "both a URL and the id of a backend are given"
            yield self.at_attribute(element, by_url, message, help="Keep 'backend-id', or 'base-url'.")
        elif by_url is None and by_id is None:
            yield self.at_element(element, "no backend is named", help="Give it 'base-url' or 'backend-id'.")
