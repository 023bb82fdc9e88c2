"""policy-out-of-scope: a policy isn't allowed at the scope of the document.

**What it does.** Looks for policies that aren't documented for the document's scope, where the folder or the
configuration tells what that is: `quota` at any scope but that of a product, `cross-domain` below the global scope,
`rate-limit` at the global scope.

**Why it matters.** Azure refuses to save the policy: "Policy is not allowed in the specified scope".

**Example**

```xml
<quota calls="1000" renewal-period="3600" />
```

**Use instead** a scope where the policy is allowed, or `quota-by-key`.

**Evidence.** A gateway answered `Error in element 'quota' on line 17, column 10: Policy is not allowed in the specified
scope` (January 2026).

**Sources.** https://learn.microsoft.com/azure/api-management/api-management-policies
"""

from __future__ import annotations

from apimpolicy.checks.rule import Findings, Rule, Severity
from apimpolicy.gateway.policies.placement import SCOPES
from apimpolicy.gateway.policies.registry import placement_of


class PolicyOutOfScope(Rule):
    code = "POL120"
    severity = Severity.ERROR
    known = ("scope",)

    def finish(self) -> Findings:
        scope = self.settings.scope
        for element in self.subject.elements:
            missing = placement_of(element.name).not_at
            if scope in missing and self.subject.is_policy(element):
                message = f"'{element.name}' is not allowed at the scope '{scope}'"
                allowed = ", ".join(name for name in SCOPES if name not in missing)
                yield self.at_element(element, message, help=f"It is allowed at: {allowed}.")
