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

from apimpolicy.binding.nodes import Binary, Bound, Call, Expression, Logical, PropertyAccess
from apimpolicy.checks.messages import type_name
from apimpolicy.checks.rule import Element, Findings, Rule, Subject
from apimpolicy.policies.registry import has_trait

WITHOUT_BODY = ("GET", "HEAD")


class BodyForGet(Rule):
    code = "POL420"
    elements = ("set-body",)

    def __init__(self, subject: Subject) -> None:
        super().__init__(subject)
        self.changes_method = any(
            has_trait(element.name, "sets-method") and subject.is_policy(element) for element in subject.elements
        )

    def visit_element(self, element: Element) -> Findings:
        if self.changes_method or self.subject.section_of(element) not in ("inbound", "backend"):
            return
        method, asks = self.settings.method, False
        around = element.parent
        while around is not None:
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
            around = around.parent
        is_certain = not asks or method != self.settings.method
        if method is not None and method.upper() in WITHOUT_BODY and is_certain:
            yield self.at_element(
                element,
                f"'set-body' fails for a {method.upper()} request, which has no body",
                help="Change the method with set-method first, or test context.Request.Body != null.",
            )

    def condition(self, when: Element) -> Expression | None:
        """Return the condition of a `when`, when it is an expression that compiles."""
        for expression in self.subject.expressions_of(when):
            bound = expression.compiled.bound
            if expression.compiled.is_legal and bound is not None and isinstance(bound.body, Expression):
                return bound.body
        return None


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
    texts = [side.constant for side in sides if isinstance(side, Expression) and side.is_constant]
    return any(isinstance(text, str) and text.upper() in methods for text in texts) and any(map(_is_method, sides))


def _is_method(node: Bound | None) -> bool:
    return (
        isinstance(node, PropertyAccess)
        and node.property.name == "Method"
        and type_name(node.receiver) in ("IRequest", "IOperation")
    )


def _mentions(condition: Bound, name: str) -> bool:
    waiting = [condition]
    while waiting:
        node = waiting.pop()
        if isinstance(node, PropertyAccess) and node.property.name == name:
            return True
        waiting.extend(node.children())
    return False
