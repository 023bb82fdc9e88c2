"""caller-may-be-null: a member of something is used that is null for callers without a subscription.

**What it does.** Looks for members of `context.User`, `context.Subscription` and `context.Product` that are used
without `?.` in a document that never compares them with null. Off by default, because an API that requires a
subscription always has the last two.

**Why it matters.** They are null if the API doesn't require a subscription, and for the built-in all-access
subscription. The expression then throws.

**Example**

```xml
<set-header name="X-User"><value>@(context.User.Id)</value></set-header>
```

**Use instead**

```xml
<set-header name="X-User"><value>@(context.User?.Id ?? "nobody")</value></set-header>
```

**Sources.** https://learn.microsoft.com/azure/api-management/api-management-policy-expressions#ContextVariables
"""

from __future__ import annotations

from apimpolicy.checks.nodes import context_member, is_tested_for_null
from apimpolicy.checks.rule import CheckedExpression, Findings, Rule, Severity
from apimpolicy.csharp.binding.nodes import Call, PropertyAccess

NAMES = ("User", "Subscription", "Product")


class CallerMayBeNull(Rule):
    code = "POL216"
    fixed_by_null_check = True
    severity = Severity.INFO
    by_default = False
    members = NAMES

    def visit_expression(self, expression: CheckedExpression) -> Findings:
        for node in expression.compiled.nodes:
            receiver = node.receiver if isinstance(node, (PropertyAccess, Call)) else None
            name = context_member(receiver)
            if name in NAMES and not any(is_tested_for_null(each, name) for each in self.subject.expressions):
                message = f"'context.{name}' may be null"
                yield self.at_code(expression, node, message, label="throws if it is", help="Use '?.'.")
                return
