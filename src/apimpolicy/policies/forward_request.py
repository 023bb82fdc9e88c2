"""forward-request: send the request to the backend and wait for its answer.

```xml
<forward-request timeout="20" fail-on-error-status-code="true" />
```

The answer becomes the response. Without this policy in the backend section nothing is forwarded and outbound starts at
once. `timeout` is in seconds (300 by default), `timeout-ms` in milliseconds.

Simulated: the backend is what the gateway was given, and no socket is opened. A backend that raises `TimeoutError`, or
an answer later than `timeout` on a clock that the backend moves on, is the error `Timeout`; one that raises another
`OSError` is `BackendConnectionFailure`. Accepted without an effect: `continue-timeout`, `http-version`,
`buffer-request-body`, `buffer-response`. `follow-redirects="true"` fails as not simulated when the backend does answer
with a redirect. Our choices: the texts of these errors; with `fail-on-error-status-code` the caller gets the backend's
answer unless on-error decides otherwise, and the error's reason, which no document states, is null.

Source: https://learn.microsoft.com/azure/api-management/forward-request-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.errors import NotSimulatedError
from apimpolicy.policies.conversions import boolean, number
from apimpolicy.policies.effects import Effect
from apimpolicy.policies.spec import PolicyError, expression_attribute, literal_attribute, policy

if TYPE_CHECKING:
    from apimpolicy.policies.spec import Exchange


@policy("forward-request", sections="backend")
class ForwardRequest:
    timeout: float = expression_attribute(number, default=300.0)
    timeout_ms: float | None = expression_attribute(number)
    continue_timeout: float | None = expression_attribute(number)
    http_version: str = literal_attribute(default="1", values=("1", "2or1", "2"))
    follow_redirects: bool = expression_attribute(boolean, default=False)
    buffer_request_body: bool = literal_attribute(boolean, default=False)
    buffer_response: bool = literal_attribute(boolean, default=True)
    fail_on_error_status_code: bool = literal_attribute(boolean, default=False)

    def run(self, exchange: Exchange) -> None:
        timeout = self.timeout if self.timeout_ms is None else self.timeout_ms / 1000
        request, response = exchange.forward(timeout)
        shown = f"{request.method} {request.url} → {response.status_code} {response.reason}".rstrip()
        exchange.note(Effect("forwarded", shown, request=request, response=response))
        if self.follow_redirects and 300 <= response.status_code < 400 and "Location" in response.headers:
            raise NotSimulatedError('forward-request follow-redirects="true"', "the backend answers with a redirect")
        if self.fail_on_error_status_code and 400 <= response.status_code < 600:
            message = f"The backend answered with the status code {response.status_code}."
            raise PolicyError(None, message, response.status_code, exchange.response)
