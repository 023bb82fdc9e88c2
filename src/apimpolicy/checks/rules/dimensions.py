"""dimensions: a metric has a dimension without a value, no dimension, or more than five.

**What it does.** Looks at the `dimension` elements of `emit-metric`, `llm-emit-token-metric` and
`azure-openai-emit-token-metric`. Only the default dimensions need no value: API ID, Operation ID, Product ID, User ID,
Subscription ID, Location, Gateway ID, Backend ID.

**Why it matters.** Azure refuses a dimension that has no value and no default. The documentation asks for one to five
dimensions; policies with more are deployed, so that is only worth knowing.

**Example**

```xml
<emit-metric name="orders" />
```

**Use instead**

```xml
<emit-metric name="orders">
    <dimension name="API ID" />
</emit-metric>
```

**Evidence.** The documentation lists the dimensions that have a default, and requires a value for any other.

**Sources.** https://learn.microsoft.com/azure/api-management/emit-metric-policy,
https://learn.microsoft.com/azure/api-management/llm-emit-token-metric-policy
"""

from __future__ import annotations

from apimpolicy.checks.rule import Element, Findings, Rule, Severity

MOST = 5
DEFAULTS = frozenset(
    ["api id", "operation id", "product id", "user id", "subscription id", "location", "gateway id", "backend id"]
)
"""Default dimensions, in lower case: the gateway ignores case."""


class Dimensions(Rule):
    code = "POL129"
    traits = ("emits-metrics",)

    def visit_element(self, element: Element) -> Findings:
        found = [child for child in element.elements() if child.name == "dimension"]
        if not found:
            yield self.at_element(element, "a metric needs a dimension", help='Add <dimension name="API ID" />.')
        for dimension in found:
            name = self.literal(dimension, "name")
            if name is not None and dimension.get("value") is None and name.strip().lower() not in DEFAULTS:
                message = f"the dimension '{name}' needs a value"
                help = "Only the default dimensions, such as 'API ID', have a value of their own."
                yield self.at_element(dimension, message, severity=Severity.ERROR, help=help)
        if len(found) > MOST:
            message = f"the documentation allows {MOST} dimensions"
            yield self.at_element(found[MOST], message, severity=Severity.INFO, help="Remove unused dimensions.")
