"""caller-not-checked: authentication-certificate stands where the caller's certificate was to be checked.

**What it does.** Looks for a document that uses `authentication-certificate`, answers 401 or 403 with a text that
speaks of a certificate, and never looks at the caller's: neither `context.Request.Certificate` nor
`validate-client-certificate`.

**Why it matters.** The two are easily confused. `authentication-certificate` shows the *gateway's* certificate to the
backend; it looks at no caller. Everybody gets through.

**Example**

```xml
<authentication-certificate certificate-id="partner" />
<choose>
    <when condition="@(context.Request.Headers.GetValueOrDefault("X-Cert", "") == "")">
        <return-response><set-status code="403" reason="Client certificate required" /></return-response>
    </when>
</choose>
```

**Use instead**

```xml
<validate-client-certificate>
    <identities><identity certificate-id="partner" /></identities>
</validate-client-certificate>
```

**Sources.** https://learn.microsoft.com/azure/api-management/validate-client-certificate-policy,
https://learn.microsoft.com/azure/api-management/authentication-certificate-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.checks.rule import Rule
from apimpolicy.diagnostics import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element


class CallerNotChecked(Rule):
    code = "POL307"
    severity = Severity.ERROR
    elements = ("authentication-certificate",)

    def visit_element(self, element: Element) -> Iterator[Diagnostic]:
        names = {other.name for other in self.subject.elements}
        if "validate-client-certificate" in names or "Request.Certificate" in self.document.source.text:
            return
        if any(self.refuses_for_a_certificate(status) for status in self.subject.elements):
            yield self.at_element(
                element,
                "this sends the gateway's certificate to the backend; it does not check the caller",
                help="Use validate-client-certificate, or look at context.Request.Certificate.",
            )

    def refuses_for_a_certificate(self, element: Element) -> bool:
        reason = element.get("reason")
        return (
            element.name == "set-status"
            and self.literal(element, "code") in ("401", "403")
            and reason is not None
            and "certificate" in reason.value.text.lower()
        )
