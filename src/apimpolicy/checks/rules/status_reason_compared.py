"""status-reason-compared: a decision depends on the reason phrase of a status.

**What it does.** Looks for comparisons with `StatusReason`. The phrase of a backend pool (`Backend pool …`) doesn't
count: the gateway writes it, and no status tells a pool without members from a busy backend.

**Why it matters.** Servers can use any text, and HTTP/2 has none.

**Example**

```xml
<retry condition="@(context.Response.StatusReason == "Too Many Requests")" count="3" interval="1">
```

**Use instead** `context.Response.StatusCode == 429`.

**Sources.** https://httpwg.org/specs/rfc9110.html#overview.of.status.codes
"""

from __future__ import annotations

from apimpolicy.checks.nodes import text_of
from apimpolicy.checks.rule import CheckedExpression, Findings, Rule, Severity
from apimpolicy.csharp.binding.nodes import Binary, Bound, Call, Expression, PropertyAccess


class StatusReasonCompared(Rule):
    code = "POL418"
    severity = Severity.INFO
    members = ("StatusReason",)

    def visit_expression(self, expression: CheckedExpression) -> Findings:
        if any("backend pool" in (text_of(node) or "").lower() for node in expression.of_kind(Expression)):
            return
        for node in expression.of_kind(PropertyAccess):
            if node.property.name == "StatusReason" and any(map(compares, expression.ancestors(node))):
                message = "servers may send any reason phrase, or none"
                yield self.at_code(expression, node, message, help="Compare StatusCode instead.")


def compares(node: Bound) -> bool:
    if isinstance(node, Call):
        return node.method.name in ("Contains", "Equals", "StartsWith")
    return isinstance(node, Binary) and node.operator in ("==", "!=")
