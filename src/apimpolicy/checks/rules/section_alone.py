"""section-alone: a document begins with a section, not with policies.

**What it does.** Looks for documents whose outermost element is a section. Off by default: snippets in documentation
and pieces that a build puts together look like that.

**Why it matters.** Azure refuses to save it.

**Example**

```xml
<inbound>
    <base />
</inbound>
```

**Use instead**

```xml
<policies>
    <inbound>
        <base />
    </inbound>
</policies>
```

**Sources.** https://learn.microsoft.com/azure/api-management/api-management-howto-policies
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.checks.rule import Rule
from apimpolicy.diagnostics import Severity
from apimpolicy.policies.spec import SECTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.diagnostics import Diagnostic


class SectionAlone(Rule):
    code = "POL136"
    severity = Severity.ERROR
    by_default = False

    def finish(self) -> Iterator[Diagnostic]:
        for root in self.document.roots:
            if root.name in SECTIONS:
                yield self.at_element(
                    root, "a section stands in <policies>", help="Put <policies> around the sections."
                )
                return
