"""signing-key-unreadable: a key of validate-jwt isn't in Base64.

**What it does.** Looks at the literal keys in `issuer-signing-keys` and `decryption-keys` of `validate-jwt`: the text
of `key` is Base64, its attributes `n` and `e` are Base64url.

**Why it matters.** No token can be verified with a key that can't be read: in the simulated gateway each request gets
500. A secret such as `my-secret` has to be encoded first.

**Example**

```xml
<issuer-signing-keys><key>my-secret!</key></issuer-signing-keys>
```

**Use instead** the secret in Base64, in a secret named value:

```xml
<issuer-signing-keys><key>{{signing-key}}</key></issuer-signing-keys>
```

The documentation asks for Base64 and Base64url. What a real gateway does with other keys isn't documented.

**Sources.** https://learn.microsoft.com/azure/api-management/validate-jwt-policy
"""

from __future__ import annotations

from apimpolicy.checks.rule import Element, Findings, Rule
from apimpolicy.gateway.policies.token_keys import unreadable_part


class SigningKeyUnreadable(Rule):
    code = "POL144"
    elements = ("key",)

    def visit_element(self, element: Element) -> Findings:
        if element.parent is None or element.parent.name not in ("issuer-signing-keys", "decryption-keys"):
            return
        part = unreadable_part(element)
        if part == "text":
            advice = "Encode the key, and store it in a secret named value."
            yield self.at_element(element, "the key is not Base64", label="no token can be verified", help=advice)
        elif part:
            yield self.at_value(element, part, f"'{part}' is not Base64url", help="Copy it from the issuer's key.")
