"""plain-http: a request is sent over plain HTTP.

**What it does.** Looks for literal URLs in `set-backend-service`, `set-url` and `openid-config` that begin with
`http://`. Hosts on the same machine or in the same cluster are left alone: `localhost`, `127.0.0.1`, private
addresses, names without a dot, `.local`, `.internal`, `.svc`.

**Why it matters.** Anyone on the network path can read the request with its tokens and keys, and can change the
response. If the keys for tokens come over plain HTTP, they can be replaced.

**Example**

```xml
<set-backend-service base-url="http://orders.contoso.example" />
```

**Use instead** `https://`.

**Sources.** https://learn.microsoft.com/azure/api-management/mitigate-owasp-api-threats
"""

from __future__ import annotations

import re

from apimpolicy.checks.rule import Element, Findings, Rule

URL = re.compile(r"http://([^/:?\s]+)", re.IGNORECASE)
NEAR = (".local", ".internal", ".svc", ".localhost", ".test")
MESSAGE = "the request is sent over plain HTTP"
HELP = "Use https://."


class PlainHttp(Rule):
    code = "POL332"
    elements = ("set-backend-service", "set-url", "openid-config")
    words = ("http://",)

    def visit_element(self, element: Element) -> Findings:
        for name in ("base-url", "url"):
            if is_plain(self.literal(element, name) or ""):
                yield self.at_value(element, name, MESSAGE, help=HELP)
        if element.name == "set-url" and element.expression is None and is_plain(element.text.strip()):
            yield self.at_element(element, MESSAGE, help=HELP)


def is_plain(url: str) -> bool:
    """Return whether a URL is plain HTTP to another network."""
    match = URL.match(url)
    if match is None:
        return False
    host = match[1].lower()
    return "." in host and not host.startswith(("127.", "10.", "192.168.", "{", "$")) and not host.endswith(NEAR)
