"""liquid-unreadable: a Liquid template has a syntax error.

**What it does.** Parses the templates of `set-body` as the gateway's Liquid does, without running them.

**Why it matters.** Azure saves the policy, and every request that reaches the template fails.

**Example**

```xml
<set-body template="liquid">{% if body.name %}hello</set-body>
```

**Use instead**

```xml
<set-body template="liquid">{% if body.name %}hello{% endif %}</set-body>
```

**Evidence.** The template engine that the documentation names, DotLiquid, throws a syntax error for it.

**Sources.** https://learn.microsoft.com/azure/api-management/set-body-policy
"""

from __future__ import annotations

from apimpolicy.checks.rule import Element, Findings, Rule, Severity
from apimpolicy.csharp.dotnet.values import to_utf16
from apimpolicy.errors import LimitExceededError, NotSimulatedError


class LiquidUnreadable(Rule):
    code = "POL419"
    severity = Severity.ERROR
    elements = ("set-body",)
    words = ("liquid",)

    def visit_element(self, element: Element) -> Findings:
        if self.literal(element, "template") != "liquid":
            return
        from apimpolicy.gateway.policies.liquid.markup import LiquidSyntaxError
        from apimpolicy.gateway.policies.liquid.template import read_template

        text = to_utf16(element.source.text[element.content_start : element.content_end])
        try:
            read_template(text)
        except LiquidSyntaxError as error:
            yield self.at_element(element, f"the Liquid template has a syntax error: {error.message}")
        except (LimitExceededError, NotSimulatedError):
            return
