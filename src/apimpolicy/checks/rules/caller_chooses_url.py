"""caller-chooses-url: the caller decides where the gateway sends a request.

**What it does.** Looks for expressions in `set-url` and in the `base-url` of `set-backend-service` whose host
is a header, a query parameter or a part of the body of the request, so that the caller chooses it.

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

import re
from collections.abc import Iterator

from apimpolicy.checks.nodes import caller_inputs
from apimpolicy.checks.rule import CheckedExpression, Findings, Rule
from apimpolicy.csharp.binding.nodes import (
    Binary,
    Conditional,
    Convert,
    Expression,
    InterpolatedString,
    Literal,
    Logical,
)
from apimpolicy.csharp.dotnet.values import STRING

_SCHEME = re.compile(r"\s*(?:https?://)?", re.IGNORECASE)


class CallerChoosesUrl(Rule):
    code = "POL333"
    elements = ("set-url", "set-backend-service")

    def visit_expression(self, expression: CheckedExpression) -> Findings:
        attribute = expression.attribute
        if expression.element.name == "set-backend-service":
            if attribute is None or attribute.name != "base-url" or attribute.value.start != expression.excerpt.start:
                return
        elif expression.element.name != "set-url" or expression.element.expression is None:
            return
        first = part_with_host(expression.body) if isinstance(expression.body, Expression) else None
        for node in caller_inputs(expression):
            if node is first or first in list(expression.ancestors(node)):
                message = "the caller decides where this request goes"
                yield self.at_code(expression, node, message, help="Choose among hosts that you list.")
                return


def part_with_host(node: Expression) -> Expression | None:
    """Return the computed part of a URL that decides the host: the first part, or the one after `https://`.

    A choice among texts isn't decided by the caller.
    """
    for part in _parts(node):
        if not part.is_constant:
            return None if isinstance(part, (Conditional, Logical)) else part
        if not (isinstance(part.constant, str) and _SCHEME.fullmatch(part.constant)):
            return None
    return None


def _parts(node: Expression) -> Iterator[Expression]:
    """Yield the parts of a string concatenation, in order."""
    if isinstance(node, Binary) and node.operator == "+" and not node.is_constant:
        yield from _parts(node.left)
        yield from _parts(node.right)
    elif isinstance(node, InterpolatedString):
        for part in node.parts:
            if isinstance(part, str):
                yield Literal(node.syntax, STRING, part)
            else:
                yield from _parts(part.value)
    elif isinstance(node, Convert) and not node.is_constant:
        yield from _parts(node.operand)
    else:
        yield node
