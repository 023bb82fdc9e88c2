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

from apimpolicy.checks.rule import CheckedExpression, Element, Findings, Rule
from apimpolicy.checks.secrets import reaches_result, secrets, secrets_written
from apimpolicy.gateway.policies.registry import has_trait


class SecretLogged(Rule):
    code = "POL331"
    traits = ("logs", "emits-metrics")

    def visit_element(self, element: Element) -> Findings:
        for below in element.descendants() if has_trait(element.name, "logs") else ():
            for name in dict.fromkeys(secrets_written(self.subject, below)):
                message = f"the secret named value '{name}' is written to '{element.name}'"
                help = "Log something that identifies the caller without giving access."
                yield self.at_element(below, message, help=help)

    def visit_expression(self, expression: CheckedExpression) -> Findings:
        sink = self.subject.nearest_with(expression.element, "logs", "emits-metrics")
        for what, node in secrets(expression) if sink is not None else ():
            if sink is not None and reaches_result(expression, node):
                help = "Log something that identifies the caller without giving access, such as a claim."
                yield self.at_code(expression, node, f"{what} is written to '{sink.name}'", help=help)
