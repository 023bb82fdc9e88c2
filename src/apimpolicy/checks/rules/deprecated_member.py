"""deprecated-member: a member is no longer documented.

**What it does.** Looks for members of `context` that earlier versions of the documentation listed and the current one
doesn't: `Subscription.CreatedTime`, `Product.Apis`.

**Why it matters.** They may be removed.

**Example**

```xml
<set-variable name="apis" value="@(context.Product.Apis.Count())" />
```

**Use instead** the documented member: `Subscription.CreatedDate`.

**Sources.** https://learn.microsoft.com/azure/api-management/api-management-policy-expressions#ContextVariables
"""

from __future__ import annotations

from apimpolicy.checks.nodes import type_name
from apimpolicy.checks.rule import CheckedExpression, Findings, Rule, Severity
from apimpolicy.csharp.binding.nodes import PropertyAccess

DEPRECATED = {("ISubscription", "CreatedTime"): "Use CreatedDate.", ("IProduct", "Apis"): ""}


class DeprecatedMember(Rule):
    code = "POL213"
    severity = Severity.INFO
    members = ("CreatedTime", "Apis")

    def visit_expression(self, expression: CheckedExpression) -> Findings:
        for node in expression.of_kind(PropertyAccess):
            help = DEPRECATED.get((type_name(node.receiver), node.property.name))
            if help is not None:
                yield self.at_code(expression, node, f"'{node.property.name}' is no longer documented", help=help)
