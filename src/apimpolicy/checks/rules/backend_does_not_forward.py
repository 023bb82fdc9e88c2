"""backend-does-not-forward: nothing is forwarded to the backend.

**What it does.** Looks for a `backend` section without `base`, `forward-request` or another policy that produces a
response. It stays silent where no request gets to the backend section, and where outbound makes up the response.

**Why it matters.** The section replaces that of the wider scopes. Without `base` or `forward-request` the request
isn't sent anywhere, and callers get an empty 200.

**Example**

```xml
<backend />
```

**Use instead**

```xml
<backend>
    <base />
</backend>
```

At the global scope, write `<forward-request />`.

**Sources.** https://learn.microsoft.com/azure/api-management/forward-request-policy,
https://learn.microsoft.com/azure/api-management/api-management-howto-policies
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.checks.rule import Rule
from apimpolicy.policies.registry import names_with

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element


PLACES = frozenset(("base", "include-fragment"))
"""Where policies of other documents stand."""


class BackendDoesNotForward(Rule):
    code = "POL401"
    needs_all = True
    elements = ("backend",)

    def visit_element(self, element: Element) -> Iterator[Diagnostic]:
        if element.parent is None or element.parent.name != "policies":
            return
        if _has(element.descendants(), names_with("answers") | PLACES):
            return
        inbound, outbound = element.parent.find("inbound"), element.parent.find("outbound")
        if inbound is not None and (_has(inbound.elements(), names_with("ends", "diverts")) or self.subject.flow.ends.get("inbound") is None):
            return
        if outbound is not None and _has(outbound.descendants(), names_with("makes-response") | {"include-fragment"}):
            return
        yield self.at_element(
            element,
            "nothing is forwarded to the backend",
            label="callers get an empty 200",
            help="Write <base /> here, or <forward-request /> at the global scope.",
        )


def _has(elements: Iterable[Element], names: frozenset[str]) -> bool:
    return any(element.name in names for element in elements)
