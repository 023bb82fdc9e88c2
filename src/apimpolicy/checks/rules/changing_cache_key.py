"""changing-cache-key: a cache key is different for every request.

**What it does.** Looks for the current time, random numbers, new GUIDs and `context.RequestId` in the keys of
`cache-lookup-value`, `cache-store-value` and `cache-remove-value` and in `vary-by`.

**Why it matters.** A stored value is never found again, and the cache fills up.

**Example**

```xml
<cache-lookup-value key="@("rates-" + DateTime.UtcNow)" variable-name="rates" />
```

**Use instead** a key that stays the same for the same value, such as `rates`, with a `duration`.

**Sources.** https://learn.microsoft.com/azure/api-management/cache-lookup-value-policy
"""

from __future__ import annotations

from apimpolicy.checks.nodes import type_name
from apimpolicy.checks.rule import CheckedExpression, Findings, Rule, Severity
from apimpolicy.csharp.binding.nodes import Bound, Call, PropertyAccess
from apimpolicy.gateway.policies.registry import has_trait

CHANGING = {"DateTime": ("Now", "UtcNow"), "DateTimeOffset": ("Now", "UtcNow"), "IContext": ("RequestId", "Timestamp")}
WHOLE = frozenset(("Concat", "Format", "Join", "ToLocalTime", "ToUniversalTime", "Ticks", "UtcTicks", "UtcDateTime"))
"""Members that keep the time as precise as it was, or nearly so."""


class ChangingCacheKey(Rule):
    code = "POL208"
    severity = Severity.INFO
    elements = ("vary-by",)
    traits = ("caches-values",)

    def visit_expression(self, expression: CheckedExpression) -> Findings:
        element, attribute = expression.element, expression.attribute
        is_key = has_trait(element.name, "caches-values") and attribute is not None and attribute.name == "key"
        if not is_key and element.name != "vary-by":
            return
        for node in expression.compiled.nodes:
            if is_changing(node) and not is_shortened(expression, node):
                message = "this key is different for every request"
                yield self.at_code(expression, node, message, label="stored values are never found again")
                return


def is_changing(node: Bound) -> bool:
    """Return whether a value differs from request to request."""
    if isinstance(node, PropertyAccess):
        owner = str(node.property.container).rpartition(".")[2]
        return node.property.name in CHANGING.get(owner, ())
    return isinstance(node, Call) and (node.method.name == "NewGuid" or type_name(node.receiver) == "Random")


def is_shortened(expression: CheckedExpression, node: Bound) -> bool:
    """Return whether only a part of the time counts, such as the day."""
    for around in expression.ancestors(node):
        if isinstance(around, PropertyAccess):
            is_whole = around.property.name in WHOLE
        elif isinstance(around, Call):
            is_whole = around.method.name in WHOLE or (around.method.name == "ToString" and not around.arguments)
        else:
            continue
        if not is_whole:
            return True
    return False
