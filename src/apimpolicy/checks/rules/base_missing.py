"""base-missing: a section leaves out what the wider scopes say.

**What it does.** When the document's scope is known and is not the global one, looks for sections that do not have
`<base />`, or whose `<base />` stands only in some branches.

**Why it matters.** Without `<base />` the policies of the product, the API and the whole service do not run:
authentication, limits and logging that somebody relied on.

**Example**

```xml
<inbound>
    <set-header name="X-Trace"><value>1</value></set-header>
</inbound>
```

**Use instead**

```xml
<inbound>
    <base />
    <set-header name="X-Trace"><value>1</value></set-header>
</inbound>
```

**Sources.** https://learn.microsoft.com/azure/api-management/api-management-howto-policies
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.checks.rule import Rule
from apimpolicy.policies.spec import SECTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.diagnostics import Diagnostic


class BaseMissing(Rule):
    code = "POL127"

    def finish(self) -> Iterator[Diagnostic]:
        if self.settings.scope in (None, "global"):
            return
        for root in self.document.roots:
            for section in root.elements() if root.name == "policies" else ():
                if section.name in SECTIONS and all(element.name != "base" for element in section.descendants()):
                    yield self.at_element(
                        section,
                        f"the wider scopes' policies do not run in '{section.name}'",
                        help="Add <base />, or say why not in a suppression.",
                    )
