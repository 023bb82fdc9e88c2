"""request-incomplete: a new request has no URL or no method.

**What it does.** Looks at `send-request` and `send-one-way-request` with `mode="new"` (which is the default) that
lack `set-url` or `set-method`.

**Why it matters.** Without a URL the request goes nowhere. The page asks for both; without `set-method` a GET seems
to be sent, which is not documented.

**Example**

```xml
<send-request mode="new" response-variable-name="user" />
```

**Use instead**

```xml
<send-request mode="new" response-variable-name="user">
    <set-url>https://users.contoso.example/me</set-url>
    <set-method>GET</set-method>
</send-request>
```

**Sources.** https://learn.microsoft.com/azure/api-management/send-request-policy,
https://learn.microsoft.com/azure/api-management/send-one-way-request-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.checks.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element


class RequestIncomplete(Rule):
    code = "POL134"
    elements = ("send-request", "send-one-way-request")

    def visit_element(self, element: Element) -> Iterator[Diagnostic]:
        mode = element.get("mode")
        if mode is not None and self.literal(element, "mode") != "new":
            return
        if element.find("set-url") is None:
            yield self.at_element(element, "a new request needs 'set-url'", help='Add <set-url>, or mode="copy".')
        elif element.find("set-method") is None:
            yield self.at_element(element, "a new request needs 'set-method'", help="Add <set-method>GET</set-method>.")
