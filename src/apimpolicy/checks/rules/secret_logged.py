"""secret-logged: a secret goes into a trace, a log or a metric.

**What it does.** Looks at expressions inside `trace`, `log-to-eventhub`, `emit-metric` and `llm-emit-token-metric`
that read the header `Authorization` or `Ocp-Apim-Subscription-Key`, a subscription's key or a password. What only
asks whether it is there, or hashes it, is left alone.

**Why it matters.** Logs are read by more people than the gateway's configuration, and are kept for long. A bearer
token in a log is the caller's identity for whoever reads it.

**Example**

```xml
<trace source="orders"><message>@(context.Request.Headers.GetValueOrDefault("Authorization", ""))</message></trace>
```

**Use instead** what identifies without giving access: `context.Subscription.Id`, `context.RequestId`, a claim of the
token.

**Sources.** https://learn.microsoft.com/azure/api-management/trace-policy,
https://cheatsheetseries.owasp.org/cheatsheets/Logging_Cheat_Sheet.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding.nodes import Binary, Call, PropertyAccess
from apimpolicy.checks.messages import secrets
from apimpolicy.checks.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.binding.nodes import Bound
    from apimpolicy.checks.expressions import CheckedExpression
    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element


SINKS = frozenset(
    ("trace", "log-to-eventhub", "emit-metric", "llm-emit-token-metric", "azure-openai-emit-token-metric")
)
HARMLESS = frozenset(("ComputeHash", "AsJwt", "TryParseJwt", "Length", "IsNullOrEmpty", "IsNullOrWhiteSpace"))


class SecretLogged(Rule):
    code = "POL331"

    def visit_expression(self, expression: CheckedExpression) -> Iterator[Diagnostic]:
        sink = next((name for name in names_around(expression.element) if name in SINKS), None)
        if sink is None:
            return
        for what, node in secrets(expression):
            if not any(is_harmless(around) for around in expression.ancestors(node)):
                yield self.at_code(
                    expression, node, f"{what} goes into '{sink}'", help="Log what identifies without giving access."
                )


def names_around(element: Element | None) -> Iterator[str]:
    """The names of an element and of those around it."""
    while element is not None:
        yield element.name
        element = element.parent


def is_harmless(node: Bound) -> bool:
    """Whether a node takes something of a secret that may be shown."""
    if isinstance(node, Call):
        return node.method.name in HARMLESS
    if isinstance(node, PropertyAccess):
        return node.property.name in HARMLESS
    return isinstance(node, Binary) and node.operator in ("==", "!=")
