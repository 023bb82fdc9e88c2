"""check-header: refuse a request that lacks a header, or whose header has a value that is not allowed.

```xml
<check-header name="X-Tenant" failed-check-httpcode="403" failed-check-error-message="Who?" ignore-case="true">
    <value>contoso</value>
    <value>fabrikam</value>
</check-header>
```

The header must be present and have one of the values. A refused caller gets the status code and the message that the
policy states; `context.LastError` has the reason `HeaderNotFound` or `HeaderValueNotAllowed`.

Simulated in full. Our choices: without a `value` the header only has to be present; of a header with several values one
allowed value is enough; `ignore-case` concerns the values. The documentation requires all attributes, but some policies
leave them out; then case counts, the status is 400, and the message is that of the error.

Source: https://learn.microsoft.com/azure/api-management/check-header-policy
"""

from __future__ import annotations

from apimpolicy.gateway.policies.conversions import STATUS_CODES, boolean, integer, trimmed
from apimpolicy.gateway.policies.effects import Effect, HeaderChecked
from apimpolicy.gateway.policies.placement import Placement
from apimpolicy.gateway.policies.spec import (
    PolicyError,
    PolicyExchange,
    azure_error,
    child_texts,
    expression_attribute,
    policy,
)


@policy(
    "check-header",
    sections="inbound",
    placement=Placement(not_at=("workspace",)),
    traits="bounded-numbers checks-header",
    refuses_with="failed-check-httpcode",
    also_in="outbound",  # the editor extension
    effects="refuses",
    access="header",
)
class CheckHeader:
    name: str = expression_attribute(trimmed, required=True)
    failed_check_httpcode: int = expression_attribute(integer, required=True, default=400, within=STATUS_CODES)
    failed_check_error_message: str | None = expression_attribute(required=True, may_be_empty=True, doubt="optional")
    ignore_case: bool = expression_attribute(boolean, required=True, default=False, doubt="optional")
    values: list[str] = child_texts("value", trimmed)

    def run(self, exchange: PolicyExchange) -> Effect:
        found = exchange.request.headers.get_all(self.name)
        if not found:
            raise self.refusal("header-missing")
        allowed = {self.folded(value) for value in self.values}
        if allowed and allowed.isdisjoint(self.folded(value) for value in found):
            raise self.refusal("header-value")
        return HeaderChecked(f"{self.name}: {', '.join(found)}", name=self.name, values=tuple(found))

    def refusal(self, text: str) -> PolicyError:
        shown = self.failed_check_error_message
        return azure_error(text, status=self.failed_check_httpcode, public_message=shown, name=self.name)

    def folded(self, value: str) -> str:
        return value.lower() if self.ignore_case else value
