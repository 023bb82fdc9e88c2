"""check-cannot-refuse: a check of the caller refuses nobody.

**What it does.** With `check --prove`: reports a `when` that looks at the caller's certificate or token, refuses, and
is taken by no request.

**Why it matters.** It looks as if callers were checked, and none of them is.

**Example**

```xml
<when condition="@(context.Request.Certificate == null &amp;&amp; context.Request.Certificate != null)">
    <return-response><set-status code="403" reason="Forbidden" /></return-response>
</when>
```

**Use instead** the condition that was meant; often `||` in the place of `&&`.

**Sources.** Nothing but the policy: every way through it was gone by a solver, and each was run. What that means, and
its bounds: docs/explanation/proofs.md"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.checks.proofs import CHECK
from apimpolicy.checks.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.diagnostics import Diagnostic


class CheckCannotRefuse(Rule):
    code = "POL432"
    known = ("proofs",)

    def finish(self) -> Iterator[Diagnostic]:
        assert self.settings.proofs is not None
        for fact in self.settings.proofs.of(CHECK):
            yield self.at_place(
                fact.start,
                fact.end,
                "this check of the caller refuses nobody" + (f": {fact.what}" if fact.what else ""),
                help="Correct the condition, and claim what it is there for: see apimpolicy prove.",
            )
