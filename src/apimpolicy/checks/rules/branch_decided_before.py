"""branch-decided-before: a branch is never reached, because an earlier one always matches.

**What it does.** Looks in `choose` for branches after one whose condition is `true`, and for a `when` whose condition
an earlier `when` has already. Conditions that can differ when they are evaluated again are left alone: time, chance, a
body that is read without `preserveContent`. `check --prove` finds more.

**Why it matters.** The first branch that matches is the only one that runs. A `true` is often left over from a test, a
repeated condition from a copy.

**Example**

```xml
<choose>
    <when condition="@(context.Request.Method == "GET")">…</when>
    <when condition="@(context.Request.Method == "GET")">…</when>
</choose>
```

**Use instead** the intended condition, or `otherwise` for the branch that runs if no other does.

**Sources.** https://learn.microsoft.com/azure/api-management/choose-policy
"""

from __future__ import annotations

import re

from apimpolicy.checks.rule import Element, Findings, Rule
from apimpolicy.text.source import is_unknown

CHANGES = re.compile(r"\b(?:Random|NewGuid|Now|UtcNow|Today|TickCount|Stopwatch|Elapsed|As)\b")
"""Members whose value may differ the second time."""
OUTSIDE_TEXTS = re.compile(r"(\$?@?\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')|\s+")


class BranchDecidedBefore(Rule):
    code = "POL442"
    traits = ("branches",)

    def visit_element(self, element: Element) -> Findings:
        if self.settings.proofs is not None:  # POL430 reports it
            return
        seen: set[str] = set()
        always = False
        for branch in element.elements():
            if always:
                message = "this branch never runs, because the condition of an earlier one is always true"
                yield self.at_element(branch, message, help="Correct the condition of that branch, or remove this one.")
                return
            attribute = branch.get("condition")
            if branch.name != "when" or attribute is None or is_unknown(attribute.value.text):
                continue
            condition = OUTSIDE_TEXTS.sub(lambda found: found[1] or "", attribute.value.text)
            if condition in seen:
                message = "this branch never runs, because an earlier one has the same condition"
                yield self.at_value(branch, "condition", message, help="Correct the condition, or remove the branch.")
            elif not CHANGES.search(attribute.value.text):
                seen.add(condition)
            always = self.is_true(branch, condition)

    def is_true(self, branch: Element, condition: str) -> bool:
        """Return whether a condition is the constant `true`."""
        expression = self.subject.expression_in(branch, "condition")
        return condition.lower() == "true" if expression is None else getattr(expression.body, "constant", None) is True
