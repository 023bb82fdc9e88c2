"""fragment-unknown: an included fragment isn't among the known ones.

**What it does.** Looks for `include-fragment` with an id that isn't among the fragments in the folder (as APIOps
extracts it) or in the configuration. If the id resembles a known one, it is a warning; otherwise the fragment may
exist in the service all the same.

**Why it matters.** If the service doesn't have the fragment, Azure refuses to save the policy: "Policy fragment with
id 'x' could not be found."

**Example**

```xml
<include-fragment fragment-id="check-callers" />
```

**Use instead** the id of the fragment.

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
    severity = Severity.INFO
    elements = ("include-fragment",)
    known = ("fragments",)

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
            f"the fragment '{name}' is not among the known ones",
            severity=Severity.WARNING if near else self.severity,
            label=f"did you mean '{near[0]}'?" if near else "",
            help=f"Known fragments: {', '.join(sorted(known))}.",
        )
