"""caller-not-checked: authentication-certificate is used where the caller's certificate should be checked.

**What it does.** Looks for a document that uses `authentication-certificate`, returns 401 or 403 with a reason that
mentions a certificate, and never looks at the caller's certificate: neither with `context.Request.Certificate` nor
with `validate-client-certificate`.

**Why it matters.** The two are easily confused. `authentication-certificate` presents the *gateway's* certificate to
the backend; it doesn't check the caller. Everybody gets through.

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
    <identities><identity thumbprint="{{partner-thumbprint}}" /></identities>
</validate-client-certificate>
```

**Sources.** https://learn.microsoft.com/azure/api-management/validate-client-certificate-policy,
https://learn.microsoft.com/azure/api-management/authentication-certificate-policy
"""

from __future__ import annotations

from apimpolicy.checks.certificates import is_client_certificate
from apimpolicy.checks.rule import Element, Findings, Rule
from apimpolicy.csharp.binding.nodes import PropertyAccess
from apimpolicy.gateway.policies.registry import has_trait


class CallerNotChecked(Rule):
    code = "POL307"
    needs_all = True
    elements = ("authentication-certificate",)

    def visit_element(self, element: Element) -> Findings:
        if not self.looks_at_the_caller() and any(map(self.refuses_for_a_certificate, self.subject.elements)):
            message = "this presents the gateway's certificate to the backend; it doesn't check the caller's"
            help = "Use validate-client-certificate, or check context.Request.Certificate."
            yield self.at_element(element, message, help=help)

    def looks_at_the_caller(self) -> bool:
        return any(has_trait(other.name, "checks-certificate") for other in self.subject.elements) or any(
            is_client_certificate(node)
            for expression in self.subject.expressions
            for node in expression.of_kind(PropertyAccess)
        )

    def refuses_for_a_certificate(self, element: Element) -> bool:
        reason = element.get("reason")
        return (
            has_trait(element.name, "sets-status")
            and self.literal(element, "code") in ("401", "403")
            and reason is not None
            and "certificate" in reason.value.text.lower()
        )
