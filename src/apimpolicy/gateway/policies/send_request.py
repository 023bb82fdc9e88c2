"""send-request: send a separate request and store its response in a variable.

```xml
<send-request mode="new" response-variable-name="token" timeout="20" ignore-error="true">
    <set-url>https://login.contoso.com/introspect</set-url>
    <set-method>POST</set-method>
    <set-header name="Content-Type" exists-action="override"><value>application/json</value></set-header>
    <set-body>@(context.Variables.GetValueOrDefault<string>("question"))</set-body>
</send-request>
```

`mode="new"` (the default) starts with an empty request, `copy` with the current one (in outbound and on-error without
its body). The variable then holds the response: `((IResponse)context.Variables["token"]).StatusCode`. An error goes to
on-error; with `ignore-error="true"` the variable is null instead. `timeout` is in seconds, 60 by default.

Simulated: `Gateway(outside=…)` responds, or else its `backend`; `result.sent_requests` has what was sent; no socket is
opened. Only the trace mentions a `proxy`, and `buffer-response`, which only the editor's schema knows, has no effect.
The message of a timeout is that of .NET 5 and later, as seen on real gateways. Our choices: the status 500 of
`Timeout`; the timeout covers the whole response, including its body; without `set-method` it is a GET request;
`timeout-ms` takes the place of `timeout`, and with `fail-on-error-status-code` a status of 400 and above is an error
with status 500, without a reason (both are known from the editor's schema only).

Source: https://learn.microsoft.com/azure/api-management/send-request-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.gateway.policies.conversions import boolean, number, trimmed
from apimpolicy.gateway.policies.effects import Effect, Sent
from apimpolicy.gateway.policies.outgoing_requests import CHILDREN, ORDER, outgoing_request
from apimpolicy.gateway.policies.spec import (
    PolicyError,
    azure_error,
    child_texts,
    expression_attribute,
    literal_attribute,
    policies,
    policy,
)

if TYPE_CHECKING:
    from apimpolicy.gateway.context.messages import ResponseMessage
    from apimpolicy.gateway.context.records import Request
    from apimpolicy.gateway.policies.spec import PolicyExchange, PolicyStep


@policy(
    "send-request",
    left_out="`buffer-response`, which has no effect, and a `proxy`, which only the trace mentions",
    traits="responds requests ordered",
    order=ORDER,
    access="requests",
)
class SendRequest:
    mode: str = expression_attribute(default="new", values=("new", "copy"))
    response_variable_name: str | None = expression_attribute(
        required=True, may_be_empty=True, sets="IResponse", doubt="needed"
    )
    timeout: float = expression_attribute(number, default=60.0)
    timeout_ms: float | None = expression_attribute(number)
    ignore_error: bool = literal_attribute(boolean, default=False)
    buffer_response: bool = literal_attribute(boolean, default=True)
    fail_on_error_status_code: bool = literal_attribute(boolean, default=False)
    urls: list[str] = child_texts("set-url", trimmed, filled=True)
    steps: list[PolicyStep] = policies(*CHILDREN, own="request")

    def run(self, exchange: PolicyExchange) -> Effect:
        request: Request | None = None
        try:
            request = outgoing_request(exchange, self.mode, self.urls, self.steps)
            return self.send(exchange, request)
        except PolicyError as error:
            if not self.ignore_error:
                raise
            self.keep(exchange, None)
            shown = f"failed, ignored: {error.message}"
            return Sent(shown, request=request, response=None, error=error.message)

    def send(self, exchange: PolicyExchange, request: Request) -> Effect:
        response = exchange.send(request, self.timeout if self.timeout_ms is None else self.timeout_ms / 1000)
        if self.fail_on_error_status_code and response.status_code >= 400:
            raise azure_error("own-request-status", url=request.url, code=response.status_code)
        self.keep(exchange, exchange.received(response))
        return Sent.answered(request, response)

    def keep(self, exchange: PolicyExchange, response: ResponseMessage | None) -> None:
        """Set the variable, if there is one; examples of the documentation have none."""
        if self.response_variable_name:
            exchange.variables[self.response_variable_name] = response
