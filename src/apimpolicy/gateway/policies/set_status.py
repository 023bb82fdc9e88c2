"""set-status: set the status code and the reason of the response.

```xml
<set-status code="403" reason="Invalid client certificate" />
```

In outbound and on-error the policy changes the response, inside return-response the response that is returned.

Simulated in full. Our choices: before forward-request, the policy changes a response that the backend's response
then replaces. Without `reason`, which the documentation requires but many policies omit, the reason is the standard
one for the code. Codes outside 0 to 999 and line breaks in a reason throw .NET's own exceptions.

Source: https://learn.microsoft.com/azure/api-management/set-status-policy
"""

from __future__ import annotations

from apimpolicy.gateway.policies.conversions import STATUS_CODES, reason_phrase, status_code
from apimpolicy.gateway.policies.effects import Effect, StatusSet
from apimpolicy.gateway.policies.spec import PolicyExchange, expression_attribute, policy


@policy("set-status", traits="builds-response bounded-numbers sets-status seen-in-traces", access="passes")
class SetStatus:
    code: int = expression_attribute(status_code, required=True, within=STATUS_CODES)
    reason: str | None = expression_attribute(reason_phrase, required=True, may_be_empty=True, doubt="optional")

    def run(self, exchange: PolicyExchange) -> Effect:
        from apimpolicy.gateway.context.records import usual_reason

        response = exchange.reply
        before = (response.status_code, response.status_reason)
        response.status_code = self.code
        response.status_reason = usual_reason(self.code) if self.reason is None else self.reason
        shown = f"{self.code} {response.status_reason}".rstrip()
        return StatusSet(shown, code=self.code, reason=response.status_reason, before=before)
