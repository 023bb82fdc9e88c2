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

from apimpolicy.checks.nodes import context_member, is_in_try, is_tested_for_null
from apimpolicy.checks.rule import CheckedExpression, Findings, Rule
from apimpolicy.csharp.binding.nodes import Call, PropertyAccess
from apimpolicy.gateway.policies.registry import attribute_of


class ValueAlwaysNull(Rule):
    code = "POL206"
    fixed_by_null_check = True
    members = ("Response", "LastError")

    def visit_expression(self, expression: CheckedExpression) -> Findings:
        element, attribute = expression.element, expression.attribute
        section = self.subject.section_of(element)
        if section is None or section == "on-error":
            return
        slot = attribute_of(element.name, attribute.name) if attribute is not None else None
        if attribute is not None and (slot is None or slot.postponed):
            return  # an unknown attribute may be a misspelt one that is evaluated later
        for node in expression.compiled.nodes:
            name = context_member(node.receiver if isinstance(node, (PropertyAccess, Call)) else None)
            if name not in self.members:
                continue
            if name == "LastError":
                is_null = section != "backend"  # where retry may see one
            else:
                # A response may exist if it is being composed, or if a request in the same loop got it.
                may_exist = self.subject.nearest_with(element, "composes", "repeats", "parallel") is not None
                is_null = section == "inbound" and not may_exist
            if not is_null or is_tested_for_null(expression, name) or is_in_try(expression, node):
                continue
            help = "Use it in on-error." if name == "LastError" else "Use it in outbound."
            yield self.at_code(expression, node, f"'context.{name}' is null in {section}", label="throws", help=help)
            return
