"""url-without-scheme: a URL isn't absolute.

**What it does.** Looks for literal URLs in `set-url`, `openid-config` and the `base-url` of `set-backend-service` that
begin with a host or a path, or with a misspelt scheme.

**Why it matters.** The gateway can't send a request there: Azure refuses the policy, or every request fails.

**Example**

```xml
<set-backend-service base-url="orders.contoso.example/v2" />
```

**Use instead**

```xml
<set-backend-service base-url="https://orders.contoso.example/v2" />
```

**Evidence.** .NET refuses the address: `Invalid URI`. The request fails whenever it is reached.

**Sources.** https://learn.microsoft.com/azure/api-management/set-backend-service-policy,
https://learn.microsoft.com/azure/api-management/send-request-policy
"""

from __future__ import annotations

import re

from apimpolicy.checks.rule import Element, Findings, Rule, Severity
from apimpolicy.text.source import is_unknown

ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#\s]")
HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?(?:[/?#].*)?|localhost(?::\d+)?(?:[/?#].*)?", re.IGNORECASE)
PATH = re.compile(r"/[\w.~%/-]*(?:[?#].*)?")
SCHEME = re.compile(r"(?:h?t?tps?|https?)(?::/?|//)(?!/)[\w.-].*|h{1,2}t{1,3}ps?://.*", re.IGNORECASE)
"""A text that begins with something like http or https, and not with `://` behind it, or misspelt."""


class UrlWithoutScheme(Rule):
    code = "POL140"
    severity = Severity.ERROR
    elements = ("set-backend-service", "set-url", "openid-config")

    def visit_element(self, element: Element) -> Findings:
        for name in ("base-url", "url"):
            text = (self.literal(element, name) or "").strip()
            if is_incomplete(text):
                yield self.at_value(element, name, message(text), help=advice(text))
        text = element.text.strip()
        if element.parent is not None and element.parent.name == "http-request":
            return  # of a resolver, where set-backend-service may have the rest
        if element.name == "set-url" and element.expression is None and is_incomplete(text):
            yield self.at_element(element, message(text), help=advice(text))


def is_incomplete(text: str) -> bool:
    """Return whether this is certainly a URL, but not an absolute one. Placeholders are ignored."""
    if "__" in text or "{" in text or "@(" in text or is_unknown(text):
        return False
    if SCHEME.fullmatch(text) and re.match(r"https?://", text, re.IGNORECASE) is None:
        return True
    return ABSOLUTE.match(text) is None and bool(HOST.fullmatch(text) or PATH.fullmatch(text))


def message(text: str) -> str:
    return f"'{text[:60]}' is not an absolute URL"


def advice(text: str) -> str:
    end = f", as in https://{text[:60]}." if HOST.fullmatch(text) else " and a host."
    return "Begin with https://" + end
