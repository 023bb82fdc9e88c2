"""backend-does-not-forward: nothing is forwarded to the backend.

**What it does.** Looks at a `backend` section that has neither `base` nor `forward-request` and no other policy that
answers.

**Why it matters.** The section replaces the wider scopes' one. Without `base` or `forward-request` the request goes
nowhere, and the caller gets an empty 200.

**Example**

```xml
<backend />
```

**Use instead**

```xml
<backend>
    <base />
</backend>
```

At the global scope write `<forward-request />`.

**Sources.** https://learn.microsoft.com/azure/api-management/forward-request-policy,
https://learn.microsoft.com/azure/api-management/api-management-howto-policies
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.checks.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element


ANSWERING = frozenset(
    (
        "base",
        "cosmosdb-data-source",
        "forward-request",
        "http-data-source",
        "include-fragment",
        "invoke-dapr-binding",
        "mock-response",
        "publish-to-dapr",
        "return-response",
        "send-request",
        "sql-data-source",
    )
)
"""Policies that send the request somewhere, answer it, or may hold what does."""


ENDING = ("return-response", "mock-response", "invoke-dapr-binding", "publish-to-dapr")


class BackendDoesNotForward(Rule):
    code = "POL401"
    elements = ("backend",)

    def visit_element(self, element: Element) -> Iterator[Diagnostic]:
        if element.parent is None or element.parent.name != "policies":
            return
        if any(other.name in ANSWERING for other in element.descendants()):
            return
        inbound = element.parent.find("inbound")
        if inbound is not None and any(other.name in ENDING for other in inbound.elements()):
            return
        yield self.at_element(
            element,
            "nothing is forwarded to the backend",
            label="callers get an empty 200",
            help="Write <base /> here; at the global scope, <forward-request />.",
        )
