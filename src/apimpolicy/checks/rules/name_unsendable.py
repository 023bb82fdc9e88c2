"""name-unsendable: a header or a method has a name that HTTP doesn't allow.

**What it does.** Looks for literal names in `set-header` and `check-header`, and for literal methods in `set-method`,
that contain colons, commas or other characters that aren't allowed there.

**Why it matters.** Such a request or response can't be sent: every request fails.

**Example**

```xml
<set-header name="X-Trace:" exists-action="override"><value>1</value></set-header>
```

**Use instead**

```xml
<set-header name="X-Trace" exists-action="override"><value>1</value></set-header>
```

**Evidence.** HTTP has no such name, and .NET's HttpClient, which sends the request, throws for it.

**Sources.** https://httpwg.org/specs/rfc9110.html#tokens
"""

from __future__ import annotations

import re

from apimpolicy.checks.rule import Element, Findings, Rule, Severity

UNSENDABLE = re.compile(r"[^<>@{}#$]*[:/,;\"()\\?=\[\]][^<>@{}#$]*")
"""A character that no token has, in a text without any that may belong to a placeholder. Spaces alone don't count for
headers: `some header name` is a placeholder."""
METHOD = re.compile(r"[A-Za-z]+[\s:/,;]+[^<>@{}#$]*")


class NameUnsendable(Rule):
    code = "POL142"
    severity = Severity.ERROR
    elements = ("set-header", "check-header", "set-method")

    def visit_element(self, element: Element) -> Findings:
        if element.name == "set-method":
            text = element.text.strip()
            if element.expression is None and METHOD.fullmatch(text):
                yield self.at_element(element, f"'{text[:60]}' is not a valid HTTP method")
            return
        name = (self.literal(element, "name") or "").strip()
        if UNSENDABLE.fullmatch(name):
            message = f"'{name[:60]}' is not a valid name for a header"
            yield self.at_value(element, "name", message, help="A name consists of letters, digits and hyphens.")
