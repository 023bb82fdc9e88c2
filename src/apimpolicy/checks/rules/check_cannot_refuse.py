"""check-cannot-refuse: a check of the caller never refuses a request.

**What it does.** With `check --prove`: reports a `when` that looks at the caller's certificate or token, refuses, and
is taken by no request.

**Why it matters.** The policy seems to check callers, but admits all of them.

**Example**

```xml
<when condition="@(context.Request.Certificate == null &amp;&amp; context.Request.Certificate != null)">
    <return-response><set-status code="403" reason="Forbidden" /></return-response>
</when>
```

**Use instead** the intended condition; often `||` instead of `&&`.

**Sources.** The policy itself: the finding is proven. docs/explanation/proofs.md describes what a proof covers."""

from __future__ import annotations

from apimpolicy.checks.proofs import PROVEN_CHECK
from apimpolicy.checks.rule import Findings, Rule


class CheckCannotRefuse(Rule):
    code = "POL432"
    known = ("proofs",)

    def finish(self) -> Findings:
        help = "Fix the condition, and write a claim for it: see apimpolicy prove."
        return self.at_facts(PROVEN_CHECK, "this check of the caller never refuses a request", ": {}", help=help)
