"""certificate-not-negotiated: the policy uses the caller's certificate, but the gateway never asks for it.

**What it does.** Looks for policies that read `context.Request.Certificate` or use `validate-client-certificate` where
the configuration says that "Negotiate client certificate" is off (`negotiate-client-certificate = false`). It stays
silent without such a configuration.

**Why it matters.** The certificate is then null for every caller. Depending on the condition, everybody is refused or
everybody gets in.

**Example**

```xml
<when condition="@(context.Request.Certificate == null)">
```

**Use instead** the setting of the custom domain (in the Consumption tier, of the API Management instance), and say so
in the configuration:

```toml
negotiate-client-certificate = true
```

**Sources.** https://learn.microsoft.com/azure/api-management/api-management-howto-mutual-certificates-for-clients
"""

from __future__ import annotations

from apimpolicy.checks.certificates import is_client_certificate
from apimpolicy.checks.rule import CheckedExpression, Element, Findings, Rule
from apimpolicy.csharp.binding.nodes import PropertyAccess

MESSAGE = "the gateway does not ask for a client certificate"
HELP = "Turn on 'Negotiate client certificate' for the host name, then set negotiate-client-certificate = true."


class CertificateNotNegotiated(Rule):
    code = "POL308"
    elements = ("validate-client-certificate",)
    members = ("Certificate",)
    known = ("negotiates",)
    is_reported = False

    def visit_element(self, element: Element) -> Findings:
        if self.settings.negotiates is False:
            yield self.at_element(element, MESSAGE, label="always refuses", help=HELP)

    def visit_expression(self, expression: CheckedExpression) -> Findings:
        found = next(filter(is_client_certificate, expression.of_kind(PropertyAccess)), None)
        if self.settings.negotiates is False and found is not None and not self.is_reported:
            self.is_reported = True
            yield self.at_code(expression, found, MESSAGE, label="always null", help=HELP)
