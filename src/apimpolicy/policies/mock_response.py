"""mock-response: end the pipeline and answer with an example.

```xml
<mock-response status-code="200" content-type="application/json" />
```

Azure looks for an example of the operation, then makes one from its schema, and answers with no content when there is
neither.

Simulated: the gateway here knows neither examples nor schemas, so the answer has no content; `content-type` and `index`
then have no effect. `enabled="false"` is not documented and fails as not simulated.

Source: https://learn.microsoft.com/azure/api-management/mock-response-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.errors import NotSimulatedError
from apimpolicy.policies.conversions import boolean, integer
from apimpolicy.policies.effects import Effect
from apimpolicy.policies.spec import literal_attribute, policy

if TYPE_CHECKING:
    from apimpolicy.policies.spec import Exchange


@policy("mock-response", sections="inbound outbound on-error")
class MockResponse:
    status_code: int = literal_attribute(integer, default=200)
    content_type: str | None = literal_attribute()
    enabled: bool = literal_attribute(boolean, default=True)
    index: str | None = literal_attribute()

    def run(self, exchange: Exchange) -> Effect:
        from apimpolicy.context.messages import ResponseMessage

        if not self.enabled:
            raise NotSimulatedError('mock-response enabled="false"', "no document says what it does")
        response = ResponseMessage(self.status_code, second_read=exchange.response.second_read)
        exchange.end(response)
        answer = response.to_response()
        return Effect("response-returned", f"{answer.status_code} {answer.reason}".rstrip(), response=answer)
