"""forwarded-twice: the request is forwarded twice.

**What it does.** Looks for a second `forward-request` among the same policies, and for `forward-request` beside
`base` in the backend section of an API or an operation.

**Why it matters.** `base` already forwards (the global policy does). The backend gets the request twice; orders are
placed twice.

**Example**

```xml
<backend>
    <base />
    <forward-request timeout="20" />
</backend>
```

**Use instead** one of the two.

**Sources.** https://learn.microsoft.com/azure/api-management/forward-request-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.checks.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element


class ForwardedTwice(Rule):
    code = "POL405"
    elements = ("forward-request",)

    def visit_element(self, element: Element) -> Iterator[Diagnostic]:
        parent = element.parent
        if parent is None or self.subject.section_of(element) != "backend":
            return
        for other in parent.elements():
            if other is element:
                return
            if other.name == "forward-request" or (other.name == "base" and self.settings.scope != "global"):
                yield self.at_element(
                    element,
                    f"the request was forwarded already, by '{other.name}'",
                    label="the backend gets it twice",
                    help="Keep one of the two.",
                )
                return
