"""policy-not-on-gateway: a policy that the gateway or the tier does not have.

**What it does.** When the tier (`--tier`) or the gateway (`--gateway`) is known, looks for policies that it does not
have: `rate-limit-by-key` and `quota-by-key` on Consumption, the Dapr policies anywhere but on a self-hosted gateway.

**Why it matters.** Azure refuses to save it ("Policy is not allowed in 'Consumption' sku"), or a self-hosted gateway
fails to load it.

**Example**

```xml
<rate-limit-by-key calls="10" renewal-period="60" counter-key="@(context.Subscription.Id)" />
```

**Use instead** what the tier has, `rate-limit` for example.

**Sources.** https://learn.microsoft.com/azure/api-management/api-management-policies,
https://learn.microsoft.com/azure/api-management/api-management-gateways-overview
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.checks.rule import Rule
from apimpolicy.diagnostics import Severity
from apimpolicy.policies.placement import GATEWAYS, gateway_of, placement_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.diagnostics import Diagnostic


class PolicyNotOnGateway(Rule):
    code = "POL121"
    severity = Severity.ERROR

    def finish(self) -> Iterator[Diagnostic]:
        tier = self.settings.tier
        gateway = self.settings.gateway or (gateway_of(tier) if tier is not None else None)
        if gateway is None:
            return
        for element in self.subject.elements:
            placement = placement_of(element.name)
            lacks_tier = tier is not None and bool(placement.tiers) and tier not in placement.tiers
            if (gateway not in placement.not_on and not lacks_tier) or not self.subject.is_policy(element):
                continue
            if gateway in placement.not_on:
                where = f"the gateway '{gateway}'"
                others = "gateways: " + ", ".join(name for name in GATEWAYS if name not in placement.not_on)
            else:
                where = f"the tier '{tier}'"
                others = "tiers: " + ", ".join(placement.tiers)
            yield self.at_element(element, f"{where} does not have '{element.name}'", help=f"Its {others}.")
