"""protected-header: a header is set that policies can't change.

**What it does.** Looks for `set-header` with the names `Connection`, `Content-Length`, `Keep-Alive` and
`Transfer-Encoding`.

**Why it matters.** These headers describe the connection itself. The gateway sets them, and the policy has no effect.

**Example**

```xml
<set-header name="Content-Length" exists-action="delete" />
```

**Use instead** nothing: remove the policy.

**Sources.** https://learn.microsoft.com/azure/api-management/set-header-policy
"""

from __future__ import annotations

from apimpolicy.checks.rule import Element, Findings, Rule

PROTECTED = ("connection", "content-length", "keep-alive", "transfer-encoding")


class ProtectedHeader(Rule):
    code = "POL406"
    elements = ("set-header",)
    words = PROTECTED

    def visit_element(self, element: Element) -> Findings:
        name = (self.literal(element, "name") or "").strip()
        if name.lower() in PROTECTED:
            message = f"policies can't change the header '{name}'"
            yield self.at_value(element, "name", message, help="Remove this policy.")
