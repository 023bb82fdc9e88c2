"""cors-out-of-place: a cors policy stands where it does not answer preflight requests.

**What it does.** Looks for `cors` inside another policy (`choose`) or a fragment, and for `cors` that comes after a
policy that can refuse a request (`validate-jwt`, `rate-limit` and the like).

**Why it matters.** Before the gateway runs a policy for a preflight request (OPTIONS) it looks for `cors` among the
direct children of inbound. Inside `choose` or a fragment it is not found, and the browser is refused. Policies before
it answer browsers without CORS headers, so that the page cannot even read their error.

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

from typing import TYPE_CHECKING

from apimpolicy.checks.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element


REFUSING = frozenset(
    (
        "check-header",
        "ip-filter",
        "quota",
        "quota-by-key",
        "rate-limit",
        "rate-limit-by-key",
        "return-response",
        "validate-azure-ad-token",
        "validate-client-certificate",
        "validate-jwt",
    )
)
"""Policies that end a request by themselves."""


class CorsOutOfPlace(Rule):
    code = "POL322"
    elements = ("cors",)

    def visit_element(self, element: Element) -> Iterator[Diagnostic]:
        parent = element.parent
        if parent is None:
            return
        if parent.name not in ("inbound", "policies"):
            where = "a fragment" if parent.name == "fragment" else f"'{parent.name}'"
            yield self.at_element(
                element,
                f"inside {where} cors does not answer preflight requests",
                help="Make it a direct child of inbound.",
            )
            return
        for other in parent.elements():
            if other is element:
                return
            if other.name in REFUSING:
                yield self.at_element(
                    element,
                    f"'{other.name}' comes before cors",
                    label="its refusals have no CORS headers",
                    help="Put cors first, behind <base />.",
                )
                return
