"""body-for-get: set-body sets the body of a GET request.

**What it does.** Looks in inbound and backend for `set-body` on a GET or HEAD request: inside a `when` that tests for
that method, or anywhere if the operation's method is known (`method` in `[[check.files]]`). It stays silent where a
`when` tests the body, and in documents that change the method with `set-method`.

**Why it matters.** Such a request has no body, and the policy fails: the caller gets a 500.

**Example**

```xml
<when condition="@(context.Request.Method == "GET")">
    <set-body>{}</set-body>
</when>
```

**Use instead** `set-method` with POST before it if the backend needs a body, or test the body first:
`context.Request.Body != null`.

**Sources.** https://learn.microsoft.com/azure/api-management/set-body-policy
"""

from __future__ import annotations

from functools import cached_property

from apimpolicy.checks.nodes import is_property, text_of
from apimpolicy.checks.rule import Element, Findings, Rule
from apimpolicy.csharp.binding.nodes import Binary, Bound, Call, Expression, Logical, PropertyAccess
from apimpolicy.gateway.policies.registry import has_trait

WITHOUT_BODY = ("GET", "HEAD")


class BodyForGet(Rule):
    code = "POL420"
    elements = ("set-body",)

    @cached_property
    def changes_method(self) -> bool:
        """Return whether a policy of the document sets the method of its requests."""
        subject = self.subject
        return any(has_trait(other.name, "sets-method") and subject.is_policy(other) for other in subject.elements)

    def visit_element(self, element: Element) -> Findings:
        if self.changes_method or self.subject.section_of(element) not in ("inbound", "backend"):
            return
        method, asks = self.settings.method, False
        for around in element.ancestors():
            if has_trait(around.name, "composes", "requests"):
                return
            if around.name == "when":
                condition = self.condition(around)
                if condition is None or _mentions(condition, "Body"):
                    return
                asks = asks or _mentions(condition, "Method")
                method = next((name for name in WITHOUT_BODY if _asks_for(condition, (name,))), method)
                method = "GET" if method is None and _asks_for(condition, WITHOUT_BODY) else method
            elif around.name == "otherwise":
                asks = True
        is_certain = not asks or method != self.settings.method
        if method is not None and method.upper() in WITHOUT_BODY and is_certain:
            message = f"'set-body' fails for a {method.upper()} request, which has no body"
            help = "Change the method with set-method first, or test context.Request.Body != null."
            yield self.at_element(element, message, help=help)

    def condition(self, when: Element) -> Expression | None:
        expression = self.subject.expression_in(when, "condition")
        body = None if expression is None else expression.body
        return body if isinstance(body, Expression) else None


def _asks_for(condition: Bound, methods: tuple[str, ...]) -> bool:
    """Return whether a condition is true only for requests with one of these methods."""
    if isinstance(condition, Logical):
        left, right = _asks_for(condition.left, methods), _asks_for(condition.right, methods)
        return (left or right) if condition.operator == "&&" else (left and right)
    sides: tuple[Bound | None, ...] = ()
    if isinstance(condition, Binary) and condition.operator == "==":
        sides = condition.left, condition.right
    elif isinstance(condition, Call) and condition.method.name == "Equals":
        sides = condition.receiver, *condition.arguments
    is_method = any(is_property(side, ("IRequest", "IOperation"), "Method") for side in sides)
    return is_method and any((text_of(side) or "").upper() in methods for side in sides)


def _mentions(condition: Bound, name: str) -> bool:
    waiting = [condition]
    while waiting:
        node = waiting.pop()
        if isinstance(node, PropertyAccess) and node.property.name == name:
            return True
        waiting.extend(node.children())
    return False
