"""return-response: end the pipeline and return a response to the caller.

```xml
<return-response>
    <set-status code="403" reason="Invalid client certificate" />
    <set-header name="X-Reason" exists-action="override"><value>certificate</value></set-header>
    <set-body>no</set-body>
</return-response>
```

Without content, the response is `200 OK` with no body. With `response-variable-name`, it is the response in that
variable (stored by send-request), changed by the policies inside. No outbound policy runs after it. A Liquid
template inside sees no body (documented).

Simulated in full. Our choice: a missing variable, or one that does not contain a response, is an error without a
reason.

Source: https://learn.microsoft.com/azure/api-management/return-response-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.gateway.policies.conversions import text
from apimpolicy.gateway.policies.effects import Effect, ResponseReturned
from apimpolicy.gateway.policies.spec import (
    PolicyExchange,
    PolicyStep,
    azure_error,
    literal_attribute,
    policies,
    policy,
)

if TYPE_CHECKING:
    from apimpolicy.gateway.context.messages import ResponseMessage


@policy(
    "return-response",
    traits="composes terminates responds builds-response ordered",
    order="set-status set-header set-body",
    effects="refuses answers",
    traced="trace-response-returned",
    access="answers",
)
class ReturnResponse:
    response_variable_name: str | None = literal_attribute(text)
    steps: list[PolicyStep] = policies("set-status", "set-header", "set-body", own="response")

    def run(self, exchange: PolicyExchange) -> Effect:
        variable = self.response_variable_name
        response = exchange.make_response() if variable is None else self.from_variable(exchange, variable)
        exchange.compose(self.steps, response)
        exchange.end(response)
        answer = response.to_response()
        return ResponseReturned(f"{answer.status_code} {answer.reason}".rstrip(), response=answer)

    def from_variable(self, exchange: PolicyExchange, name: str) -> ResponseMessage:
        from apimpolicy.gateway.context.messages import ResponseMessage

        found = exchange.variables.get(name)
        if not isinstance(found, ResponseMessage):
            raise azure_error("variable-not-response", name=name)
        return ResponseMessage(
            found.status_code,
            found.status_reason,
            headers=found.headers.copy(),
            body=found.body.remaining,
            second_read=found.second_read,
        )
