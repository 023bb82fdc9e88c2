"""backend-holds-one: the backend section contains more than one policy.

**What it does.** Counts the policies directly inside `backend`; `<base />` counts as one. Policies inside `choose`,
`retry` or another policy don't count. A section with a policy that isn't known is left to the finding about it.

**Why it matters.** Azure refuses to save the policy.

**Example**

```xml
<backend>
    <base />
    <forward-request timeout="20" />
</backend>
```

**Use instead** one of them. Policies that prepare the request, such as `set-variable`, belong in `inbound`:

```xml
<backend>
    <forward-request timeout="20" />
</backend>
```

**Evidence.** Two live gateways (Consumption and Basic v2, September 2026) refused a second policy, and counted `<base
/>`.

**Sources.** https://learn.microsoft.com/azure/api-management/forward-request-policy. Seen when policies were saved to
a gateway in 2026; earlier gateways may be more lenient.
"""

from __future__ import annotations

from apimpolicy.checks.rule import Element, Findings, Rule, Severity
from apimpolicy.gateway.policies.registry import has_trait, specification_of


class BackendHoldsOne(Rule):
    code = "POL138"
    severity = Severity.ERROR
    elements = ("backend",)

    def visit_element(self, element: Element) -> Findings:
        if element.parent is not None and element.parent.name != "policies":
            return
        policies = [*element.elements()]
        if len(policies) > 1 and all(specification_of(policy.name) is not None for policy in policies):
            first, second = policies[:2]
            message = f"'backend' can contain only one policy, and already contains '{first.name}'"
            yield self.at_element(second, message, help=advice(first, second))


def advice(first: Element, second: Element) -> str:
    if "base" in (first.name, second.name) and any(has_trait(each.name, "forwards") for each in (first, second)):
        return "Keep <base /> or <forward-request />: each of them forwards the request."
    return "Move what prepares the request to 'inbound', and what follows it to 'outbound'."
