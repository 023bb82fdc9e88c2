"""client-certificate-checks-off: a check of validate-client-certificate is off, or no identity is required.

**What it does.** Looks for `validate-client-certificate` with `validate-revocation`, `validate-trust`,
`validate-not-before` or `validate-not-after` set to `false`, with `ignore-error="true"`, or without `identities`.

**Why it matters.** Without `validate-trust`, self-signed certificates are accepted, unless every identity names a
thumbprint. With `ignore-error`, no caller is refused. Without the date checks, expired certificates are accepted.
Without identities, any certificate from any trusted authority is accepted.

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

If your authority publishes no revocation list, `validate-revocation="false"` is right: say so in a suppression.

**Sources.** https://learn.microsoft.com/azure/api-management/validate-client-certificate-policy
"""

from __future__ import annotations

from apimpolicy.checks.rule import Element, Findings, Rule

CHECKS = {
    "validate-trust": "any certificate is accepted, even a self-signed one",
    "validate-revocation": "revoked certificates are accepted",
    "validate-not-before": "certificates that aren't valid yet are accepted",
    "validate-not-after": "expired certificates are accepted",
}


class ClientCertificateChecksOff(Rule):
    code = "POL305"
    elements = ("validate-client-certificate",)

    def visit_element(self, element: Element) -> Findings:
        for name, consequence in CHECKS.items():
            if self.literal(element, name) == "false":
                if name == "validate-trust" and _by_thumbprint(element):
                    consequence = "only the thumbprint is checked"
                yield self.at_value(element, name, f"'{name}' is off", label=consequence)
        if self.literal(element, "ignore-error") == "true":
            yield self.at_value(element, "ignore-error", "'ignore-error' is on", label="no caller is refused")
        if element.find("identities") is None:
            yield self.at_element(
                element,
                "no identity is required",
                label="any certificate from a trusted authority is accepted",
                help="Add <identities><identity … /></identities>.",
            )


def _by_thumbprint(element: Element) -> bool:
    """Return whether every identity names a thumbprint, which can't be forged."""
    identities = element.find("identities")
    found = [] if identities is None else [child for child in identities.elements() if child.name == "identity"]
    return bool(found) and all(identity.get("thumbprint") is not None for identity in found)
