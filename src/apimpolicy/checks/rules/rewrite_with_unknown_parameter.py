"""rewrite-with-unknown-parameter: rewrite-uri uses a parameter that the operation doesn't have.

**What it does.** Looks in `rewrite-uri` for parameters, `{name}`, in path or query, that aren't in the operation's URL
template, where that is known.

**Why it matters.** Azure refuses to save the policy: "Only parameters specified in the original URL template can be
used in the rewrite template".

**Example**

For an operation `/orders/{id}`:

```xml
<rewrite-uri template="/v2/orders/{orderId}" />
```

**Use instead** a parameter of the operation.

**Evidence.** Gateways answer `Only parameters specified in the original URL template can be used in the rewrite
template` (azure-powershell#9171).

**Sources.** https://learn.microsoft.com/azure/api-management/rewrite-uri-policy
"""

from __future__ import annotations

import re

from apimpolicy.checks.rule import Element, Findings, Rule, Severity

PARAMETER = re.compile(r"\{\*?([^{}?]+)\}")


class RewriteWithUnknownParameter(Rule):
    code = "POL414"
    severity = Severity.ERROR
    elements = ("rewrite-uri",)
    known = ("url_template",)

    def visit_element(self, element: Element) -> Findings:
        template, known = self.literal(element, "template") or "", self.settings.url_template or ""
        names = {found[1].lower() for found in PARAMETER.finditer(known)}
        for found in PARAMETER.finditer(template):
            if found[1].lower() not in names:
                message = f"the operation has no parameter '{found[1]}'"
                yield self.at_value(element, "template", message, help=f"Its URL template is {known}.")
