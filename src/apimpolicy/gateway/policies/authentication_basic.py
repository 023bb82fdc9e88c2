"""authentication-basic: identify the gateway to the backend with a user name and a password.

```xml
<authentication-basic username="orders" password="{{orders-password}}" />
```

Sets the header `Authorization` to `Basic` and the user name and password in Base64. An `Authorization` header of the
caller is replaced.

Simulated in full. Our choice: user name and password are encoded as UTF-8.

Source: https://learn.microsoft.com/azure/api-management/authentication-basic-policy
"""

from __future__ import annotations

import base64

from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.gateway.policies.effects import Effect, HeaderSet
from apimpolicy.gateway.policies.placement import Placement
from apimpolicy.gateway.policies.spec import PolicyExchange, expression_attribute, policy


@policy(
    "authentication-basic",
    sections="inbound",
    placement=Placement(once="section"),
    effects="header:authorization",
    access="credentials",
)
class AuthenticationBasic:
    username: str = expression_attribute(required=True, may_be_empty=True)
    password: str = expression_attribute(required=True, may_be_empty=True)

    def run(self, exchange: PolicyExchange) -> Effect:
        headers = exchange.message.headers
        before = tuple(headers.get_all("Authorization"))
        pair = from_utf16(f"{self.username}:{self.password}").encode("utf-8", "replace")
        value = "Basic " + base64.b64encode(pair).decode("ascii")
        headers.set("Authorization", [value])
        return HeaderSet(
            f"Authorization: Basic for {self.username}",
            message="request",
            name="Authorization",
            action="override",
            before=before,
            after=(value,),
            protected=False,
        )
