"""wait: run the policies inside in parallel, and wait for all of them, or for the first one.

```xml
<wait for="all">
    <send-request response-variable-name="a"><set-url>https://a.contoso.com</set-url><set-method>GET</set-method></send-request>
    <send-request response-variable-name="b"><set-url>https://b.contoso.com</set-url><set-method>GET</set-method></send-request>
</wait>
```

The documentation allows send-request, cache-lookup-value and choose inside; the editor's schema allows forward-request,
cache-store-value and the authentication policies too.

Simulated, but not in parallel. Our choices: with `all` the policies run one after another in the order in which they
are written, and the time that their doubles take adds up; with `any` the first one written counts as the first to
complete, and the others do not run; an error in one of them is an error of the whole.

Source: https://learn.microsoft.com/azure/api-management/wait-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.policies.effects import Effect
from apimpolicy.policies.spec import expression_attribute, policies, policy

if TYPE_CHECKING:
    from apimpolicy.policies.spec import Exchange, Step


@policy("wait", sections="inbound outbound backend")
class Wait:
    for_: str = expression_attribute(default="all", values=("all", "any"))
    steps: list[Step] = policies(
        "send-request",
        "cache-lookup-value",
        "choose",
        "forward-request",
        "cache-store-value",
        "authentication-managed-identity",
        "authentication-token",
    )

    def run(self, exchange: Exchange) -> Effect:
        steps = self.steps if self.for_ == "all" else self.steps[:1]
        exchange.execute(steps)
        return Effect("waited", f"for {len(steps)} of {len(self.steps)}", count=len(steps))
