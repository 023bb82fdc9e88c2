"""base: the policies of the next wider scope, in the same section, at this position.

```xml
<inbound>
    <base />
    <set-header name="X-Api" exists-action="override"><value>orders</value></set-header>
</inbound>
```

The scopes from wide to narrow are global, workspace, product, API and operation. A section without `<base />` does not
run the policies of the wider scopes. In the global scope `<base />` does nothing.

Simulated in full. A scope without a policy document continues with the next wider one, because the gateway gives it a
document with nothing but `<base />`. That a document without the section does the same is our choice
(`Gateway(missing_section="skip")` for the other reading).

Source: https://learn.microsoft.com/azure/api-management/set-edit-policies
"""

from __future__ import annotations

from functools import lru_cache

from apimpolicy.gateway.policies.effects import BaseInserted, Effect
from apimpolicy.gateway.policies.spec import PolicyExchange, policy


@policy("base", access="runs")
class BasePolicy:
    def run(self, exchange: PolicyExchange) -> None:
        steps = exchange.inserted()
        exchange.note(effect(steps[0].scope if steps else None, len(steps)))
        exchange.execute(steps)


@lru_cache(maxsize=64)
def effect(scope: str | None, count: int) -> Effect:
    """Return the effect of so many policies of a scope; the same for every request."""
    shown = f"{scope}: {count} {'policy' if count == 1 else 'policies'}" if count else "nothing"
    return BaseInserted(shown, scope=scope, count=count)
