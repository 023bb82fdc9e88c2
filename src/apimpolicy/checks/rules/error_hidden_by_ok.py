"""error-hidden-by-ok: the response to an error keeps the status of the error.

**What it does.** Looks for `on-error` sections that replace the body without `set-status` or `return-response`. Off by
default.

**Why it matters.** Callers get your text with the status of the error, for example 500 if an expression threw. If that
is intended, it is better to say so.

**Example**

```xml
<on-error>
    <set-body>{"error": "try again"}</set-body>
</on-error>
```

**Use instead** `set-status` before `set-body`.

**Sources.** https://learn.microsoft.com/azure/api-management/api-management-error-handling-policies
"""

from __future__ import annotations

from apimpolicy.checks.rule import Element, Findings, Rule, Severity
from apimpolicy.gateway.policies.registry import has_trait


class ErrorHiddenByOk(Rule):
    code = "POL410"
    severity = Severity.INFO
    by_default = False
    elements = ("on-error",)

    def visit_element(self, element: Element) -> Findings:
        policies = [*element.descendants()]
        body = next((other for other in policies if has_trait(other.name, "replaces-body")), None)
        settles = any(
            other.name == "include-fragment" or has_trait(other.name, "sets-status", "composes") for other in policies
        )
        if body is not None and not settles:
            message = "the body is replaced, but the status is still that of the error"
            yield self.at_element(body, message, help="Add 'set-status'.")
