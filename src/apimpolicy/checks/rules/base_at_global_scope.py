"""base-at-global-scope: the global policy contains <base />.

**What it does.** Looks for `<base />` in a document of the global scope.

**Why it matters.** No scope is wider than the global one, and Azure refuses to save the policy: `<base />` is not
permitted in the global context.

**Example**

```xml
<backend>
    <base />
</backend>
```

**Use instead** `<forward-request />` in the backend section, and nothing elsewhere.

**Evidence.** A live gateway (Standard v2) answered `<base /> is not permitted in the global context`.

**Sources.** https://learn.microsoft.com/azure/api-management/api-management-howto-policies
"""

from __future__ import annotations

from apimpolicy.checks.rule import Element, Findings, Rule, Severity


class BaseAtGlobalScope(Rule):
    code = "POL128"
    severity = Severity.ERROR
    elements = ("base",)
    known = ("scope",)

    def visit_element(self, element: Element) -> Findings:
        if self.settings.scope == "global":
            backend = self.subject.section_of(element) == "backend"
            yield self.at_element(
                element,
                "<base /> is not allowed in the global policy",
                help="Write <forward-request /> instead." if backend else "Remove it.",
            )
