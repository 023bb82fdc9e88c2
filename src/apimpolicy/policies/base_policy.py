"""base: the policies of the next wider scope, in the same section, at this position.

```xml
<inbound>
    <base />
    <set-header name="X-Api" exists-action="override"><value>orders</value></set-header>
</inbound>
```

Scopes from wide to narrow: global, workspace, product, API, operation. A section without `<base />` does not run the
wider scopes' policies. In the global scope it does nothing.

Simulated in full. A scope that has no policy, or not this section, passes on to the next wider one: the gateway gives
every scope a policy of nothing but `<base />` when none was written; for a section that is missing it is our choice.

Source: https://learn.microsoft.com/azure/api-management/set-edit-policies
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from apimpolicy.policies.effects import Effect
from apimpolicy.policies.spec import ANYWHERE, policy

if TYPE_CHECKING:
    from apimpolicy.policies.spec import Exchange


@policy("base", sections=ANYWHERE)
class Base:
    def run(self, exchange: Exchange) -> None:
        steps = exchange.inserted()
        exchange.note(effect(steps[0].scope if steps else None, len(steps)))
        exchange.execute(steps)


@lru_cache(maxsize=64)
def effect(scope: str | None, count: int) -> Effect:
    """The effect of so many policies of a scope; the same for every request."""
    shown = f"{scope}: {count} {'policy' if count == 1 else 'policies'}" if count else "nothing"
    return Effect("base", shown, scope=scope, count=count)
