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

from apimpolicy.checks.rule import Element, Findings, Rule
from apimpolicy.gateway.policies.registry import has_trait


class BackendDoesNotForward(Rule):
    code = "POL401"
    needs_all = True
    elements = ("backend",)

    def visit_element(self, element: Element) -> Findings:
        root = element.parent
        if root is None or root.name != "policies" or any(map(may_answer, element.descendants())):
            return
        inbound, outbound = root.find("inbound"), root.find("outbound")
        if inbound is not None:
            if self.subject.flow.ends.get("inbound") is None:
                return
            if any(has_trait(other.name, "terminates", "forwards-elsewhere") for other in inbound.elements()):
                return
        if outbound is not None and any(map(makes_response, outbound.descendants())):
            return
        yield self.at_element(
            element,
            "nothing is forwarded to the backend",
            label="callers get an empty 200",
            help="Write <base /> here, or <forward-request /> at the global scope.",
        )


def may_answer(element: Element) -> bool:
    """Return whether a policy sends the request somewhere, responds to it, or may contain such a policy."""
    return has_trait(element.name, "responds") or element.name in ("base", "include-fragment")


def makes_response(element: Element) -> bool:
    """Return whether a policy of outbound makes up a response, or may contain such a policy."""
    return has_trait(element.name, "builds-response") or element.name == "include-fragment"
