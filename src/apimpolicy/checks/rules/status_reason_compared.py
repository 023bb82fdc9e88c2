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

from apimpolicy.binding.nodes import Binary, Call, Expression, PropertyAccess
from apimpolicy.checks.rule import CheckedExpression, Findings, Rule, Severity


class StatusReasonCompared(Rule):
    code = "POL418"
    severity = Severity.INFO
    members = ("StatusReason",)

    def visit_expression(self, expression: CheckedExpression) -> Findings:
        constants = (node.constant for node in expression.of_kind(Expression) if node.is_constant)
        if any(isinstance(text, str) and "backend pool" in text.lower() for text in constants):
            return
        for node in expression.of_kind(PropertyAccess):
            if node.property.name != "StatusReason":
                continue
            for around in expression.ancestors(node):
                compares = isinstance(around, Binary) and around.operator in ("==", "!=")
                if compares or (
                    isinstance(around, Call) and around.method.name in ("Contains", "Equals", "StartsWith")
                ):
                    yield self.at_code(
                        expression,
                        node,
                        "servers may send any reason phrase, or none",
                        help="Compare StatusCode instead.",
                    )
                    break
