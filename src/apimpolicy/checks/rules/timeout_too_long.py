"""timeout-too-long: a timeout is longer than the gateway honours.

**What it does.** Looks at `forward-request` with a literal `timeout` above 240 seconds (or `timeout-ms` above
240,000).

**Why it matters.** Network equipment in Azure drops connections that were idle for about four minutes; longer
timeouts may not be honoured. The caller gets an error all the same, and the backend goes on working.

**Example**

```xml
<forward-request timeout="600" />
```

**Use instead** an answer at once (202) and a place to ask for the result.

**Sources.** https://learn.microsoft.com/azure/api-management/forward-request-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.checks.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element


MOST_SECONDS = 240


class TimeoutTooLong(Rule):
    code = "POL402"
    elements = ("forward-request",)

    def visit_element(self, element: Element) -> Iterator[Diagnostic]:
        for name, unit in (("timeout", 1), ("timeout-ms", 1000)):
            attribute, text = element.get(name), self.literal(element, name)
            if attribute is not None and text is not None and text.isdecimal() and int(text[:12]) > MOST_SECONDS * unit:
                yield self.at_value(
                    element,
                    attribute,
                    f"more than {MOST_SECONDS} seconds may not be honoured",
                    help="Answer at once, and let the caller ask for the result later.",
                )
