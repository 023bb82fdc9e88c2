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

from apimpolicy.binding.nodes import Binary, Call, Convert, Expression, PropertyAccess
from apimpolicy.checks.rule import CheckedExpression, Findings, Rule, Subject
from apimpolicy.policies.registry import names_with


class TokenMayBeNull(Rule):
    code = "POL209"
    mended_by_null_check = True
    needs_all = True
    members = ("AsJwt", "AsBasic")

    def visit_expression(self, expression: CheckedExpression) -> Findings:
        checked = names_with("checks-token")
        if any(e.name in checked and e.start < expression.element.start for e in self.subject.elements):
            return
        for node in expression.compiled.nodes:
            receiver = node.receiver if isinstance(node, (PropertyAccess, Call)) else None
            if isinstance(receiver, Call) and receiver.method.name in ("AsJwt", "AsBasic"):
                if asks_for_null(self.subject, receiver.method.name, expression):
                    return
                yield self.at_code(
                    expression,
                    node,
                    f"'{receiver.method.name}()' returns null if there is no valid token",
                    label="throws if it does",
                    help="Use '?.', and handle null.",
                )
                return


def asks_for_null(subject: Subject, method: str, expression: CheckedExpression) -> bool:
    """Return whether this expression, or one before it, compares such a token with null."""
    for other in subject.expressions:
        if other.element.start > expression.element.start:
            return False
        for node in other.of_kind(Binary):
            compared = sides(node) if node.operator in ("==", "!=") else ()
            is_null = any(side.is_constant and side.constant is None for side in compared)
            if is_null and any(isinstance(side, Call) and side.method.name == method for side in compared):
                return True
    return False


def sides(node: Binary) -> tuple[Expression, Expression]:
    """Both operands, without conversions."""
    left, right = node.left, node.right
    while isinstance(left, Convert):
        left = left.operand
    while isinstance(right, Convert):
        right = right.operand
    return left, right
