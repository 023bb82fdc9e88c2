"""section-without-policies: the root of the document is a section, not <policies>.

**What it does.** Looks for documents whose outermost element is a section. Off by default, because snippets in
documentation and the parts of which a build makes a policy look like that.

**Why it matters.** Azure refuses to save the policy.

**Example**

```xml
<inbound>
    <base />
</inbound>
```

**Use instead**

```xml
<policies>
    <inbound>
        <base />
    </inbound>
</policies>
```

**Evidence.** Users who pasted a single section were refused (azure-docs#111058).

**Sources.** https://learn.microsoft.com/azure/api-management/api-management-howto-policies
"""

from __future__ import annotations

from apimpolicy.checks.rule import Findings, Rule, Severity
from apimpolicy.gateway.policies.spec import SECTIONS


class SectionWithoutPolicies(Rule):
    code = "POL136"
    severity = Severity.ERROR
    by_default = False

    def finish(self) -> Findings:
        root = next((root for root in self.document.roots if root.name in SECTIONS), None)
        if root is not None:
            message = f"'{root.name}' must be inside <policies>"
            yield self.at_element(root, message, help="Put <policies> around the sections.")
