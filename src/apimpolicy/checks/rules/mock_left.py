"""mock-left: an API answers with a mock.

**What it does.** Looks for `mock-response`. Off by default: mocks are right while an API is designed.

**Why it matters.** A mock that was left in a policy answers real callers, and nothing else tells.

**Example**

```xml
<mock-response status-code="200" content-type="application/json" />
```

**Use instead** nothing: take it out before the policy goes to production.

**Sources.** https://learn.microsoft.com/azure/api-management/mock-response-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.checks.rule import Rule
from apimpolicy.diagnostics import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element


class MockLeft(Rule):
    code = "POL408"
    severity = Severity.INFO
    by_default = False
    elements = ("mock-response",)

    def visit_element(self, element: Element) -> Iterator[Diagnostic]:
        yield self.at_element(element, "real callers get a mock here", help="Take it out before production.")
