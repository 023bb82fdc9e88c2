"""cache-lookup-without-store: responses are looked up in the cache but never stored, or the other way round.

**What it does.** Looks for a document with `cache-lookup` but without `cache-store`, or the reverse, and likewise for
the semantic caches. Documents with fragments are left alone. What another scope does isn't known; if it contains the
other half, say so in a suppression.

**Why it matters.** Neither works without the other: nothing is ever found, or nothing is ever used.

**Example**

```xml
<inbound><cache-lookup vary-by-developer="false" vary-by-developer-groups="false" /></inbound>
```

**Use instead** both: `cache-lookup` in inbound and `cache-store` in outbound.

**Sources.** https://learn.microsoft.com/azure/api-management/cache-lookup-policy,
https://learn.microsoft.com/azure/api-management/cache-store-policy
"""

from __future__ import annotations

from apimpolicy.checks.rule import Element, Findings, Rule


class CacheLookupWithoutStore(Rule):
    code = "POL404"
    needs_all = True
    traits = ("caches-responses",)

    def visit_element(self, element: Element) -> Findings:
        if all(root.name != "policies" for root in self.document.roots):
            return
        names = {other.name for other in self.subject.elements}
        specification = self.subject.specification_of(element)
        other = "" if specification is None else specification.other_half
        if "include-fragment" not in names and other and other not in names:
            effect = "response is ever stored" if element.name.endswith("lookup") else "stored response is ever used"
            yield self.at_element(element, f"no {effect}, because '{other}' is missing", help=f"Add '{other}'.")
