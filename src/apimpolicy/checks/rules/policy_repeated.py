"""policy-repeated: a policy that is allowed once appears twice.

**What it does.** Looks for policies that appear more often than the documentation allows: once in a section (`cors`,
`cache-lookup`, `jsonp`, `xsl-transform` and others) or once in a document (`rate-limit`, `quota`). Policies in
separate branches of `choose` don't count together.

**Why it matters.** Azure refuses to save the policy.

**Example**

```xml
<inbound>
    <rate-limit calls="10" renewal-period="60" />
    <rate-limit calls="100" renewal-period="300" />
</inbound>
```

**Use instead** one of them. `rate-limit-by-key` can be used several times.

**Evidence.** The documentation allows them once. Of 1,814 public documents none has one twice.

**Sources.** https://learn.microsoft.com/azure/api-management/rate-limit-policy,
https://learn.microsoft.com/azure/api-management/quota-policy,
https://learn.microsoft.com/azure/api-management/cors-policy
"""

from __future__ import annotations

from apimpolicy.checks.rule import Element, Findings, Rule, Severity
from apimpolicy.gateway.policies.registry import placement_of


class PolicyRepeated(Rule):
    code = "POL122"
    severity = Severity.ERROR
    traits = ("once",)

    def finish(self) -> Findings:
        seen: dict[tuple[str, str | None], list[Element]] = {}
        for element in self.subject.elements:
            once = placement_of(element.name).once
            if not once or not self.subject.is_policy(element):
                continue
            section = self.subject.section_of(element) if once == "section" else None
            before = seen.setdefault((element.name, section), [])
            if any(on_one_path(first, element) for first in before):
                message = f"'{element.name}' is allowed only once in a {once}"
                line = before[0].source.position(before[0].start).line
                yield self.at_element(element, message, help=f"The first one is on line {line}.")
            before.append(element)


def on_one_path(first: Element, second: Element) -> bool:
    """Return whether a request can reach both: not if they are in different branches."""
    one, other = branches_of(first), branches_of(second)
    return one <= other or other <= one


def branches_of(element: Element) -> set[int]:
    """Return the `id` of each branch of `choose` around an element."""
    return {id(found) for found in element.ancestors() if found.name in ("when", "otherwise")}
