"""certificate-by-thumbprint: the gateway's certificate is selected by its thumbprint, which changes with every renewal.

**What it does.** Looks for `authentication-certificate` with a literal `thumbprint`.

**Why it matters.** A certificate from Key Vault is renewed automatically and then has a new thumbprint. The policy
still names the old one, and requests fail after the rotation.

**Example**

```xml
<authentication-certificate thumbprint="A909502DD82AE41433E6F83886B00D4277A32A7B" />
```

**Use instead** the id of the certificate in API Management:

```xml
<authentication-certificate certificate-id="orders-backend" />
```

**Sources.** https://learn.microsoft.com/azure/api-management/api-management-howto-mutual-certificates
"""

from __future__ import annotations

from apimpolicy.checks.rule import Element, Findings, Rule, Severity


class CertificateByThumbprint(Rule):
    code = "POL306"
    severity = Severity.INFO
    elements = ("authentication-certificate",)

    def visit_element(self, element: Element) -> Findings:
        if self.literal(element, "thumbprint"):
            message = "the thumbprint changes when the certificate is renewed"
            yield self.at_attribute(element, "thumbprint", message, help="Use 'certificate-id' instead.")
