"""cors-out-of-place: cors is in a place where it can't answer preflight requests.

**What it does.** Looks for `cors` inside another policy (`choose`), and for `cors` after a policy that can refuse a
request (`validate-jwt`, `rate-limit` and others).

**Why it matters.** For a preflight request (OPTIONS) the gateway looks for `cors` among the direct children of
inbound and, since October 2022, of fragments that are included there. Inside `choose` it isn't found, and the browser
blocks the call. Policies before `cors` answer without CORS headers, so that the page can't even read their error.

**Example**

```xml
<inbound>
    <base />
    <validate-jwt header-name="Authorization" />
    <cors>…</cors>
</inbound>
```

**Use instead**

```xml
<inbound>
    <base />
    <cors>…</cors>
    <validate-jwt header-name="Authorization" />
</inbound>
```

**Sources.** https://learn.microsoft.com/azure/api-management/cors-policy
"""

from __future__ import annotations

from apimpolicy.checks.rule import Element, Findings, Rule
from apimpolicy.gateway.policies.registry import has_trait

OTHER_SECTIONS = ("backend", "outbound", "on-error")
"""Sections where POL106 reports `cors`."""


class CorsOutOfPlace(Rule):
    code = "POL322"
    elements = ("cors",)

    def visit_element(self, element: Element) -> Findings:
        parent = element.parent
        if parent is None or parent.name in OTHER_SECTIONS:
            return
        if parent.name not in ("inbound", "policies", "fragment"):
            message = f"'cors' doesn't answer preflight requests inside '{parent.name}'"
            yield self.at_element(element, message, help="Make it a direct child of 'inbound'.")
            return
        refusing = next((other for other in element.preceding_siblings() if has_trait(other.name, "refuses")), None)
        if refusing is not None:
            yield self.at_element(
                element,
                f"'{refusing.name}' comes before 'cors'",
                label="requests that it refuses get no CORS headers",
                help="Put 'cors' first, right after <base />.",
            )
