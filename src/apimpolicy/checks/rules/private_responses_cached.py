"""private-responses-cached: one caller's response may be served to another from the cache.

**What it does.** Looks for `cache-lookup` with `allow-private-response-caching="true"` that varies neither by the
header `Authorization` nor by developer.

**Why it matters.** Responses to requests with an `Authorization` header are cached only with this attribute. Then all
callers get the response to the first one.

**Example**

```xml
<cache-lookup vary-by-developer="false" vary-by-developer-groups="false" allow-private-response-caching="true" />
```

**Use instead**

```xml
<cache-lookup vary-by-developer="false" vary-by-developer-groups="false" allow-private-response-caching="true">
    <vary-by-header>Authorization</vary-by-header>
</cache-lookup>
```

**Sources.** https://learn.microsoft.com/azure/api-management/cache-lookup-policy
"""

from __future__ import annotations

from apimpolicy.checks.rule import Element, Findings, Rule


class PrivateResponsesCached(Rule):
    code = "POL340"
    needs_all = True
    elements = ("cache-lookup",)

    def visit_element(self, element: Element) -> Findings:
        name = "allow-private-response-caching"
        is_shared = self.literal(element, "vary-by-developer") in ("false", "")
        varied = (child.text.strip().lower() for child in element.elements() if child.name == "vary-by-header")
        if self.literal(element, name) == "true" and is_shared and "authorization" not in varied:
            help = "Add <vary-by-header>Authorization</vary-by-header>, or vary by developer."
            yield self.at_value(element, name, "one caller's response may be served to another", help=help)
