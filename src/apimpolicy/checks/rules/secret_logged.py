"""secret-logged: a secret is written to a trace, a log or a metric.

**What it does.** Looks in `trace`, `log-to-eventhub`, `emit-metric` and `llm-emit-token-metric` for expressions that
return the header `Authorization` or `Ocp-Apim-Subscription-Key`, a subscription's key or a password. Expressions that
only test whether it is there, hash it, or return a claim of the token are left alone.

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

from apimpolicy.binding.nodes import Assignment, Binary, Call, Local, LocalDeclaration, PropertyAccess, Return
from apimpolicy.checks.messages import secrets
from apimpolicy.checks.rule import Rule
from apimpolicy.policies.registry import names_with

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.binding.nodes import Bound
    from apimpolicy.checks.expressions import CheckedExpression
    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element


HARMLESS = frozenset(("ComputeHash", "AsJwt", "TryParseJwt", "Length", "IsNullOrEmpty", "IsNullOrWhiteSpace"))


class SecretLogged(Rule):
    code = "POL331"
    traits = ("logs", "measures")

    def visit_expression(self, expression: CheckedExpression) -> Iterator[Diagnostic]:
        sink = next((name for name in names_around(expression.element) if name in names_with("logs", "measures")), None)
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


def reaches_result(expression: CheckedExpression, secret: Bound) -> bool:
    """Whether the expression returns the secret, or a text made of it; through local variables as well."""
    is_block = next(expression.of_kind(Return), None) is not None
    waiting, seen = [secret], {id(secret)}
    while waiting:
        node = waiting.pop()
        around = list(expression.ancestors(node))
        if any(map(is_harmless, around)):
            continue
        if not is_block or any(isinstance(each, Return) for each in around):
            return True
        written = {id(symbol) for each in around if (symbol := _written(each)) is not None}
        uses = (each for each in expression.of_kind(Local) if id(each.symbol) in written and id(each) not in seen)
        for use in uses:
            seen.add(id(use))
            waiting.append(use)
    return False


def _written(node: Bound) -> object:
    """The local variable that a node sets."""
    if isinstance(node, LocalDeclaration):
        return node.symbol
    if isinstance(node, Assignment) and isinstance(node.target, Local):
        return node.target.symbol
    return None


def names_around(element: Element | None) -> Iterator[str]:
    """The names of an element and of those around it."""
    while element is not None:
        yield element.name
        element = element.parent


def is_harmless(node: Bound) -> bool:
    """Whether a node takes something from a secret that may be shown."""
    if isinstance(node, Call):
        return node.method.name in HARMLESS
    if isinstance(node, PropertyAccess):
        return node.property.name in HARMLESS
    return isinstance(node, Binary) and node.operator in ("==", "!=")
