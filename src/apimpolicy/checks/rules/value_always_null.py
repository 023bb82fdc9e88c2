"""value-always-null: a member of something is used that is null in this section.

**What it does.** Looks for members of `context.Response` in inbound, and for members of `context.LastError` in inbound
and outbound. Inside `return-response`, `retry` and `wait` there may be a response, and so there may when an attribute
is evaluated later: the count of a limit, or the condition under which a request is sent again.

**Why it matters.** There is no response before the backend has answered, and no error before something has failed.
The documentation says that both are null then, and the expression throws. Deployed policies read `context.Response` in
inbound anyway, so this isn't an error.

**Example**

```xml
<inbound>
    <set-variable name="status" value="@(context.Response.StatusCode)" />
</inbound>
```

**Use instead** the same expression in outbound, or in on-error.

**Sources.** https://learn.microsoft.com/azure/api-management/api-management-policy-expressions#ContextVariables
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding.nodes import Call, PropertyAccess, Try
from apimpolicy.checks.context_members import context_member, is_held_against_null
from apimpolicy.checks.rule import Rule
from apimpolicy.policies.registry import attribute_of, has_trait

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.binding.nodes import Bound
    from apimpolicy.checks.expressions import CheckedExpression
    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element


class ValueAlwaysNull(Rule):
    code = "POL206"
    mended_by_null_check = True
    members = ("Response", "LastError")

    def visit_expression(self, expression: CheckedExpression) -> Iterator[Diagnostic]:
        section = self.subject.section_of(expression.element)
        if section is None or section == "on-error":
            return
        if expression.attribute is not None:
            slot = attribute_of(expression.element.name, expression.attribute.name)
            if slot is not None and slot.postponed:
                return
        for node in expression.compiled.nodes:
            receiver = node.receiver if isinstance(node, (PropertyAccess, Call)) else None
            name = context_member(receiver) or ""
            is_late = name == "LastError" and section != "backend"  # where retry may see one
            is_early = name == "Response" and section == "inbound" and not may_have_answer(expression)
            if name is not None and (is_late or is_early):
                if is_held_against_null(expression, name) or is_tried(expression, node):
                    continue
                yield self.at_code(
                    expression,
                    node,
                    f"'context.{name}' is null in {section}",
                    label="throws",
                    help="Use it in on-error." if name == "LastError" else "Use it in outbound.",
                )
                return


def is_tried(expression: CheckedExpression, node: Bound) -> bool:
    """Return whether the expression catches what the node throws."""
    return any(isinstance(around, Try) for around in expression.ancestors(node))


def may_have_answer(expression: CheckedExpression) -> bool:
    """Return whether a response may exist here: one that is being composed, or one of a request in the same loop."""
    element: Element | None = expression.element
    while element is not None:
        if has_trait(element.name, "composes", "repeats", "parallel"):
            return True
        element = element.parent
    return False
