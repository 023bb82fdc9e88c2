"""origin-never-sent: cors allows an origin that no browser sends.

**What it does.** Looks for literal origins in `cors` without a scheme, or with a path.

**Why it matters.** Browsers send a scheme and a host, such as `https://shop.contoso.example`. Any other text never
matches, and calls from that page are blocked.

**Example**

```xml
<cors><allowed-origins><origin>shop.contoso.example</origin></allowed-origins></cors>
```

**Use instead**

```xml
<cors><allowed-origins><origin>https://shop.contoso.example</origin></allowed-origins></cors>
```

**Sources.** https://learn.microsoft.com/azure/api-management/cors-policy, https://fetch.spec.whatwg.org/#origin-header
"""

from __future__ import annotations

import re

from apimpolicy.checks.rule import Element, Findings, Rule

HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?/?|localhost(?::\d+)?/?", re.IGNORECASE)
WITH_PATH = re.compile(r"https?://[a-z0-9.-]+(?::\d+)?/[\w.~%/-]+", re.IGNORECASE)


class OriginNeverSent(Rule):
    code = "POL323"
    elements = ("origin",)

    def visit_element(self, element: Element) -> Findings:
        text = element.text.strip()
        if element.parent is None or element.parent.name != "allowed-origins" or element.expression is not None:
            return
        if HOST.fullmatch(text):
            message = f"'{text}' never matches, because an origin has a scheme"
            yield self.at_element(element, message, help=f"Write https://{text.rstrip('/')}.")
        elif WITH_PATH.fullmatch(text):
            message = f"'{text[:60]}' never matches, because an origin has no path"
            yield self.at_element(element, message, help=f"Write {'/'.join(text.split('/')[:3])}.")
