"""backend-does-not-forward: nothing is forwarded to the backend.

**What it does.** Looks for a `backend` section without `base`, `forward-request` or another policy that produces a
response. It stays silent where no request gets to the backend section, and where outbound makes up the response.

**Why it matters.** The section replaces that of the wider scopes. Without `base` or `forward-request` the request
isn't sent anywhere, and callers get an empty 200.

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

At the global scope, write `<forward-request />`.

**Sources.** https://learn.microsoft.com/azure/api-management/forward-request-policy,
https://learn.microsoft.com/azure/api-management/api-management-howto-policies
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.checks.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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
"""Policies that send the request somewhere, answer it, or may contain such a policy."""

ENDING = frozenset(("return-response", "mock-response", "invoke-dapr-binding", "publish-to-dapr"))
COMPOSING = frozenset(("return-response", "mock-response", "set-body", "set-status", "include-fragment"))
"""Policies of outbound that make up a response."""


class BackendDoesNotForward(Rule):
    code = "POL401"
    needs_all = True
    elements = ("backend",)

    def visit_element(self, element: Element) -> Iterator[Diagnostic]:
        if element.parent is None or element.parent.name != "policies":
            return
        if any(other.name in ANSWERING for other in element.descendants()):
            return
        inbound, outbound = element.parent.find("inbound"), element.parent.find("outbound")
        if inbound is not None and (_has(inbound.elements(), ENDING) or self.subject.flow.ends.get("inbound") is None):
            return
        if outbound is not None and _has(outbound.descendants(), COMPOSING):
            return
        yield self.at_element(
            element,
            "nothing is forwarded to the backend",
            label="callers get an empty 200",
            help="Write <base /> here, or <forward-request /> at the global scope.",
        )


def _has(elements: Iterable[Element], names: frozenset[str]) -> bool:
    return any(element.name in names for element in elements)
