"""redirect-content-urls: write the gateway's URLs for those of the backend in a body, and the other way round.

```xml
<outbound>
    <redirect-content-urls />
</outbound>
```

In outbound, links in the response that lead to the backend become links to the gateway; in inbound, links in the
request that lead to the gateway become links to the backend. Headers stay as they are, `Location` among them
(documented).

Simulated in full. The backend's URL is the one that set-backend-service or the API's settings state; the gateway's is
the one that the caller used, up to the path of the API. Only exact matches are replaced: a link with `:443` stays where
the backend's URL has no port (seen). Our choices, since no document says more: JSON, XML, forms and `text/…` are
changed, other bodies are not; links that write `/` as `\\/` count as well; a URL that only begins like the backend's
(`/ordersheet` for `/orders`) is a different one; without a backend URL nothing happens.

Source: https://learn.microsoft.com/azure/api-management/redirect-content-urls-policy
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.policies.effects import Effect, TextReplaced
from apimpolicy.gateway.policies.message_text import is_text, read_text, write_text
from apimpolicy.gateway.policies.placement import Placement
from apimpolicy.gateway.policies.spec import PolicyExchange, policy

if TYPE_CHECKING:
    from apimpolicy.gateway.context.urls import Url


@policy(
    "redirect-content-urls",
    sections="inbound outbound",
    placement=Placement(once="section"),
    effects="message-body message-headers fails",
    access="passes",
)
class RedirectContentUrls:
    def run(self, exchange: PolicyExchange) -> Effect:
        message = exchange.message
        kind = exchange.message_kind
        backend, gateway = _backend(exchange), _gateway(exchange)
        if backend is None or not is_text(message.headers.joined("Content-Type")):
            reason = "no backend URL" if backend is None else "no text"
            return TextReplaced(f"left alone: {reason}", message=kind, count=0)
        old, new = (gateway, backend) if exchange.changes_request else (backend, gateway)
        text = read_text(message) or ""
        replaced, count = _replaced(text, old, new)
        if count:
            write_text(message, replaced)
        return TextReplaced(f"{count} replaced", message=kind, count=count)


def _backend(exchange: PolicyExchange) -> Url | None:
    from apimpolicy.gateway.context.urls import Url

    if exchange.backend_url is None:
        return exchange.context.api.service_url
    try:
        return Url.parse(from_utf16(exchange.backend_url))
    except ConfigurationError:
        return None


def _gateway(exchange: PolicyExchange) -> Url:
    url = exchange.request.original_url
    return url.replaced(path="/" + from_utf16(exchange.context.api.path).strip("/"), query_string="")


def _replaced(text: str, old: Url, new: Url) -> tuple[str, int]:
    """Return the text with one base URL instead of the other, and how often."""
    host = re.escape(old.authority) + r"(?!:\d)"
    path = "".join(rf"(?:/|\\/){re.escape(part)}" for part in old.path.split("/") if part)
    pattern = re.compile(rf"{re.escape(old.scheme)}:(//|\\/\\/){host}{path}(?![\w.~%:@-])")
    written = new.replaced(path=new.path.rstrip("/") or "/").to_string().rstrip("/")
    count = 0

    def replacement(found: re.Match[str]) -> str:
        nonlocal count
        count += 1
        environment().step()
        return written.replace("/", "\\/") if found[1] == "\\/\\/" else written

    matches = len(pattern.findall(text))
    environment().new_string(len(text) + matches * len(written) * 2)
    return pattern.sub(replacement, text), count
