"""certificate-not-verified: the caller's certificate is compared, but never verified.

**What it does.** Looks for policies that compare the thumbprint, subject, issuer or serial number of
`context.Request.Certificate` but never call `Verify()` or `VerifyNoRevocation()` or use `validate-client-certificate`.

**Why it matters.** The gateway accepts every certificate, including expired, revoked and self-made ones. A thumbprint
can't be forged, but anyone can issue a certificate with the same name, and a stolen certificate keeps its thumbprint
after it has been revoked. Callers get in whom the policy means to refuse.

**Example**

```xml
<when condition="@(context.Request.Certificate == null || context.Request.Certificate.Thumbprint != "{{partner}}")">
```

**Use instead**

```xml
<when condition="@(context.Request.Certificate == null || !context.Request.Certificate.Verify()
    || context.Request.Certificate.Thumbprint != "{{partner}}")">
```

or `validate-client-certificate`, which checks trust, dates and revocation. A self-signed certificate doesn't verify
unless you upload it as a root; if you can't, check `NotAfter` and `NotBefore` along with its thumbprint.

**Sources.** https://learn.microsoft.com/azure/api-management/api-management-howto-mutual-certificates-for-clients
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.checks.certificates import CertificateUse
from apimpolicy.checks.rule import CheckedExpression, Findings, Rule, Subject
from apimpolicy.policies.registry import has_trait

if TYPE_CHECKING:
    from apimpolicy.binding.nodes import Bound


class CertificateNotVerified(Rule):
    code = "POL301"
    needs_all = True
    members = ("Certificate",)

    def __init__(self, subject: Subject) -> None:
        super().__init__(subject)
        self.compared: tuple[CheckedExpression, Bound] | None = None
        self.is_verified = any(has_trait(element.name, "checks-certificate") for element in subject.elements)

    def visit_expression(self, expression: CheckedExpression) -> Findings:
        use = CertificateUse(expression)
        if use.verifications():
            self.is_verified = True
        if self.compared is None:
            for node in use.identifications():
                if use.is_compared(node):
                    self.compared = expression, node
                    break
        return iter(())

    def finish(self) -> Findings:
        if self.compared is not None and not self.is_verified:
            expression, node = self.compared
            yield self.at_code(
                expression,
                node,
                "the certificate is compared, but never verified",
                label="expired and revoked certificates are accepted too",
                help="Add `|| !context.Request.Certificate.Verify()`, or use validate-client-certificate.",
            )
