"""set-status: set the status code and the reason of the response.

```xml
<set-status code="403" reason="Invalid client certificate" />
```

Simulated in full. Before the backend has answered it changes a response that the backend's then replaces; inside
return-response it is that response's status. Our choice: without `reason` (the documentation requires it, many leave it
out) the reason is the usual one of the code.

Source: https://learn.microsoft.com/azure/api-management/set-status-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.policies.conversions import integer
from apimpolicy.policies.effects import Effect
from apimpolicy.policies.spec import ANYWHERE, expression_attribute, policy

if TYPE_CHECKING:
    from apimpolicy.policies.spec import Exchange


@policy("set-status", sections=ANYWHERE)
class SetStatus:
    code: int = expression_attribute(integer, required=True)
    reason: str | None = expression_attribute(required=True)

    def run(self, exchange: Exchange) -> Effect:
        from apimpolicy.context.records import usual_reason

        response = exchange.reply
        before = (response.status_code, response.status_reason)
        response.status_code = self.code
        response.status_reason = usual_reason(self.code) if self.reason is None else self.reason
        shown = f"{self.code} {response.status_reason}".rstrip()
        return Effect("status-set", shown, code=self.code, reason=response.status_reason, before=before)
