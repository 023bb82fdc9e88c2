"""key-in-policy: the policy contains a secret key.

**What it does.** Looks for `key` elements of `validate-jwt` (`issuer-signing-keys`, `decryption-keys`) with a literal
content. A public key isn't a secret, whether it is given by modulus and exponent or as a certificate.

**Why it matters.** Anyone who can read the policy or its repository can sign tokens with that key.

**Example**

```xml
<issuer-signing-keys><key>c2VjcmV0LXNlY3JldC1zZWNyZXQ=</key></issuer-signing-keys>
```

**Use instead** a secret named value, or a reference to Key Vault:

```xml
<issuer-signing-keys><key>{{signing-key}}</key></issuer-signing-keys>
```

**Sources.** https://learn.microsoft.com/azure/api-management/validate-jwt-policy,
https://learn.microsoft.com/azure/api-management/api-management-howto-properties
"""

from __future__ import annotations

import base64
import re

from apimpolicy.checks.rule import Element, Findings, Rule

KEY = re.compile(r"[A-Za-z0-9+/\-_]{8,}={0,2}")
"""Base64, which may be broken into lines; words with spaces between them are a placeholder."""


class KeyInPolicy(Rule):
    code = "POL313"
    elements = ("key",)

    def visit_element(self, element: Element) -> Findings:
        parent = element.parent
        if parent is None or parent.name not in ("issuer-signing-keys", "decryption-keys"):
            return
        if any(element.get(name) is not None for name in ("n", "certificate-id")):
            return
        key = re.sub(r"\s*\n\s*", "", element.text.strip())
        is_key = KEY.fullmatch(key) and not is_public(key)
        if is_key and self.subject.is_written(element.content_start, element.content_end):
            yield self.at_element(
                element,
                "the policy contains a secret key",
                label="anyone who can read it can sign tokens",
                help="Store it in a secret named value, and write {{name}} here.",
            )


def is_public(key: str) -> bool:
    """Return whether the Base64 text is a certificate or a public key in DER: a sequence that begins with a sequence.

    A private key begins with an integer, its version (RFC 5208, RFC 8017); a certificate and a public key begin with a
    sequence (RFC 5280).
    """
    try:
        data = base64.b64decode(key[:16])
    except ValueError:
        return False
    if len(data) < 6 or data[0] != 0x30:
        return False
    first = 2 + (data[1] & 0x7F if data[1] & 0x80 else 0)
    return first < len(data) and data[first] == 0x30
