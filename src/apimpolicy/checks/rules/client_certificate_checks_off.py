"""client-certificate-checks-off: a check of validate-client-certificate is off, or no identity is asked for.

**What it does.** Looks at `validate-client-certificate` for `validate-revocation`, `validate-trust`,
`validate-not-before` and `validate-not-after` set to `false`, for `ignore-error="true"`, and for a policy without
`identities`.

**Why it matters.** Without trust anyone's home-made certificate passes, without the dates expired ones do; with
`ignore-error` the policy refuses nobody. Without identities every certificate of every trusted authority passes.

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

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element


CHECKS = {
    "validate-trust": "any certificate passes, also a self-made one",
    "validate-revocation": "a revoked certificate passes",
    "validate-not-before": "a certificate that is not valid yet passes",
    "validate-not-after": "an expired certificate passes",
}


class ClientCertificateChecksOff(Rule):
    code = "POL305"
    elements = ("validate-client-certificate",)

    def visit_element(self, element: Element) -> Iterator[Diagnostic]:
        for name, consequence in CHECKS.items():
            attribute = element.get(name)
            if attribute is not None and self.literal(element, name) == "false":
                yield self.at_value(element, attribute, f"'{name}' is switched off", label=consequence)
        attribute = element.get("ignore-error")
        if attribute is not None and self.literal(element, "ignore-error") == "true":
            yield self.at_value(
                element, attribute, "'ignore-error' lets every request through", label="nobody is refused"
            )
        if element.find("identities") is None:
            yield self.at_element(
                element,
                "no identity is asked for",
                label="any certificate of a trusted authority passes",
                help="Add <identities><identity … /></identities>.",
            )
