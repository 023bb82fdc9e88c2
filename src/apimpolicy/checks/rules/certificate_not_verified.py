"""certificate-not-verified: the caller's certificate is compared, but never verified.

**What it does.** Looks for policies that compare the thumbprint, subject, issuer or serial number of
`context.Request.Certificate` but never call `Verify()` or `VerifyNoRevocation()` or use `validate-client-certificate`.

**Why it matters.** The gateway accepts every certificate, including expired, revoked and self-signed ones. A thumbprint
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

from apimpolicy.checks.certificates import certificate_uses
from apimpolicy.checks.rule import Findings, Rule
from apimpolicy.gateway.policies.registry import has_trait


class CertificateNotVerified(Rule):
    code = "POL301"
    needs_all = True
    members = ("Certificate",)

    def finish(self) -> Findings:
        uses = certificate_uses(self.subject)
        if any(has_trait(element.name, "checks-certificate") for element in self.subject.elements):
            return
        compared = ((use, node) for use in uses for node in use.identifications() if use.is_compared(node))
        use, node = next(compared, (None, None))
        if use is not None and node is not None and not any(each.verifications() for each in uses):
            yield self.at_code(
                use.expression,
                node,
                "the certificate is compared, but never verified",
                label="expired and revoked certificates are accepted too",
                help="Add `|| !context.Request.Certificate.Verify()`, or use validate-client-certificate.",
            )
