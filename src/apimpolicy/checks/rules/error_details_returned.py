"""error-details-returned: callers get the details of an error.

**What it does.** Looks in `on-error` for bodies, headers and reasons that contain `context.LastError.Message`, or a
variable that was made of it. Traces, logs and metrics are left alone.

**Why it matters.** The message names hosts, policies and expressions, and tells callers how the API is built.

**Example**

```xml
<on-error>
    <set-body>@(context.LastError.Message)</set-body>
</on-error>
```

**Use instead** your own text with `context.RequestId`, and a trace for the details.

**Sources.** https://learn.microsoft.com/azure/api-management/api-management-error-handling-policies,
https://owasp.org/API-Security/editions/2023/en/0xa8-security-misconfiguration/
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from apimpolicy.checks.nodes import is_property
from apimpolicy.checks.rule import CheckedExpression, Element, Findings, Rule, Severity
from apimpolicy.checks.secrets import reaches_result
from apimpolicy.checks.variables import variable_reads
from apimpolicy.csharp.binding.nodes import Bound, PropertyAccess
from apimpolicy.gateway.policies.registry import has_trait


class ErrorDetailsReturned(Rule):
    code = "POL337"
    severity = Severity.INFO
    members = ("LastError",)

    @cached_property
    def _details(self) -> set[str]:
        """The variables with the message of the error in them; filled as expressions are visited."""
        return set()

    def visit_expression(self, expression: CheckedExpression) -> Findings:
        element = expression.element
        if self.subject.section_of(element) != "on-error" or self.subject.nearest_with(element, "requests", "logs"):
            return
        if has_trait(element.name, "sets-variable"):
            name = element.get("name")
            is_detail = any(reaches_result(expression, node) for node in self.details(expression))
            if name is not None and is_detail:
                self._details.add(name.value.text)
        elif is_in_response(element):
            for node in self.details(expression):
                help = "Return your own text with context.RequestId, and trace the details."
                yield self.at_code(expression, node, "callers get the details of the error", help=help)

    def details(self, expression: CheckedExpression) -> Iterator[Bound]:
        """Yield the nodes that read the message of the error, or a variable that has it."""
        for node in expression.of_kind(PropertyAccess):
            if is_property(node, ("ILastError",), "Message"):
                yield node
        for read in variable_reads(expression):
            if read.name in self._details and read.how != "question" and reaches_result(expression, read.node):
                yield read.node


def is_in_response(element: Element) -> bool:
    return element.name == "value" or has_trait(element.name, "builds-response", "sets-header")
