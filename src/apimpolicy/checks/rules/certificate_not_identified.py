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

from apimpolicy.checks.certificates import certificate_uses
from apimpolicy.checks.rule import Findings, Rule
from apimpolicy.gateway.policies.registry import has_trait


class CertificateNotIdentified(Rule):
    code = "POL302"
    needs_all = True
    members = ("Certificate",)

    def finish(self) -> Findings:
        uses = certificate_uses(self.subject)
        if any(has_trait(element.name, "checks-certificate") for element in self.subject.elements):
            return
        verified = next((use for use in uses if use.verifications()), None)
        if verified is not None and not any(use.identifications() for use in uses):
            yield self.at_code(
                verified.expression,
                verified.verifications()[0],
                "the certificate is verified, but not identified",
                label="any certificate from a trusted authority is accepted",
                help="Compare its thumbprint, or its issuer and subject, as well.",
            )
