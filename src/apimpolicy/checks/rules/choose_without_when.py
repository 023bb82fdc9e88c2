"""choose-without-when: choose has no when, or its otherwise is not the last one.

**What it does.** Looks at the children of `choose`.

**Why it matters.** Azure refuses to save the document.

**Example**

```xml
<choose>
    <otherwise>…</otherwise>
    <when condition="@(true)">…</when>
</choose>
```

**Use instead** one or more `when`, then at most one `otherwise`.

**Sources.** https://learn.microsoft.com/azure/api-management/choose-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.checks.rule import Rule
from apimpolicy.diagnostics import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element


class ChooseWithoutWhen(Rule):
    code = "POL125"
    severity = Severity.ERROR
    elements = ("choose",)

    def visit_element(self, element: Element) -> Iterator[Diagnostic]:
        names = [child.name for child in element.elements()]
        if "when" not in names:
            yield self.at_element(element, "'choose' needs a 'when'")
        last = None
        for child in element.elements():
            if last is not None and child.name in ("when", "otherwise"):
                yield self.at_element(
                    child, f"'{child.name}' cannot come after 'otherwise'", help="'otherwise' is the last one."
                )
                return
            last = child if child.name == "otherwise" else None
