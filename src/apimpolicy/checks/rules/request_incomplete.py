"""request-incomplete: a new request has no URL or no method.

**What it does.** Looks for `send-request` and `send-one-way-request` with `mode="new"`, the default, that lack
`set-url` (an error) or `set-method` (an info).

**Why it matters.** Without a URL the request always fails. The documentation requires both elements; without
`set-method` the gateway seems to send a GET, which isn't documented.

**Example**

```xml
<send-request mode="new" response-variable-name="user" />
```

**Use instead**

```xml
<send-request mode="new" response-variable-name="user">
    <set-url>https://users.contoso.example/me</set-url>
    <set-method>GET</set-method>
</send-request>
```

**Evidence.** The request can't be sent without a URL: it fails whenever it is reached. Only a missing URL is an error.

**Sources.** https://learn.microsoft.com/azure/api-management/send-request-policy,
https://learn.microsoft.com/azure/api-management/send-one-way-request-policy
"""

from __future__ import annotations

from apimpolicy.checks.rule import Element, Findings, Rule, Severity
from apimpolicy.gateway.policies.registry import has_trait


class RequestIncomplete(Rule):
    code = "POL134"
    traits = ("requests",)

    def visit_element(self, element: Element) -> Findings:
        if element.get("mode") is not None and self.literal(element, "mode") != "new":
            return
        if element.find("set-url") is None:
            message, help = "a new request needs 'set-url'", 'Add <set-url>, or mode="copy".'
            yield self.at_element(element, message, severity=Severity.ERROR, help=help)
        elif not any(has_trait(child.name, "sets-method") for child in element.elements()):
            message, help = "a new request needs 'set-method'", "Add <set-method>GET</set-method>."
            yield self.at_element(element, message, severity=Severity.INFO, help=help)
