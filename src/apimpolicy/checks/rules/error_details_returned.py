"""error-details-returned: callers get the details of an error.

**What it does.** Looks in `on-error` for bodies, headers and reasons that contain `context.LastError.Message`. Traces,
logs and metrics are left alone.

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

from typing import TYPE_CHECKING

from apimpolicy.binding.nodes import PropertyAccess
from apimpolicy.checks.messages import type_name
from apimpolicy.checks.rule import Rule
from apimpolicy.diagnostics import Severity
from apimpolicy.policies.registry import has_trait

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.checks.expressions import CheckedExpression
    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element


class ErrorDetailsReturned(Rule):
    code = "POL337"
    severity = Severity.INFO
    members = ("LastError",)

    def visit_expression(self, expression: CheckedExpression) -> Iterator[Diagnostic]:
        element = expression.element
        if not is_of_the_answer(element) or self.subject.section_of(element) != "on-error" or is_in_request(element):
            return
        for node in expression.of_kind(PropertyAccess):
            if node.property.name == "Message" and type_name(node.receiver) == "ILastError":
                yield self.at_code(
                    expression,
                    node,
                    "callers get the details of the error",
                    help="Return your own text with context.RequestId, and trace the details.",
                )


def is_of_the_answer(element: Element) -> bool:
    """Whether what stands in the element is read by callers."""
    return element.name == "value" or has_trait(element.name, "makes-response", "sets-header")


def is_in_request(element: Element | None) -> bool:
    """Whether the element belongs to a request of the policy's own, not to the answer."""
    while element is not None:
        if has_trait(element.name, "requests", "logs"):
            return True
        element = element.parent
    return False
