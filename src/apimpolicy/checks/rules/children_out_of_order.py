"""children-out-of-order: child elements are in the wrong order, or appear twice.

**What it does.** Compares the children of `send-request`, `send-one-way-request` and `return-response` with the
gateway's schema: their order, and that all but `set-header` appear at most once. For `return-response`, where deployed
policies differ from the schema, it is a warning.

**Why it matters.** Azure refuses to save the policy: "has invalid child element".

**Example**

```xml
<send-request mode="new" response-variable-name="user">
    <set-method>GET</set-method>
    <set-url>https://users.contoso.example/me</set-url>
</send-request>
```

**Use instead** the order `set-url`, `set-method`, `set-header`, `set-body`, then authentication.

**Evidence.** Gateways answer `has invalid child element`, seen for send-request and validate-jwt. Of 1,814 public
documents one has another order.

**Sources.** https://learn.microsoft.com/azure/api-management/send-request-policy,
https://learn.microsoft.com/azure/api-management/return-response-policy
"""

from __future__ import annotations

from apimpolicy.checks.rule import Element, Findings, Rule, Severity
from apimpolicy.gateway.policies.registry import has_trait


class ChildrenOutOfOrder(Rule):
    code = "POL124"
    severity = Severity.ERROR
    traits = ("ordered",)

    def visit_element(self, element: Element) -> Findings:
        specification = self.subject.specification_of(element)
        order = () if specification is None else specification.order
        severity = Severity.WARNING if has_trait(element.name, "composes") else self.severity
        latest, name_of_latest = -1, ""
        for child in element.elements():
            if child.name not in order:
                continue
            position = order.index(child.name)
            if position < latest:
                message = f"'{child.name}' must come before '{name_of_latest}'"
                yield self.at_element(child, message, help=f"The order is {', '.join(order)}.", severity=severity)
                return
            if position == latest and not has_trait(child.name, "sets-header"):
                message = f"'{element.name}' takes only one '{child.name}'"
                yield self.at_element(child, message, help="Remove one of them.", severity=severity)
                return
            latest, name_of_latest = position, child.name
