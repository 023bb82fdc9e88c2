"""certificate-not-identified: the caller's certificate is verified, but not identified.

**What it does.** Looks for policies that call `context.Request.Certificate.Verify()` (or `VerifyNoRevocation()`) and
never read its thumbprint, subject, issuer or serial number.

**Why it matters.** `Verify()` says that a trusted authority issued the certificate, not to whom. Anyone who buys a
certificate from a public authority gets in.

**Example**

```xml
<when condition="@(context.Request.Certificate == null || !context.Request.Certificate.Verify())">
```

**Use instead** a comparison as well, with the uploaded certificates or with a named value:

```xml
<when condition="@(context.Request.Certificate == null || !context.Request.Certificate.Verify()
    || !context.Deployment.Certificates.Any(c => c.Value.Thumbprint == context.Request.Certificate.Thumbprint))">
```

If the gateway trusts only your own authority, that is enough: say so in the reason of a suppression.

**Sources.** https://learn.microsoft.com/azure/api-management/api-management-howto-mutual-certificates-for-clients
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.checks.certificates import CertificateUse
from apimpolicy.checks.rule import CheckedExpression, Findings, Rule, Subject
from apimpolicy.policies.registry import has_trait

if TYPE_CHECKING:
    from apimpolicy.binding.nodes import Bound


class CertificateNotIdentified(Rule):
    code = "POL302"
    needs_all = True
    members = ("Certificate",)

    def __init__(self, subject: Subject) -> None:
        super().__init__(subject)
        self.verified: tuple[CheckedExpression, Bound] | None = None
        self.is_identified = any(has_trait(element.name, "checks-certificate") for element in subject.elements)

    def visit_expression(self, expression: CheckedExpression) -> Findings:
        use = CertificateUse(expression)
        if use.identifications():
            self.is_identified = True
        if self.verified is None and (found := use.verifications()):
            self.verified = expression, found[0]
        return iter(())

    def finish(self) -> Findings:
        if self.verified is not None and not self.is_identified:
            expression, node = self.verified
            yield self.at_code(
                expression,
                node,
                "the certificate is verified, but not identified",
                label="any certificate from a trusted authority is accepted",
                help="Compare its thumbprint, or its issuer and subject, as well.",
            )
