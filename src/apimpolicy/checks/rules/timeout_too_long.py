"""timeout-too-long: a timeout is longer than the gateway may honour.

**What it does.** Looks for `forward-request` with a literal `timeout` above 240 seconds (or `timeout-ms` above
240,000).

**Why it matters.** The network infrastructure of Azure can drop connections that are idle for about four minutes, and
longer timeouts may not be honored. The caller then gets an error while the backend continues to work.

**Example**

```xml
<forward-request timeout="600" />
```

**Use instead** an immediate 202, and a URL where the caller can get the result later.

**Sources.** https://learn.microsoft.com/azure/api-management/forward-request-policy
"""

from __future__ import annotations

from apimpolicy.checks.rule import Element, Findings, Rule

MOST_SECONDS = 240


class TimeoutTooLong(Rule):
    code = "POL402"
    elements = ("forward-request",)
    attributes = ("timeout", "timeout-ms")

    def visit_element(self, element: Element) -> Findings:
        for name, unit in (("timeout", 1), ("timeout-ms", 1000)):
            text = self.literal(element, name) or ""
            if text.isdecimal() and int(text[:12]) > MOST_SECONDS * unit:
                message = f"a timeout of more than {MOST_SECONDS} seconds may not be honoured"
                help = "Return 202 immediately, and let the caller get the result later."
                yield self.at_value(element, name, message, help=help)
