"""condition-always-the-same: a condition is the same for every request.

**What it does.** With `check --prove`: reports a condition, or an operand of one, that is true for every request that
gets there, or false for every one.

**Why it matters.** It decides nothing. It may be harmless caution, or an error: a header that is never null, a
text compared with itself.

**Example**

```xml
<when condition="@(context.Request.Headers != null &amp;&amp; context.Request.Method == &quot;GET&quot;)">…</when>
```

**Use instead** the condition without that part, or the intended one.

**Sources.** The policy itself: the finding is proven. docs/explanation/proofs.md describes what a proof covers."""

from __future__ import annotations

from apimpolicy.checks.proofs import PROVEN_CONDITION
from apimpolicy.checks.rule import Findings, Rule, Severity


class ConditionAlwaysTheSame(Rule):
    code = "POL431"
    severity = Severity.INFO
    known = ("proofs",)

    def finish(self) -> Findings:
        message = "this is {} for every request that gets here"
        return self.at_facts(PROVEN_CONDITION, message, help="Remove it, or fix it.")
