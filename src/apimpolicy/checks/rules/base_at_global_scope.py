"""base-at-global-scope: base stands at the global scope, where there is nothing wider.

**What it does.** When the document's scope is the global one, looks for `<base />`.

**Why it matters.** It has no effect there; in the backend section people take it for the forwarding, and nothing is
forwarded.

**Example**

```xml
<backend>
    <base />
</backend>
```

**Use instead** `<forward-request />` in the backend section, and nothing elsewhere.

**Sources.** https://learn.microsoft.com/azure/api-management/api-management-howto-policies
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.checks.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element


class BaseAtGlobalScope(Rule):
    code = "POL128"
    elements = ("base",)

    def visit_element(self, element: Element) -> Iterator[Diagnostic]:
        if self.settings.scope == "global":
            backend = self.subject.section_of(element) == "backend"
            yield self.at_element(
                element,
                "there is no scope wider than the global one",
                label="forwards nothing" if backend else "no effect",
                help="Write <forward-request />." if backend else "Take it out.",
            )
