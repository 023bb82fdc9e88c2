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

from apimpolicy.checks.rule import Element, Findings, Rule
from apimpolicy.gateway.policies.registry import has_trait


class Unreachable(Rule):
    code = "POL407"
    traits = ("terminates",)

    def visit_element(self, element: Element) -> Findings:
        other = next(element.following_siblings(), None)
        if other is None or other.name == "base":  # which many write as a matter of form
            return
        if element.parent is not None and not has_trait(element.parent.name, "parallel"):
            message = f"this is never reached, because '{element.name}' ends the request"
            help = f"Move it before '{element.name}', or put '{element.name}' inside 'choose'."
            yield self.at_element(other, message, help=help)
