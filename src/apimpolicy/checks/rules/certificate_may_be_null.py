"""certificate-may-be-null: the caller's certificate is used without checking that there is one.

**What it does.** Looks for members of `context.Request.Certificate` that are used without `?.` before the document
compares the certificate with null.

**Why it matters.** If the caller sends no certificate, the expression throws and the response is 500 instead of 403.
The certificate is null for every caller as long as "Negotiate client certificate" is off for the host name
(`negotiateClientCertificate` in the hostname configuration); nothing warns about that.

**Example**

```xml
<when condition="@(context.Request.Certificate.Thumbprint != "{{partner}}")">
```

**Use instead**

```xml
<when condition="@(context.Request.Certificate == null || context.Request.Certificate.Thumbprint != "{{partner}}")">
```

**Sources.** https://learn.microsoft.com/azure/api-management/api-management-howto-mutual-certificates-for-clients
"""

from __future__ import annotations

from apimpolicy.checks.certificates import CertificateUse
from apimpolicy.checks.rule import CheckedExpression, Findings, Rule
from apimpolicy.gateway.policies.registry import has_trait


class CertificateMayBeNull(Rule):
    code = "POL303"
    fixed_by_null_check = True
    needs_all = True
    members = ("Certificate",)
    is_settled = False

    def visit_expression(self, expression: CheckedExpression) -> Findings:
        """Report at most one finding in a document, and none after a check for null."""
        if self.is_settled:
            return
        self.is_settled = self.comes_after_validation(expression)
        if self.is_settled:
            return
        use = CertificateUse(expression)
        checks = use.null_checks()
        first = min((check.syntax.start for check in checks), default=None)
        self.is_settled = bool(checks)
        for name, node in use.members():
            if first is None or node.syntax.start < first:
                self.is_settled = True
                yield self.at_code(
                    expression,
                    node,
                    f"'{name}' is read from a certificate that may be null",
                    label="throws if the caller sent none",
                    help="Test 'context.Request.Certificate == null' first. It is always null while 'Negotiate client "
                    "certificate' is off for the host name.",
                )
                return

    def comes_after_validation(self, expression: CheckedExpression) -> bool:
        return any(
            has_trait(element.name, "checks-certificate") and element.start < expression.element.start
            for element in self.subject.elements
        )
