"""backend-id-overridden: a backend by id is overridden by a URL.

**What it does.** Looks for `set-backend-service` with `base-url` after one with `backend-id` on the same way.

**Why it matters.** The page says that an id can be overridden by another id only. The URL has no effect, or the save
is refused; which of them is not documented.

**Example**

```xml
<set-backend-service backend-id="orders" />
<set-backend-service base-url="https://orders-2.contoso.example" />
```

**Use instead** a second backend with an id, or one of the two in `choose`.

**Sources.** https://learn.microsoft.com/azure/api-management/set-backend-service-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.checks.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element


class BackendIdOverridden(Rule):
    code = "POL415"
    elements = ("set-backend-service",)

    def visit_element(self, element: Element) -> Iterator[Diagnostic]:
        attribute, parent = element.get("base-url"), element.parent
        if attribute is None or parent is None:
            return
        for other in parent.elements():
            if other is element:
                return
            if other.name == "set-backend-service" and other.get("backend-id") is not None:
                yield self.at_attribute(
                    element,
                    attribute,
                    "a backend by id can be overridden by an id only",
                    help="Make a backend for this URL, and name its id.",
                )
                return
