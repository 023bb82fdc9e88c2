"""requests-in-outbound: a self-hosted gateway supports only one send-one-way-request in outbound.

**What it does.** Looks for a second `send-one-way-request` in outbound where the gateway is known to be self-hosted.

**Why it matters.** The documentation says that more than one isn't supported there.

**Example**

```xml
<outbound>
    <send-one-way-request mode="new">…</send-one-way-request>
    <send-one-way-request mode="new">…</send-one-way-request>
</outbound>
```

**Use instead** `send-request`, or one request that carries both.

**Sources.** https://learn.microsoft.com/azure/api-management/send-one-way-request-policy
"""

from __future__ import annotations

from apimpolicy.checks.rule import Findings, Rule


class RequestsInOutbound(Rule):
    code = "POL417"
    elements = ("send-one-way-request",)
    known = ("gateway",)

    def finish(self) -> Findings:
        if self.settings.gateway != "self-hosted":
            return
        found = (element for element in self.subject.elements if element.name == "send-one-way-request")
        for element in [each for each in found if self.subject.section_of(each) == "outbound"][1:]:
            message = "a self-hosted gateway supports only one 'send-one-way-request' in outbound"
            yield self.at_element(element, message, help="Use 'send-request' instead.")
