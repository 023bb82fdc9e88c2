"""status-reason-compared: a decision hangs on the text beside a status code.

**What it does.** Looks for comparisons with `StatusReason`.

**Why it matters.** The text is free: servers change it, HTTP/2 has none at all. Samples for retries on "Backend pool
is not available" have become outdated that way.

**Example**

```xml
<retry condition="@(context.Response.StatusReason == "Too Many Requests")" count="3" interval="1">
```

**Use instead** `context.Response.StatusCode == 429`.

**Sources.** https://httpwg.org/specs/rfc9110.html#overview.of.status.codes
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding.nodes import Binary, Call, PropertyAccess
from apimpolicy.checks.rule import Rule
from apimpolicy.diagnostics import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.checks.expressions import CheckedExpression
    from apimpolicy.diagnostics import Diagnostic


class StatusReasonCompared(Rule):
    code = "POL418"
    severity = Severity.INFO

    def visit_expression(self, expression: CheckedExpression) -> Iterator[Diagnostic]:
        for node in expression.of_kind(PropertyAccess):
            if node.property.name != "StatusReason":
                continue
            for around in expression.ancestors(node):
                compares = isinstance(around, Binary) and around.operator in ("==", "!=")
                if compares or (
                    isinstance(around, Call) and around.method.name in ("Contains", "Equals", "StartsWith")
                ):
                    yield self.at_code(
                        expression, node, "servers are free to write another text", help="Compare StatusCode."
                    )
                    break
