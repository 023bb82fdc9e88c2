"""otherwise-not-last: otherwise isn't the last branch of choose.

**What it does.** Looks for a `when` after `otherwise`.

**Why it matters.** Azure refuses to save the policy.

**Example**

```xml
<choose>
    <otherwise>…</otherwise>
    <when condition="@(true)">…</when>
</choose>
```

**Use instead** one or more `when` elements, then at most one `otherwise`.

**Evidence.** The gateway's schema has `otherwise` at the end of the sequence; it answers `has invalid child element`.

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


class OtherwiseNotLast(Rule):
    code = "POL125"
    severity = Severity.ERROR
    elements = ("otherwise",)

    def visit_element(self, element: Element) -> Iterator[Diagnostic]:
        behind = False
        for other in element.parent.elements() if element.parent is not None else ():
            if behind and other.name == "when":
                yield self.at_element(
                    other, "'when' cannot come after 'otherwise'", help="Move 'otherwise' to the end."
                )
                return
            behind = behind or other is element
