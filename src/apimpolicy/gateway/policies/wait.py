"""wait: run the policies inside in parallel, and wait for all of them, or for the first one.

```xml
<wait for="all">
    <send-request response-variable-name="a">
        <set-url>https://a.contoso.com</set-url>
        <set-method>GET</set-method>
    </send-request>
    <send-request response-variable-name="b">
        <set-url>https://b.contoso.com</set-url>
        <set-method>GET</set-method>
    </send-request>
</wait>
```

The documentation allows send-request, cache-lookup-value and choose inside; the editor's schema allows forward-request,
cache-store-value and the authentication policies too.

Simulated in full: all begin at the same moment of the gateway's clock (`apimpolicy serve` really runs them at once).
With `all`, the pipeline continues after the slowest one, with `any` after the fastest: variables that the others would
set stay unset, but their requests were sent. Our choices: of several that take equally long, the first one in the
document counts; an error in any of them is an error of `wait`, with `any` only an error in the fastest.

Source: https://learn.microsoft.com/azure/api-management/wait-policy
"""

from __future__ import annotations

from apimpolicy.gateway.policies.effects import Effect, Waited
from apimpolicy.gateway.policies.spec import PolicyExchange, PolicyStep, expression_attribute, policies, policy


@policy(
    "wait",
    sections="inbound outbound backend",
    traits="runs-policies parallel",
    also_in="on-error",  # the toolkit
    access="waits",
)
class Wait:
    for_: str = expression_attribute(default="all", values=("all", "any"))
    steps: list[PolicyStep] = policies(
        "send-request",
        "cache-lookup-value",
        "choose",
        "forward-request",
        "cache-store-value",
        "authentication-managed-identity",
        "authentication-token",
    )

    def run(self, exchange: PolicyExchange) -> Effect:
        first = exchange.execute_parallel(self.steps, first_only=self.for_ == "any")
        if self.for_ == "all":
            return Waited(f"for {len(self.steps)} of {len(self.steps)}", count=len(self.steps))
        shown = f"for {self.steps[first].name}, the first of {len(self.steps)}" if self.steps else "for nothing"
        return Waited(shown, count=min(len(self.steps), 1))
