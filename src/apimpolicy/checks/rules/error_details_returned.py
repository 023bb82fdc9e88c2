"""error-details-returned: the details of an error go to the caller.

**What it does.** Looks in `on-error` for bodies, headers and reasons that hold `context.LastError.Message`, while the
status is not decided by the error. What goes only into a trace, a log or a metric is left alone.

**Why it matters.** The message names hosts, policies and expressions; callers learn how the API is built.

**Example**

```xml
<on-error>
    <set-body>@(context.LastError.Message)</set-body>
</on-error>
```

**Use instead** a text of your own with `context.RequestId`, and the details in a trace.

**Sources.** https://learn.microsoft.com/azure/api-management/api-management-error-handling-policies,
https://owasp.org/API-Security/editions/2023/en/0xa8-security-misconfiguration/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding.nodes import PropertyAccess
from apimpolicy.checks.messages import type_name
from apimpolicy.checks.rule import Rule
from apimpolicy.diagnostics import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.checks.expressions import CheckedExpression
    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element


SINKS = frozenset(("set-body", "set-header", "value", "set-status"))


class ErrorDetailsReturned(Rule):
    code = "POL337"
    severity = Severity.INFO

    def visit_expression(self, expression: CheckedExpression) -> Iterator[Diagnostic]:
        element = expression.element
        if element.name not in SINKS or self.subject.section_of(element) != "on-error" or is_in_request(element):
            return
        for node in expression.of_kind(PropertyAccess):
            if node.property.name == "Message" and type_name(node.receiver) == "ILastError":
                yield self.at_code(
                    expression,
                    node,
                    "the details of an error go to the caller",
                    help="Answer with a text of your own and context.RequestId; trace the details.",
                )


def is_in_request(element: Element | None) -> bool:
    """Whether the element belongs to a request of the policy's own, not to the answer."""
    while element is not None:
        if element.name in ("send-request", "send-one-way-request", "log-to-eventhub", "trace"):
            return True
        element = element.parent
    return False
