"""otherwise-not-last: otherwise isn't the last branch of choose.

**What it does.** Looks for a `when` after `otherwise`.

**Why it matters.** Azure refuses to save the policy.

**Example**

```xml
<choose>
    <otherwise>…</otherwise>
    <when condition="@(true)">…</when>
</choose>
```

**Use instead** one or more `when` elements, then at most one `otherwise`.

**Evidence.** The gateway's schema has `otherwise` at the end of the sequence; it answers `has invalid child element`.

**Sources.** https://learn.microsoft.com/azure/api-management/choose-policy
"""

from __future__ import annotations

from apimpolicy.checks.rule import Element, Findings, Rule, Severity


class OtherwiseNotLast(Rule):
    code = "POL125"
    severity = Severity.ERROR
    elements = ("otherwise",)

    def visit_element(self, element: Element) -> Findings:
        other = next((other for other in element.following_siblings() if other.name == "when"), None)
        if other is not None:
            yield self.at_element(other, "'when' cannot come after 'otherwise'", help="Move 'otherwise' to the end.")
