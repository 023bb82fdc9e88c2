"""secret-logged: a secret is written to a trace, a log or a metric.

**What it does.** Looks in `trace`, `log-to-eventhub`, `emit-metric` and `llm-emit-token-metric` for secret named
values, and for expressions that return the header `Authorization` or `Ocp-Apim-Subscription-Key`, a subscription's key
or a password. Expressions that only test whether it is there, hash it, or return a claim of the token are left alone.

**Why it matters.** Logs are kept for a long time, and more people can read them than the gateway's configuration.
Anyone who finds a bearer token in a log can act as the caller.

**Example**

```xml
<trace source="orders"><message>@(context.Request.Headers.GetValueOrDefault("Authorization", ""))</message></trace>
```

**Use instead** something that identifies the caller without giving access: `context.Subscription.Id`,
`context.RequestId`, a claim of the token.

**Sources.** https://learn.microsoft.com/azure/api-management/trace-policy,
https://cheatsheetseries.owasp.org/cheatsheets/Logging_Cheat_Sheet.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.checks.messages import secrets
from apimpolicy.checks.results import reaches_result
from apimpolicy.checks.rule import Rule
from apimpolicy.checks.secret_named_values import secrets_written
from apimpolicy.policies.registry import has_trait, names_with

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.checks.expressions import CheckedExpression
    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element


class SecretLogged(Rule):
    code = "POL331"
    traits = ("logs", "emits-metrics")

    def visit_element(self, element: Element) -> Iterator[Diagnostic]:
        if not has_trait(element.name, "logs"):
            return
        for below in element.descendants():
            for name in dict.fromkeys(secrets_written(self.subject, below)):
                yield self.at_element(
                    below,
                    f"the secret named value '{name}' is written to '{element.name}'",
                    help="Log something that identifies the caller without giving access.",
                )

    def visit_expression(self, expression: CheckedExpression) -> Iterator[Diagnostic]:
        sink = next(
            (name for name in names_around(expression.element) if name in names_with("logs", "emits-metrics")), None
        )
        if sink is None:
            return
        for what, node in secrets(expression):
            if reaches_result(expression, node):
                yield self.at_code(
                    expression,
                    node,
                    f"{what} is written to '{sink}'",
                    help="Log something that identifies the caller without giving access, such as a claim.",
                )


def names_around(element: Element | None) -> Iterator[str]:
    """Yield the names of an element and of those around it."""
    while element is not None:
        yield element.name
        element = element.parent
