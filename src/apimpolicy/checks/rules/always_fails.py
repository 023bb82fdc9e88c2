"""always-fails: every request that gets here fails.

**What it does.** With `check --prove`: reports a policy that fails for every request that reaches it.

**Why it matters.** The gateway responds to all of them with an error, or runs `on-error`.

**Example**

```xml
<set-variable name="id" value="@(context.Request.Headers[&quot;X-Id&quot;].First())" />
<set-header name="X-Id" exists-action="delete" />
<set-variable name="again" value="@(context.Request.Headers[&quot;X-Id&quot;].First())" />
```

**Use instead** the intended value, or test for null first.

**Evidence.** A proof shows that every request fails there.

**Sources.** The policy itself: the finding is proven. docs/explanation/proofs.md describes what a proof covers."""

from __future__ import annotations

from apimpolicy.checks.proofs import PROVEN_FAILURE
from apimpolicy.checks.rule import Findings, Rule, Severity


class AlwaysFails(Rule):
    code = "POL433"
    severity = Severity.ERROR
    known = ("proofs",)

    def finish(self) -> Findings:
        help = "Run apimpolicy explain with any request to see the error."
        return self.at_facts(PROVEN_FAILURE, "every request that gets here fails: {}", help=help)
