"""forwarded-for-trusted: a decision depends on an address that callers can make up.

**What it does.** Looks for comparisons with the header `X-Forwarded-For`.

**Why it matters.** Callers can send `X-Forwarded-For` themselves. Behind your own proxy, only the last address in it
can be trusted.

**Example**

```xml
<when condition="@(context.Request.Headers.GetValueOrDefault("X-Forwarded-For", "") == "20.30.40.50")">
```

**Use instead** `ip-filter` or `context.Request.IpAddress`. Behind a proxy, use the last address in the header and let
`ip-filter` admit only the proxy.

**Sources.** https://learn.microsoft.com/azure/api-management/ip-filter-policy
"""

from __future__ import annotations

from apimpolicy.checks.nodes import text_of
from apimpolicy.checks.rule import CheckedExpression, Findings, Rule
from apimpolicy.csharp.binding.nodes import Binary, Call


class ForwardedForTrusted(Rule):
    code = "POL335"
    words = ("x-forwarded-for",)

    def visit_expression(self, expression: CheckedExpression) -> Findings:
        for node in expression.of_kind(Call):
            if not any((text_of(argument) or "").lower() == "x-forwarded-for" for argument in node.arguments):
                continue
            around = next(iter(expression.ancestors(node)), None)
            if isinstance(around, Binary) and around.operator in ("==", "!=") and not is_empty(around):
                message = "callers can send X-Forwarded-For themselves"
                yield self.at_code(expression, node, message, help="Use context.Request.IpAddress or ip-filter.")


def is_empty(node: Binary) -> bool:
    """Return whether the comparison only tests for presence."""
    return any(side.is_constant and not side.constant for side in (node.left, node.right))
