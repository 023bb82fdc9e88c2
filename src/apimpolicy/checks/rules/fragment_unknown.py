"""fragment-unknown: a fragment is included that the service does not have.

**What it does.** When the service's fragments are known (a folder as APIOps extracts it), looks for
`include-fragment` with another id.

**Why it matters.** Azure refuses to save the policy: "Policy fragment with id 'x' could not be found."

**Example**

```xml
<include-fragment fragment-id="check-callers" />
```

**Use instead** the id that the fragment has.

**Sources.** https://learn.microsoft.com/azure/api-management/include-fragment-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.checks.rule import Rule
from apimpolicy.diagnostics import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element


class FragmentUnknown(Rule):
    code = "POL135"
    severity = Severity.ERROR
    elements = ("include-fragment",)

    def visit_element(self, element: Element) -> Iterator[Diagnostic]:
        known = self.settings.fragments
        attribute, name = element.get("fragment-id"), self.literal(element, "fragment-id")
        if not known or attribute is None or name is None or name in known:
            return
        from difflib import get_close_matches

        near = get_close_matches(name[:64], known, 1, 0.7)
        yield self.at_value(
            element,
            attribute,
            f"there is no fragment '{name}'",
            label=f"did you mean '{near[0]}'?" if near else "",
            help=f"The service has {', '.join(sorted(known))}.",
        )
