"""cache-lookup-in-fragment: a fragment uses the response cache, or is too large.

**What it does.** Looks for `cache-lookup` in a policy fragment, and for fragments of more than 512 KB.

**Why it matters.** The documentation says that `cache-lookup` isn't supported in a fragment, and Azure refuses larger
fragments. The same is documented for `cache-lookup-value`, but that works in many deployed fragments.

**Example**

```xml
<fragment><cache-lookup vary-by-developer="false" vary-by-developer-groups="false" /></fragment>
```

**Use instead** the policy in the document that includes the fragment.

**Evidence.** The documentation sets the limit of 512 KB for a fragment. Only a larger fragment is an error.

**Sources.** https://learn.microsoft.com/azure/api-management/policy-fragments,
https://learn.microsoft.com/azure/api-management/cache-lookup-policy
"""

from __future__ import annotations

from apimpolicy.checks.rule import Element, Findings, Rule, Severity
from apimpolicy.gateway.policies.registry import has_trait

LARGEST = 512 * 1024


class CacheLookupInFragment(Rule):
    code = "POL130"
    elements = ("fragment",)

    def visit_element(self, element: Element) -> Findings:
        if element.parent is not None:
            return
        if element.end - element.start > LARGEST:
            message, help = "the fragment is larger than 512 KB", "Split it into several fragments."
            yield self.at_element(element, message, severity=Severity.ERROR, help=help)
        for policy in element.descendants():
            if has_trait(policy.name, "not-in-fragments") and self.subject.is_policy(policy):
                message = f"'{policy.name}' is not supported in a policy fragment"
                yield self.at_element(policy, message, help="Move it to the policy that includes the fragment.")
