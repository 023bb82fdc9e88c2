"""expression-in-text: an expression inside other text may not be evaluated.

**What it does.** Looks for attributes and texts that contain an expression along with other text. In the message of a
`trace` that is harmless, and isn't reported.

**Why it matters.** The gateway evaluates a value that is an expression as a whole. Microsoft documents for
`rewrite-uri` that an expression with text around it is sent as C#: that is a warning. For other policies no source says
what happens to `Bearer @(context.Variables["token"])`, so that is only worth knowing. The simulator sends the C#.

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

from collections.abc import Sequence

from apimpolicy.checks.rule import CheckedExpression, Element, Findings, Rule, Severity
from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.text.document import Characters, MarkupNode


class ExpressionInText(Rule):
    code = "POL207"
    words = ("@(", "@{")

    def visit_expression(self, expression: CheckedExpression) -> Findings:
        element, attribute = expression.element, expression.attribute
        whole = attribute.value.expression if attribute is not None else element.expression
        if whole is not None or (attribute is None and is_text(element)):
            return
        if not text_around(element.children if attribute is None else [attribute.value]):
            return
        if attribute is None and element.parent is not None and has_trait(element.parent.name, "logs"):
            return
        is_documented = has_trait(element.name, "rewrites-path")
        verb = "isn't" if is_documented else "may not be"
        yield self.at_span(
            element,
            expression.excerpt.start,
            expression.excerpt.end,
            f"this expression {verb} evaluated, because there is text around it",
            label="sent as it is written" if is_documented else "",
            help='Make the whole value one expression: @("…" + …).',
            severity=self.severity if is_documented else Severity.INFO,
        )


def text_around(nodes: Sequence[MarkupNode]) -> str:
    """Return the text around the expressions. It's unknown whether the gateway treats no-break spaces as spaces."""
    found = ""
    for node in nodes:
        if isinstance(node, Characters):
            position = node.start
            for part in node.parts:
                found += node.source.text[position : part.start]
                position = part.end
            found += node.source.text[position : node.end]
    return found.strip()


def is_text(element: Element) -> bool:
    """Return whether an @ may be part of the text: in a template or a document."""
    return has_trait(element.name, "replaces-body") and (
        element.get("template") is not None or next(element.elements(), None) is not None
    )
