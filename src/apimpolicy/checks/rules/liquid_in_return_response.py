"""liquid-in-return-response: a Liquid template inside return-response can't read a body.

**What it does.** Looks for `set-body` with `template="liquid"` inside `return-response` whose template uses `body`.

**Why it matters.** According to the documentation, bodies are empty in such a template, so that the response lacks
what the template takes from them.

**Example**

```xml
<return-response>
    <set-body template="liquid">{{body.name}}</set-body>
</return-response>
```

**Use instead** an expression, or a template that reads `context.Variables`.

**Sources.** https://learn.microsoft.com/azure/api-management/set-body-policy
"""

from __future__ import annotations

import re

from apimpolicy.checks.rule import Element, Findings, Rule
from apimpolicy.gateway.policies.registry import has_trait

TAG = re.compile(r"\{[{%](?:[^}%{]++|\{(?![{%]))*+")
BODY = re.compile(r"\bbody\b")


class LiquidInReturnResponse(Rule):
    code = "POL412"
    elements = ("set-body",)
    words = ("liquid",)

    def visit_element(self, element: Element) -> Findings:
        parent = element.parent
        if parent is None or not has_trait(parent.name, "composes") or self.literal(element, "template") != "liquid":
            return
        tags = TAG.finditer(element.source.text, element.content_start, element.content_end)
        if any(BODY.search(tag[0], 2) for tag in tags):
            message = "'body' is empty in a Liquid template inside 'return-response'"
            yield self.at_element(element, message, help="Use an expression instead.")
