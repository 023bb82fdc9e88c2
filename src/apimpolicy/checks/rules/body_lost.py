"""body-lost: the backend gets an empty body because a policy has read it.

**What it does.** Looks for reads of `context.Request.Body` in inbound without `preserveContent: true` that happen for
every request and aren't followed by `set-body`. Also looks for the same with the response in outbound, where the
caller gets the empty body.

**Why it matters.** A body is a stream. Reading it without `preserveContent: true` consumes it, and an empty body is
sent on.

**Example**

```xml
<inbound>
    <base />
    <set-variable name="id" value="@((string)context.Request.Body.As<JObject>()["id"])" />
</inbound>
```

**Use instead**

```xml
<set-variable name="id" value="@((string)context.Request.Body.As<JObject>(preserveContent: true)["id"])" />
```

**Sources.** https://learn.microsoft.com/azure/api-management/api-management-policy-expressions#ref-imessagebody
"""

from __future__ import annotations

from apimpolicy.checks.rule import Findings, Rule
from apimpolicy.gateway.policies.registry import has_trait


class BodyLost(Rule):
    code = "POL205"
    needs_all = True
    members = ("Body",)

    def finish(self) -> Findings:
        ends = self.subject.flow.ends
        for section, which, who in (("inbound", "request", "the backend"), ("outbound", "response", "the caller")):
            state = ends.get(section)
            read = None if state is None else state.consumed.get(which)
            if read is not None and self.is_sent_on(section):
                yield self.at_code(
                    read.expression,
                    read.node,
                    f"{who} gets an empty body",
                    label="it is consumed here",
                    help="Write As<…>(preserveContent: true).",
                )

    def is_sent_on(self, section: str) -> bool:
        root = next((root for root in self.document.roots if root.name == "policies"), None)
        if root is None:
            return False
        backend = root.find("backend")
        if section == "outbound" or backend is None:
            return True
        names = {element.name for element in backend.descendants()}
        forwards = any(name == "base" or has_trait(name, "forwards") for name in names)
        return forwards and not any(has_trait(name, "replaces-body") for name in names)
