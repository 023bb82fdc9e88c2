"""nothing-inside: a policy that runs other policies contains none.

**What it does.** Looks for `retry`, `limit-concurrency` and `wait` without policies inside.

**Why it matters.** Azure refuses an empty `wait`. The others do nothing.

**Example**

```xml
<limit-concurrency key="orders" max-count="10" />
<forward-request />
```

**Use instead**

```xml
<limit-concurrency key="orders" max-count="10">
    <forward-request />
</limit-concurrency>
```

**Sources.** https://learn.microsoft.com/azure/api-management/retry-policy,
https://learn.microsoft.com/azure/api-management/limit-concurrency-policy,
https://learn.microsoft.com/azure/api-management/wait-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.checks.rule import Rule
from apimpolicy.diagnostics import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element


NEEDED = {
    "retry": "the policies to repeat",
    "limit-concurrency": "the policies to limit",
    "wait": "the policies to wait for",
}


class NothingInside(Rule):
    code = "POL126"
    elements = tuple(NEEDED)

    def visit_element(self, element: Element) -> Iterator[Diagnostic]:
        if next(element.elements(), None) is None:
            yield self.at_element(
                element,
                f"'{element.name}' contains no policies",
                severity=Severity.ERROR if element.name == "wait" else self.severity,
                help=f"Move {NEEDED[element.name]} inside it.",
            )
