"""fragment-root: the root element doesn't fit the place of the file.

**What it does.** Looks for a file in the folder of a policy fragment (as APIOps extracts it) whose root is
`<policies>` or a section, and for a file in the folder of an API, an operation, a product or a workspace whose root is
`<fragment>`.

**Why it matters.** Azure refuses to save it.

**Example**, in `policy fragments/check-callers/policy.xml`

```xml
<policies>
    <inbound>
        <base />
    </inbound>
</policies>
```

**Use instead**

```xml
<fragment>
    <set-header name="X-Trace"><value>@(context.RequestId.ToString())</value></set-header>
</fragment>
```

**Evidence.** The documentation of fragments, and the gateway's schema: a fragment is a `<fragment>` element.

**Sources.** https://learn.microsoft.com/azure/api-management/policy-fragments
"""

from __future__ import annotations

from apimpolicy.checks.rule import Findings, Rule, Severity
from apimpolicy.gateway.policies.spec import SECTIONS


class FragmentRoot(Rule):
    code = "POL141"
    severity = Severity.ERROR
    known = ("scope", "fragment")

    def finish(self) -> Findings:
        root = self.document.root
        if root is None:
            return
        if self.settings.fragment is not None and root.name in ("policies", *SECTIONS):
            help = "The root is <fragment>, and the policies are directly inside it."
            yield self.at_element(root, f"a policy fragment can't begin with <{root.name}>", help=help)
        elif self.settings.scope is not None and root.name == "fragment":
            message = f"the policy of the scope '{self.settings.scope}' can't begin with <fragment>"
            help = "The root is <policies>. Put fragments in their own folder."
            yield self.at_element(root, message, severity=Severity.WARNING, help=help)
