"""literal-secret: the policy contains a secret.

**What it does.** Looks for literal passwords (`authentication-basic`), for literal values of headers and query
parameters that carry credentials (`Authorization`, `Ocp-Apim-Subscription-Key`, `api-key`, `x-functions-key`), for
URLs with `code=`, `sig=` or `AccountKey=`, for bodies and texts with `client_secret=` and the like, and for JSON web
tokens that are valid for more than a day or without end. Only values that look random count: words and placeholders
are left alone.

**Why it matters.** Anyone who can read the policy, its repository or its history knows the secret, and it can't be
rotated without a deployment.

**Example**

```xml
<set-body>grant_type=client_credentials&amp;client_id=orders&amp;client_secret=Xk28Q~q7VdTn4mR1sZ</set-body>
```

**Use instead** a secret named value or a reference to Key Vault:

```xml
<set-body>grant_type=client_credentials&amp;client_id=orders&amp;client_secret={{orders-client}}</set-body>
```

**Sources.** https://learn.microsoft.com/azure/api-management/api-management-howto-properties
"""

from __future__ import annotations

import re

from apimpolicy.checks.rule import Element, Findings, Rule

HEADERS = frozenset(
    (
        *("authorization", "ocp-apim-subscription-key", "subscription-key"),
        *("api-key", "x-api-key", "x-functions-key", "code"),
    )
)
PLACEHOLDER = (
    r"(?i)[{}<>$\[\]*…]|\.\.\.|your|example|placeholder|secret|password|token|xxx|key|redacted|changeme|dummy|test"
    r"|sample|todo|basic\b\s*$|bearer\b\s*$"
)
"""Values that are placeholders for a secret; the rule ignores them."""
IN_URL = re.compile(r"[?&;](?:code|sig|AccountKey|api-key|subscription-key)=([^&;\s\"']{8,})")
IN_TEXT = re.compile(
    r"(?i)\b(?:client_secret|client_assertion|refresh_token|password)"
    r"(?:=|(?:\\?[\"']|&quot;)\s*[:,]\s*(?:\\?[\"']|&quot;))([^&;\s\"'\\<>]{8,})"
)
"""A field of a form, or a member of JSON, in C# too: `client_secret=…`, `"client_secret": "…"`."""
TOKEN = re.compile(r"(?<![\w.-])eyJ[\w-]{8,}\.(eyJ[\w-]{8,})\.[\w-]{20,}")
A_DAY = 86_400
FAR_AWAY = 1_893_456_000
"""The beginning of 2030: a token that says nothing of when it was issued, and ends later, is valid for long."""
EXAMPLE = "1234567890"
"""The subject of the token that https://jwt.io shows, and that many examples have."""
HELP = "Store it in a secret named value, and write {{name}} here."


class LiteralSecret(Rule):
    code = "POL330"
    elements = (
        *("authentication-basic", "set-header", "set-query-parameter", "set-url", "set-backend-service"),
        *("rewrite-uri", "set-body", "set-variable", "value"),
    )
    words = (
        *("authorization", "code", "sig=", "accountkey", "api-key", "subscription-key", "functions-key", "password"),
        *("client_secret", "client_assertion", "refresh_token", "eyj"),
    )

    def visit_element(self, element: Element) -> Findings:
        if element.name == "authentication-basic":
            given, password = element.get("password"), self.literal(element, "password") or ""
            if given and is_secret(password) and self.subject.is_written(given.value.start, given.value.end):
                yield self.at_value(element, "password", "the policy contains a password", help=HELP)
        elif element.name == "value":
            yield from self.value(element)
        elif element.name in ("set-body", "set-variable"):
            yield from self.matches(element, IN_TEXT, "the text contains a secret")
            yield from self.tokens(element)
        elif element.name not in ("set-header", "set-query-parameter"):
            yield from self.matches(element, IN_URL, "the URL contains a secret")
            yield from self.tokens(element)

    def value(self, element: Element) -> Findings:
        """Yield findings about the value of a header or of a query parameter."""
        around = element.parent
        name = (self.literal(around, "name") or "").lower() if around is not None else ""
        literal = not element.text.lstrip().startswith("@") and is_random(element.text.strip())
        if name in HEADERS and literal and around is not None and around.name in ("set-header", "set-query-parameter"):
            if self.subject.is_written(element.content_start, element.content_end):
                yield self.at_element(element, f"the policy contains a secret for '{name}'", help=HELP)
        else:
            yield from self.tokens(element)

    def matches(self, element: Element, pattern: re.Pattern[str], message: str) -> Findings:
        for match in pattern.finditer(element.source.text, element.start, element.content_end):
            if is_random(match[1]) and self.subject.is_written(*match.span(1)):
                yield self.at_span(element, *match.span(1), message, help=HELP)

    def tokens(self, element: Element) -> Findings:
        """Yield findings at JSON web tokens that are valid for long."""
        for match in TOKEN.finditer(element.source.text, element.start, element.content_end):
            if is_lasting(match[1]) and self.subject.is_written(*match.span()):
                message = "the policy contains a token that is valid for long"
                yield self.at_span(element, *match.span(), message, help=HELP)


def is_secret(text: str) -> bool:
    """Return whether a text may be a real secret and not a placeholder."""
    return len(text) >= 6 and re.search(PLACEHOLDER, text) is None


def is_random(text: str) -> bool:
    """Return whether a text, after an optional scheme, looks like a key: no words, digits among letters."""
    key = re.sub(r"(?i)^(?:basic|bearer|sharedkey|sharedaccesssignature)\s+", "", text.strip())
    has_both = re.search(r"\d", key) is not None and re.search(r"[A-Za-z]", key) is not None
    return len(key) >= 8 and has_both and re.search(r"\s", key) is None and is_secret(key)


def is_lasting(payload: str) -> bool:
    """Return whether the claims of a token make it valid for more than a day, or forever."""
    import base64
    import json

    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, RecursionError):
        return False
    if not isinstance(claims, dict) or str(claims.get("sub")) == EXAMPLE:
        return False
    begin, end = claims.get("iat", claims.get("nbf")), claims.get("exp")
    if end is None:
        return True
    if not isinstance(end, (int, float)):
        return False
    return end > FAR_AWAY if begin is None else isinstance(begin, (int, float)) and end - begin > A_DAY
