"""forwarded-twice: the request is forwarded twice.

**What it does.** Looks in the backend section for a second `forward-request`, or `forward-request` after `base`,
inside another policy such as `choose`. Directly in the section, POL138 reports it.

**Why it matters.** The backend gets the request twice: an order is placed twice.

**Example**

```xml
<backend>
    <limit-concurrency key="orders" max-count="10">
        <forward-request timeout="20" />
        <forward-request timeout="60" />
    </limit-concurrency>
</backend>
```

**Use instead** one of the two.

**Sources.** https://learn.microsoft.com/azure/api-management/forward-request-policy
"""

from __future__ import annotations

from apimpolicy.checks.rule import Element, Findings, Rule


class ForwardedTwice(Rule):
    code = "POL405"
    elements = ("forward-request",)

    def visit_element(self, element: Element) -> Findings:
        parent = element.parent
        if parent is None or parent.name == "backend" or self.subject.section_of(element) != "backend":
            return
        forwards = ("forward-request",) if self.settings.scope == "global" else ("forward-request", "base")
        other = next((other for other in element.preceding_siblings() if other.name in forwards), None)
        if other is not None:
            yield self.at_element(
                element,
                f"the request has already been forwarded by '{other.name}'",
                label="the backend gets it twice",
                help="Remove one of the two.",
            )
