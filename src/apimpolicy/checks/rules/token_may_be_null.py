"""token-may-be-null: a member of a token is used that may be null.

**What it does.** Looks for members that are used on `AsJwt()` and `AsBasic()` without `?.`, such as `.AsJwt().Claims`,
unless `validate-jwt` or `validate-azure-ad-token` comes before.

**Why it matters.** Both return null if the header is missing or isn't a token. The expression throws and the caller
gets 500 instead of 401.

**Example**

```xml
<set-variable name="user" value="@(context.Request.Headers.GetValueOrDefault("Authorization", "").AsJwt().Subject)" />
```

**Use instead**

```xml
<set-variable name="user" value="@(
    context.Request.Headers.GetValueOrDefault("Authorization", "").AsJwt()?.Subject ?? "")" />
```

**Sources.** https://learn.microsoft.com/azure/api-management/api-management-policy-expressions#ContextVariables
"""

from __future__ import annotations

from apimpolicy.checks.nodes import tested_for_null
from apimpolicy.checks.rule import CheckedExpression, Findings, Rule
from apimpolicy.csharp.binding.nodes import Binary, Bound, Call, PropertyAccess
from apimpolicy.gateway.policies.registry import has_trait

METHODS = ("AsJwt", "AsBasic")


class TokenMayBeNull(Rule):
    code = "POL209"
    fixed_by_null_check = True
    needs_all = True
    members = METHODS

    def visit_expression(self, expression: CheckedExpression) -> Findings:
        start = expression.element.start
        if any(has_trait(other.name, "checks-token") and other.start < start for other in self.subject.elements):
            return
        for node in expression.compiled.nodes:
            method = method_of(node.receiver if isinstance(node, (PropertyAccess, Call)) else None)
            if method in METHODS:
                if not self.is_tested(method, expression):
                    message = f"'{method}()' returns null if there is no valid token"
                    help = "Use '?.', and handle null."
                    yield self.at_code(expression, node, message, label="throws if it does", help=help)
                return

    def is_tested(self, method: str, expression: CheckedExpression) -> bool:
        """Return whether this expression, or one before it, compares such a token with null."""
        for other in self.subject.expressions:
            if other.element.start > expression.element.start:
                return False
            if any(method_of(each) == method for node in other.of_kind(Binary) for each in tested_for_null(node)):
                return True
        return False


def method_of(node: Bound | None) -> str:
    return node.method.name if isinstance(node, Call) else ""
