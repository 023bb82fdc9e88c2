"""policy-not-on-gateway: a policy isn't available in the tier or on the gateway.

**What it does.** Looks for policies that the tier (`--tier`) or the gateway (`--gateway`) doesn't support, such as
`rate-limit-by-key` and `quota-by-key` in the Consumption tier, or the Dapr policies on anything but a self-hosted
gateway.

**Why it matters.** Azure refuses to save the policy ("Policy is not allowed in 'Consumption' sku"), or a self-hosted
gateway fails to load it.

**Example**

```xml
<rate-limit-by-key calls="10" renewal-period="60" counter-key="@(context.Subscription.Id)" />
```

**Use instead** a policy that the tier supports, for example `rate-limit`.

**Evidence.** Gateways answer `Policy is not allowed in 'Consumption' sku` (azure-docs#57081); the overview of gateways
lists what each one has.

**Sources.** https://learn.microsoft.com/azure/api-management/api-management-policies,
https://learn.microsoft.com/azure/api-management/api-management-gateways-overview
"""

from __future__ import annotations

from apimpolicy.checks.rule import Findings, Rule, Severity
from apimpolicy.gateway.policies.placement import GATEWAYS, gateway_of
from apimpolicy.gateway.policies.registry import placement_of


class PolicyNotOnGateway(Rule):
    code = "POL121"
    severity = Severity.ERROR
    known = ("tier", "gateway")

    def finish(self) -> Findings:
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
                where = f"on the gateway '{gateway}'"
                others = "on: " + ", ".join(name for name in GATEWAYS if name not in placement.not_on)
            else:
                where = f"in the tier '{tier}'"
                others = "in: " + ", ".join(placement.tiers)
            message = f"'{element.name}' is not available {where}"
            yield self.at_element(element, message, help=f"It is available {others}.")
