"""limit-without-subscription: calls are counted per subscription, but the API doesn't require one.

**What it does.** Looks for `rate-limit` and `quota` in the policies of an API, and of its operations, that is known
not to require a subscription (`subscriptionRequired` in APIOps' files, `subscription-required` in `[[check.files]]`).
It stays silent inside a `when` that tests the subscription.

**Why it matters.** These policies count the calls of each subscription. Callers without a key aren't limited.

**Example**

```xml
<rate-limit calls="100" renewal-period="60" />
```

**Use instead** another counter, or require a subscription:

```xml
<rate-limit-by-key calls="100" renewal-period="60" counter-key="@(context.Request.IpAddress)" />
```

**Sources.** https://learn.microsoft.com/azure/api-management/rate-limit-policy,
https://learn.microsoft.com/azure/api-management/quota-policy
"""

from __future__ import annotations

from apimpolicy.checks.rule import Element, Findings, Rule


class LimitWithoutSubscription(Rule):
    code = "POL421"
    elements = ("rate-limit", "quota")
    known = ("requires_subscription",)

    def visit_element(self, element: Element) -> Findings:
        if self.settings.requires_subscription is not False or self.settings.scope not in ("api", "operation"):
            return
        for around in element.ancestors():
            condition = around.get("condition")
            if around.name == "when" and (condition is None or "ubscription" in condition.value.text):
                return
        yield self.at_element(
            element,
            f"'{element.name}' counts per subscription, but the API doesn't require one",
            label="callers without a key aren't limited",
            help=f"Use '{element.name}-by-key', or require a subscription.",
        )
