"""set-method: change the method of the request.

```xml
<set-method>POST</set-method>
```

Simulated in full. Our choices: white space around the method is removed, letters become upper case, and an
invalid method (with white space or line breaks inside) throws .NET's own exception.

Source: https://learn.microsoft.com/azure/api-management/set-method-policy
"""

from __future__ import annotations

from apimpolicy.gateway.policies.conversions import http_method
from apimpolicy.gateway.policies.effects import Effect, MethodSet
from apimpolicy.gateway.policies.spec import PolicyExchange, content, policy


@policy(
    "set-method",
    sections="inbound on-error",
    also_in="backend outbound",  # the toolkit
    traits="sets-method",
    access="passes",
)
class SetMethod:
    method: str = content(http_method, filled=True)

    def run(self, exchange: PolicyExchange) -> Effect:
        request = exchange.composed_request or exchange.request
        before = request.method
        request.method = self.method.upper()
        return MethodSet(request.method, before=before, after=request.method)
