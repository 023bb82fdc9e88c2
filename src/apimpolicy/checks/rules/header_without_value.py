"""header-without-value: a header or a query parameter is set without a value.

**What it does.** Looks for `set-header` and `set-query-parameter` without `value`, unless `exists-action` is `delete`.

**Why it matters.** The documentation requires a value. To remove the header, `exists-action` has to be `delete`.

**Example**

```xml
<set-header name="X-Powered-By" exists-action="override" />
```

**Use instead**

```xml
<set-header name="X-Powered-By" exists-action="delete" />
```

**Sources.** https://learn.microsoft.com/azure/api-management/set-header-policy,
https://learn.microsoft.com/azure/api-management/set-query-parameter-policy
"""

from __future__ import annotations

from apimpolicy.checks.rule import Element, Findings, Rule


class HeaderWithoutValue(Rule):
    code = "POL133"
    elements = ("set-header", "set-query-parameter")

    def visit_element(self, element: Element) -> Findings:
        action = self.literal(element, "exists-action")
        is_unknown = action is None and element.get("exists-action") is not None
        if element.find("value") is None and not is_unknown and action != "delete":
            help = 'Add <value>, or exists-action="delete" to remove it.'
            yield self.at_element(element, f"'{element.name}' has no value", help=help)
