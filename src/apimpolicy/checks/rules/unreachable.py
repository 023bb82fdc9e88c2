"""unreachable: policies can't be reached.

**What it does.** Looks for policies that follow `return-response` or `mock-response` in the same sequence.

**Why it matters.** Both end the request, and the policies after them never run. Often a condition was forgotten.

**Example**

```xml
<return-response><set-status code="204" reason="No Content" /></return-response>
<set-header name="X-Trace"><value>@(context.RequestId)</value></set-header>
```

**Use instead** the reverse order, or `choose` around `return-response`.

**Sources.** https://learn.microsoft.com/azure/api-management/return-response-policy,
https://learn.microsoft.com/azure/api-management/mock-response-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.checks.rule import Rule
from apimpolicy.policies.registry import has_trait

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element


class Unreachable(Rule):
    code = "POL407"
    traits = ("terminates",)

    def visit_element(self, element: Element) -> Iterator[Diagnostic]:
        parent = element.parent
        if parent is None or has_trait(parent.name, "parallel"):
            return
        behind = False
        for other in parent.elements():
            if behind and other.name == "base":
                return  # many put it there as a matter of form
            if behind:
                yield self.at_element(
                    other,
                    f"this is never reached, because '{element.name}' ends the request",
                    help=f"Move it before '{element.name}', or put '{element.name}' inside 'choose'.",
                )
                return
            behind = other is element
