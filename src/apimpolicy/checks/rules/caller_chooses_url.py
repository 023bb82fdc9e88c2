"""caller-chooses-url: the caller decides where the gateway sends a request.

**What it does.** Looks for expressions in `set-url` and in the `base-url` of `set-backend-service` that begin with a
header, a query parameter or the body of the request, so that the caller chooses the host.

**Why it matters.** The gateway can reach what callers can't: hosts in the virtual network, the metadata of the
instance. It may also send its credentials there. This is server-side request forgery (SSRF).

**Example**

```xml
<set-backend-service base-url="@(context.Request.Headers.GetValueOrDefault("X-Backend", ""))" />
```

**Use instead** a choice among hosts that you list:

```xml
<set-backend-service base-url="@(context.Request.Headers.GetValueOrDefault("X-Region", "") == "us"
    ? "https://us.contoso.example" : "https://eu.contoso.example")" />
```

**Sources.** https://owasp.org/API-Security/editions/2023/en/0xa7-server-side-request-forgery/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding.nodes import Binary, Conditional, Convert, Expression, Logical
from apimpolicy.checks.messages import caller_inputs
from apimpolicy.checks.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.checks.expressions import CheckedExpression
    from apimpolicy.diagnostics import Diagnostic


class CallerChoosesUrl(Rule):
    code = "POL333"
    elements = ("set-url", "set-backend-service")

    def visit_expression(self, expression: CheckedExpression) -> Iterator[Diagnostic]:
        attribute = expression.attribute
        if expression.element.name == "set-backend-service":
            if attribute is None or attribute.name != "base-url" or attribute.value.start != expression.excerpt.start:
                return
        elif expression.element.name != "set-url" or expression.element.expression is None:
            return
        bound = expression.compiled.bound
        first = None if bound is None or not isinstance(bound.body, Expression) else leftmost(bound.body)
        for node in caller_inputs(expression):
            if node is first or first in list(expression.ancestors(node)):
                yield self.at_code(
                    expression,
                    node,
                    "the caller decides where this request goes",
                    help="Choose among hosts that you list.",
                )
                return


def leftmost(node: Expression) -> Expression | None:
    """The operand with which a text begins: the first one of a concatenation, when it is computed."""
    while True:
        if isinstance(node, Binary) and node.operator == "+":
            node = node.left
        elif isinstance(node, Convert):
            node = node.operand
        elif isinstance(node, (Conditional, Logical)) or node.is_constant:
            return None
        else:
            return node
