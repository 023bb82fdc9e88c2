"""branch-never-taken: no request takes this branch.

**What it does.** With `check --prove`: reports a `when` or `otherwise` that no request takes, and a `choose` whose
conditions are never all false.

**Why it matters.** The policies inside never run. Often a condition is negated by mistake, or an earlier
branch takes all its requests.

**Example**

```xml
<choose>
    <when condition="@(context.Request.Method == &quot;GET&quot;)">…</when>
    <when condition="@(context.Request.Method == &quot;GET&quot; &amp;&amp; context.Request.Body == null)">…</when>
</choose>
```

**Use instead** the intended condition, or remove the branch.

**Sources.** The policy itself: the finding is proven. docs/explanation/proofs.md describes what a proof covers."""

from __future__ import annotations

from apimpolicy.checks.proofs import PROVEN_BRANCH
from apimpolicy.checks.rule import Findings, Rule


class BranchNeverTaken(Rule):
    code = "POL430"
    known = ("proofs",)

    def finish(self) -> Findings:
        help = "Fix the condition, or remove the branch."
        return self.at_facts(PROVEN_BRANCH, "no request takes this branch", ": {}", help=help)
