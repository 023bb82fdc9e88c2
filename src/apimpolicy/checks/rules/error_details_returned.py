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

from typing import TYPE_CHECKING

from apimpolicy.binding.nodes import PropertyAccess
from apimpolicy.checks.messages import type_name
from apimpolicy.checks.results import reaches_result
from apimpolicy.checks.rule import Rule
from apimpolicy.checks.variables import variable_reads
from apimpolicy.diagnostics import Severity
from apimpolicy.policies.registry import has_trait

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.binding.nodes import Bound
    from apimpolicy.checks.expressions import CheckedExpression
    from apimpolicy.checks.subject import Subject
    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element


class ErrorDetailsReturned(Rule):
    code = "POL337"
    severity = Severity.INFO
    members = ("LastError",)

    def __init__(self, subject: Subject) -> None:
        super().__init__(subject)
        self._details: set[str] = set()
        """The variables with the message of the error in them."""

    def visit_expression(self, expression: CheckedExpression) -> Iterator[Diagnostic]:
        element = expression.element
        if self.subject.section_of(element) != "on-error" or is_in_request(element):
            return
        if has_trait(element.name, "sets-variable"):
            name = element.get("name")
            is_detail = any(reaches_result(expression, node) for node in self.details(expression))
            if name is not None and is_detail:
                self._details.add(name.value.text)
        elif is_of_the_answer(element):
            for node in self.details(expression):
                yield self.at_code(
                    expression,
                    node,
                    "callers get the details of the error",
                    help="Return your own text with context.RequestId, and trace the details.",
                )

    def details(self, expression: CheckedExpression) -> Iterator[Bound]:
        """Yield where an expression reads the message of the error, or a variable that has it."""
        for node in expression.of_kind(PropertyAccess):
            if node.property.name == "Message" and type_name(node.receiver) == "ILastError":
                yield node
        for read in variable_reads(expression):
            if read.name in self._details and read.how != "question" and reaches_result(expression, read.node):
                yield read.node


def is_of_the_answer(element: Element) -> bool:
    """Return whether callers read the content of the element."""
    return element.name == "value" or has_trait(element.name, "builds-response", "sets-header")


def is_in_request(element: Element | None) -> bool:
    """Return whether the element belongs to a request of the policy's own, not to the answer."""
    while element is not None:
        if has_trait(element.name, "requests", "logs"):
            return True
        element = element.parent
    return False
