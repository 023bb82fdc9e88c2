"""expression-in-text: an expression stands inside other text, and is sent as it is written.

**What it does.** Looks for attributes and texts in which something stands before or behind an expression.

**Why it matters.** The gateway evaluates an attribute or a text that *is* an expression. With text around it, the C#
itself goes out, `Bearer @(context.Variables["token"])` for example. Microsoft says so of `rewrite-uri` only; for the
others it is our reading.

**Example**

```xml
<set-header name="Authorization"><value>Bearer @((string)context.Variables["token"])</value></set-header>
```

**Use instead**

```xml
<set-header name="Authorization"><value>@("Bearer " + (string)context.Variables["token"])</value></set-header>
```

**Sources.** https://learn.microsoft.com/azure/api-management/api-management-policy-expressions#syntax
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.checks.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.checks.expressions import CheckedExpression
    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element


class ExpressionInText(Rule):
    code = "POL207"

    def visit_expression(self, expression: CheckedExpression) -> Iterator[Diagnostic]:
        element, attribute = expression.element, expression.attribute
        whole = attribute.value.expression if attribute is not None else element.expression
        if whole is not None or (attribute is None and is_text(element)):
            return
        excerpt = expression.excerpt
        yield self.at_span(
            element,
            excerpt.start,
            excerpt.end,
            "this is not evaluated: there is text around it",
            label="sent as it is written",
            help='Make all of it one expression: @("…" + …).',
        )


def is_text(element: Element) -> bool:
    """Whether the text is one in which an @ may be meant: a template, or a document."""
    return element.name == "set-body" and (
        element.get("template") is not None or next(element.elements(), None) is not None
    )
