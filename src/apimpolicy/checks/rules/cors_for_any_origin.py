"""cors-for-any-origin: any origin is allowed.

**What it does.** Looks for `cors` with `*` as an origin, a method or a header. Off by default, because a public API
needs that.

**Why it matters.** Any page can call the API from your users' browsers.

**Example**

```xml
<cors><allowed-origins><origin>*</origin></allowed-origins></cors>
```

**Use instead** the origins of your own pages, and the methods and headers that they send.

**Sources.** https://learn.microsoft.com/azure/api-management/cors-policy
"""

from __future__ import annotations

from apimpolicy.checks.rule import Element, Findings, Rule, Severity

ANYTHING = {"allowed-origins": "origin", "allowed-methods": "method", "allowed-headers": "header"}


class CorsForAnyOrigin(Rule):
    code = "POL321"
    severity = Severity.INFO
    by_default = False
    elements = ("cors",)

    def visit_element(self, element: Element) -> Findings:
        for group, what in ANYTHING.items():
            allowed = element.find(group)
            for each in allowed.elements() if allowed is not None else ():
                if each.text.strip() == "*":
                    help = f"List the {what}s that your own pages use."
                    yield self.at_element(each, f"any {what} is allowed", help=help)
