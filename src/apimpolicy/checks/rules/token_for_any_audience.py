"""token-for-any-audience: any token of the identity provider is accepted, whatever it was issued for.

**What it does.** Looks for `validate-jwt` with `openid-config` but neither `audiences` nor `required-claims`. It stays
silent if you sign the tokens yourself (`issuer-signing-keys`).

**Why it matters.** The signature proves that the identity provider issued the token, not for which API. A token for
another application of the same provider is accepted. With a public provider (Microsoft Entra's `common`, Google), any
user in the world gets in, unless the issuers are named.

**Example**

```xml
<validate-jwt header-name="Authorization">
    <openid-config url="https://login.microsoftonline.com/{{tenant}}/v2.0/.well-known/openid-configuration" />
</validate-jwt>
```

**Use instead**

```xml
<validate-jwt header-name="Authorization">
    <openid-config url="https://login.microsoftonline.com/{{tenant}}/v2.0/.well-known/openid-configuration" />
    <audiences><audience>{{orders-api}}</audience></audiences>
</validate-jwt>
```

**Sources.** https://learn.microsoft.com/azure/api-management/validate-jwt-policy,
https://datatracker.ietf.org/doc/html/rfc8725#section-3.9
"""

from __future__ import annotations

import re

from apimpolicy.checks.rule import Element, Findings, Rule


class TokenForAnyAudience(Rule):
    code = "POL310"
    elements = ("validate-jwt",)
    for_everybody = re.compile(r"microsoftonline\.com/(common|organizations|consumers)/|accounts\.google\.com", re.I)

    def visit_element(self, element: Element) -> Findings:
        if any(element.find(name) for name in ("audiences", "required-claims", "issuer-signing-keys")):
            return
        if (provider := element.find("openid-config")) is not None:
            is_public = self.for_everybody.search(self.literal(provider, "url") or "") and not element.find("issuers")
            yield self.at_element(
                element,
                "any token of this identity provider is accepted",
                label="from anyone in the world" if is_public else "whatever application it was issued for",
                help="Add <audiences>, or <required-claims>.",
            )
