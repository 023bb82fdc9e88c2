"""unreachable: policies stand where no request comes.

**What it does.** Looks for policies that follow `return-response` or `mock-response` among the same policies.

**Why it matters.** Both end the request: what follows never runs. Often a condition around them was forgotten.

**Example**

```xml
<return-response><set-status code="204" reason="No Content" /></return-response>
<set-header name="X-Trace"><value>@(context.RequestId)</value></set-header>
```

**Use instead** the order the other way round, or `choose` around `return-response`.

**Sources.** https://learn.microsoft.com/azure/api-management/return-response-policy,
https://learn.microsoft.com/azure/api-management/mock-response-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.checks.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element


class Unreachable(Rule):
    code = "POL407"
    elements = ("return-response", "mock-response")

    def visit_element(self, element: Element) -> Iterator[Diagnostic]:
        parent = element.parent
        if parent is None or parent.name == "wait":
            return
        behind = False
        for other in parent.elements():
            if behind:
                yield self.at_element(
                    other,
                    f"no request comes here: '{element.name}' before it ends the request",
                    help="Put it first, or a condition around the other.",
                )
                return
            behind = other is element
