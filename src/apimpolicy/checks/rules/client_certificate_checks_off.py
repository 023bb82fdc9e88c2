"""client-certificate-checks-off: a check of validate-client-certificate is off, or no identity is asked for.

**What it does.** Looks at `validate-client-certificate` for `validate-revocation`, `validate-trust`,
`validate-not-before` and `validate-not-after` set to `false`, for `ignore-error="true"`, and for a policy without
`identities`.

**Why it matters.** Without `validate-trust` anybody's self-signed certificate is accepted, unless every identity names
a thumbprint, and with `ignore-error` the policy refuses nobody: both are errors. Without the dates expired certificates
are accepted, and without identities every certificate of every trusted authority.

**Example**

```xml
<validate-client-certificate validate-revocation="false" validate-trust="false" ignore-error="true" />
```

**Use instead**

```xml
<validate-client-certificate validate-revocation="true" validate-trust="true">
    <identities>
        <identity thumbprint="{{partner-thumbprint}}" />
    </identities>
</validate-client-certificate>
```

An authority without revocation lists is a good reason for `validate-revocation="false"`; say so in a suppression.

**Sources.** https://learn.microsoft.com/azure/api-management/validate-client-certificate-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.checks.rule import Rule
from apimpolicy.diagnostics import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element


CHECKS = {
    "validate-trust": "any certificate is accepted, even a self-signed one",
    "validate-revocation": "revoked certificates are accepted",
    "validate-not-before": "certificates that are not valid yet are accepted",
    "validate-not-after": "expired certificates are accepted",
}


class ClientCertificateChecksOff(Rule):
    code = "POL305"
    elements = ("validate-client-certificate",)

    def visit_element(self, element: Element) -> Iterator[Diagnostic]:
        for name, consequence in CHECKS.items():
            attribute = element.get(name)
            if attribute is not None and self.literal(element, name) == "false":
                message, severity = f"'{name}' is switched off", self.severity
                if name == "validate-trust":
                    if _by_thumbprint(element):
                        consequence = "only the thumbprint is checked"
                    else:
                        severity = Severity.ERROR
                yield self.at_value(element, attribute, message, label=consequence, severity=severity)
        attribute = element.get("ignore-error")
        if attribute is not None and self.literal(element, "ignore-error") == "true":
            message = "'ignore-error' lets every request through"
            yield self.at_value(element, attribute, message, label="nobody is refused", severity=Severity.ERROR)
        if element.find("identities") is None:
            yield self.at_element(
                element,
                "no identity is asked for",
                label="any certificate of a trusted authority passes",
                help="Add <identities><identity … /></identities>.",
            )


def _by_thumbprint(element: Element) -> bool:
    """Whether every identity names a thumbprint, which nobody can copy."""
    identities = element.find("identities")
    found = [] if identities is None else [child for child in identities.elements() if child.name == "identity"]
    return bool(found) and all(identity.get("thumbprint") is not None for identity in found)
