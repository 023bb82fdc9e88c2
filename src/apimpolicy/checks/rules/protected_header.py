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

PROTECTED = frozenset(("connection", "content-length", "keep-alive", "transfer-encoding"))


class ProtectedHeader(Rule):
    code = "POL406"
    elements = ("set-header",)
    words = ("connection", "content-length", "keep-alive", "transfer-encoding")

    def visit_element(self, element: Element) -> Findings:
        attribute, name = element.get("name"), self.literal(element, "name")
        if attribute is not None and name is not None and name.strip().lower() in PROTECTED:
            yield self.at_value(
                element, attribute, f"policies can't change the header '{name.strip()}'", help="Remove this policy."
            )
