"""request-without-timeout: send-request has no timeout.

**What it does.** Looks for `send-request` without `timeout`. Off by default, because there is a default of 60 seconds.

**Why it matters.** If the other service hangs, every caller waits for a minute and connections pile up.

**Example**

```xml
<send-request mode="new" response-variable-name="user">
```

**Use instead**

```xml
<send-request mode="new" response-variable-name="user" timeout="5">
```

**Sources.** https://learn.microsoft.com/azure/api-management/send-request-policy
"""

from __future__ import annotations

from apimpolicy.checks.rule import Element, Findings, Rule, Severity


class RequestWithoutTimeout(Rule):
    code = "POL416"
    severity = Severity.INFO
    by_default = False
    elements = ("send-request",)

    def visit_element(self, element: Element) -> Findings:
        if element.get("timeout") is None:
            yield self.at_element(element, "callers may have to wait here for 60 seconds", help='Add timeout="5".')
