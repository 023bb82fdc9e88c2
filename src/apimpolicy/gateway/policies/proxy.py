"""proxy: send requests to the backend through an HTTP proxy.

```xml
<proxy url="http://proxy.contoso.example:8080" username="gateway" password="{{proxy-password}}" />
```

Between gateway and proxy only HTTP is possible, with Basic or NTLM authentication.

Simulated: the trace shows which proxy would be used; the requests stay the same, because there is no proxy here. Our
choices: a text that is not a URL, or not one of HTTP, is an error without a reason; user name and password are not
checked.

Source: https://learn.microsoft.com/azure/api-management/proxy-policy
"""

from __future__ import annotations

from urllib.parse import urlsplit

from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.gateway.policies.conversions import trimmed
from apimpolicy.gateway.policies.effects import Effect, ProxySet
from apimpolicy.gateway.policies.spec import PolicyExchange, azure_error, expression_attribute, policy


@policy(
    "proxy",
    sections="inbound",
    left_out="the proxy itself, which only the trace mentions",
    effects="fails backend",
    access="passes",
)
class Proxy:
    url: str = expression_attribute(trimmed, required=True)
    username: str | None = expression_attribute()
    password: str | None = expression_attribute()

    def run(self, exchange: PolicyExchange) -> Effect:
        url = from_utf16(self.url)
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise azure_error("proxy-url-invalid", url=self.url, details=error) from None
        if parts.scheme.lower() != "http" or not parts.hostname:
            raise azure_error("proxy-url-invalid", url=self.url, details="it has the form http://host:port")
        address = f"http://{parts.hostname}" + ("" if port is None else f":{port}")
        user = f" as {self.username}" if self.username else ""
        return ProxySet(f"{address}{user}", url=address, username=self.username)
