"""literal-secret: the policy contains a secret.

**What it does.** Looks for literal passwords (`authentication-basic`), for literal values of headers and query
parameters that carry credentials (`Authorization`, `Ocp-Apim-Subscription-Key`, `api-key`, `x-functions-key`), and for
URLs with `code=`, `sig=` or `AccountKey=`. Only values that look random count: words and placeholders are left alone.

**Why it matters.** Anyone who can read the policy, its repository or its history knows the secret, and it can't be
rotated without a deployment.

**Example**

```xml
<authentication-basic username="apim" password="Winter2026!" />
```

**Use instead** a secret named value or a reference to Key Vault:

```xml
<authentication-basic username="apim" password="{{backend-password}}" />
```

**Sources.** https://learn.microsoft.com/azure/api-management/api-management-howto-properties
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.checks.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element


HEADERS = frozenset(
    (
        "authorization",
        "ocp-apim-subscription-key",
        "api-key",
        "x-api-key",
        "x-functions-key",
        "subscription-key",
        "code",
    )
)
PLACEHOLDER = (
    r"(?i)[{}<>$\[\]*…]|\.\.\.|your|example|placeholder|secret|password|token|xxx|key|redacted|changeme|dummy|test"
    r"|sample|todo|basic\b\s*$|bearer\b\s*$"
)
"""What a value looks like that only stands for a secret; the rule stays silent then."""
IN_URL = r"[?&;](?:code|sig|AccountKey|api-key|subscription-key)=([^&;\s\"']{8,})"


class LiteralSecret(Rule):
    code = "POL330"
    elements = (
        "authentication-basic",
        "set-header",
        "set-query-parameter",
        "set-url",
        "set-backend-service",
        "rewrite-uri",
    )
    words = ("authorization", "code", "sig=", "accountkey", "api-key", "subscription-key", "functions-key", "password")

    def visit_element(self, element: Element) -> Iterator[Diagnostic]:
        if element.name == "authentication-basic":
            attribute, password = element.get("password"), self.literal(element, "password")
            if attribute is not None and password and is_secret(password):
                yield self.at_value(element, attribute, "the policy contains a password", help=HELP)
        elif element.name in ("set-header", "set-query-parameter"):
            name = (self.literal(element, "name") or "").lower()
            for value in element.elements() if name in HEADERS else ():
                text = value.text.strip()
                if value.name == "value" and not value.text.lstrip().startswith("@") and is_random(text):
                    yield self.at_element(value, f"the policy contains a secret for '{name}'", help=HELP)
        else:
            yield from self.urls(element)

    def urls(self, element: Element) -> Iterator[Diagnostic]:
        source = element.source.text[element.start : element.content_end]
        for match in re.finditer(IN_URL, source):
            if is_random(match[1]):
                start = element.start + match.start(1)
                yield self.at_span(element, start, start + len(match[1]), "the URL contains a secret", help=HELP)


HELP = "Store it in a secret named value, and write {{name}} here."


def is_secret(text: str) -> bool:
    """Whether a text may be a real secret and not only stand for one."""
    return len(text) >= 6 and re.search(PLACEHOLDER, text) is None


def is_random(text: str) -> bool:
    """Whether a text, behind the name of a scheme if there is one, looks like a key: no words, digits among letters."""
    key = re.sub(r"(?i)^(?:basic|bearer|sharedkey|sharedaccesssignature)\s+", "", text.strip())
    has_both = re.search(r"\d", key) is not None and re.search(r"[A-Za-z]", key) is not None
    return len(key) >= 8 and has_both and re.search(r"\s", key) is None and is_secret(key)
