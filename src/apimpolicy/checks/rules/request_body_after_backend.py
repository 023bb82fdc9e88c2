"""request-body-after-backend: the request's body is read after it was sent to the backend.

**What it does.** Looks in outbound and on-error for reads of `context.Request.Body`.

**Why it matters.** Forwarding the request consumes its body. Afterwards it is empty, unless an earlier policy has read
it with `preserveContent: true`.

**Example**

```xml
<outbound>
    <set-variable name="order" value="@(context.Request.Body.As<JObject>())" />
</outbound>
```

**Use instead** a variable that you set in inbound, with `preserveContent: true`.

**Sources.** https://learn.microsoft.com/azure/api-management/api-management-policy-expressions#ref-imessagebody,
https://learn.microsoft.com/azure/api-management/set-body-policy
"""

from __future__ import annotations

from functools import cached_property

from apimpolicy.checks.rule import CheckedExpression, Findings, Rule
from apimpolicy.checks.variables import body_reads


class RequestBodyAfterBackend(Rule):
    code = "POL215"
    members = ("Body",)

    def visit_expression(self, expression: CheckedExpression) -> Findings:
        if self.subject.section_of(expression.element) not in ("outbound", "on-error") or self.keeps_body:
            return
        for read in body_reads(expression):
            if read.which == "request":
                yield self.at_code(
                    expression,
                    read.node,
                    "the request's body has already been sent to the backend",
                    label="it may be empty",
                    help="Keep it in a variable in inbound, with As<…>(preserveContent: true).",
                )

    @cached_property
    def keeps_body(self) -> bool:
        """Return whether an expression in inbound reads the body and preserves it."""
        return any(
            read.which == "request" and read.preserves
            for expression in self.subject.expressions
            if self.subject.section_of(expression.element) == "inbound"
            for read in body_reads(expression)
        )
