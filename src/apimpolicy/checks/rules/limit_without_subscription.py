"""limit-without-subscription: calls are counted by subscription where none is required.

**What it does.** When the API is known to require no subscription (`subscriptionRequired` in APIOps' files,
`subscription-required` of `[[check.files]]`), looks in its policies and those of its operations for `rate-limit` and
`quota`. Silent inside of a `when` that asks for the subscription.

**Why it matters.** They count the calls of one subscription. Callers that come without a key are not counted, and not
limited.

**Example**

```xml
<rate-limit calls="100" renewal-period="60" />
```

**Use instead** a counter of another kind, or require a subscription:

```xml
<rate-limit-by-key calls="100" renewal-period="60" counter-key="@(context.Request.IpAddress)" />
```

**Sources.** https://learn.microsoft.com/azure/api-management/rate-limit-policy,
https://learn.microsoft.com/azure/api-management/quota-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.checks.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element


class LimitWithoutSubscription(Rule):
    code = "POL421"
    elements = ("rate-limit", "quota")

    def visit_element(self, element: Element) -> Iterator[Diagnostic]:
        if self.settings.requires_subscription is not False or self.settings.scope not in ("api", "operation"):
            return
        around = element.parent
        while around is not None:
            if around.name == "when":
                condition = around.get("condition")
                if condition is None or "ubscription" in condition.value.text:
                    return
            around = around.parent
        yield self.at_element(
            element,
            "the API requires no subscription, and calls are counted by subscription",
            label="callers without a key are not limited",
            help=f"Use {element.name}-by-key, or require a subscription.",
        )
