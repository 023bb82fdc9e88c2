"""nothing-inside: a policy that works on what is inside has nothing inside.

**What it does.** Looks for `retry`, `limit-concurrency` and `wait` without policies inside, `ip-filter` without
addresses, and `cors` without origins.

**Why it matters.** Azure refuses to save some of them; the others do nothing, or lock everybody out.

**Example**

```xml
<ip-filter action="allow" />
```

**Use instead**

```xml
<ip-filter action="allow">
    <address-range from="20.30.40.0" to="20.30.40.255" />
</ip-filter>
```

**Sources.** https://learn.microsoft.com/azure/api-management/retry-policy,
https://learn.microsoft.com/azure/api-management/ip-filter-policy,
https://learn.microsoft.com/azure/api-management/cors-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.checks.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element


NEEDED = {
    "retry": "the policies that are to be repeated",
    "limit-concurrency": "the policies that are to be limited",
    "wait": "the policies to wait for",
    "ip-filter": "an 'address' or an 'address-range'",
}


class NothingInside(Rule):
    code = "POL126"
    elements = (*NEEDED, "cors")

    def visit_element(self, element: Element) -> Iterator[Diagnostic]:
        if element.name == "cors":
            origins = element.find("allowed-origins")
            if origins is None or next(origins.elements(), None) is None:
                yield self.at_element(element, "'cors' allows no origin", help="Add <allowed-origins>.")
        elif next(element.elements(), None) is None:
            yield self.at_element(
                element, f"there is nothing in '{element.name}'", help=f"Put in {NEEDED[element.name]}."
            )
