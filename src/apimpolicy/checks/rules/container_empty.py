"""container-empty: a policy that runs other policies contains none.

**What it does.** Looks for `limit-concurrency` and `wait` without policies inside. An empty `retry` is used as a pause.

**Why it matters.** Azure refuses an empty `wait`. An empty `limit-concurrency` does nothing.

**Example**

```xml
<limit-concurrency key="orders" max-count="10" />
<forward-request />
```

**Use instead**

```xml
<limit-concurrency key="orders" max-count="10">
    <forward-request />
</limit-concurrency>
```

**Evidence.** The documentation and the gateway's schema require an element inside `wait`. Only that is an error.

**Sources.** https://learn.microsoft.com/azure/api-management/retry-policy,
https://learn.microsoft.com/azure/api-management/limit-concurrency-policy,
https://learn.microsoft.com/azure/api-management/wait-policy
"""

from __future__ import annotations

from apimpolicy.checks.rule import Element, Findings, Rule, Severity
from apimpolicy.gateway.policies.registry import has_trait


class ContainerEmpty(Rule):
    code = "POL126"
    elements = ("limit-concurrency", "wait")

    def visit_element(self, element: Element) -> Findings:
        if next(element.elements(), None) is None:
            joins = has_trait(element.name, "parallel")
            what = "wait for" if joins else "limit"
            yield self.at_element(
                element,
                f"'{element.name}' contains no policies",
                severity=Severity.ERROR if joins else self.severity,
                help=f"Move the policies to {what} inside it.",
            )
