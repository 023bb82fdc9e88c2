"""dimensions: a metric has no dimension, or more than five.

**What it does.** Counts the `dimension` elements of `emit-metric`, `llm-emit-token-metric` and its older name.

**Why it matters.** The page allows one to five. Policies with more were deployed all the same; what happens to the
sixth is not known.

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

**Sources.** https://learn.microsoft.com/azure/api-management/emit-metric-policy,
https://learn.microsoft.com/azure/api-management/llm-emit-token-metric-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.checks.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element


MOST = 5


class Dimensions(Rule):
    code = "POL129"
    elements = ("emit-metric", "llm-emit-token-metric", "azure-openai-emit-token-metric")

    def visit_element(self, element: Element) -> Iterator[Diagnostic]:
        found = [child for child in element.elements() if child.name == "dimension"]
        if not found:
            yield self.at_element(element, "a metric needs a dimension", help='Add <dimension name="API ID" />.')
        elif len(found) > MOST:
            yield self.at_element(
                found[MOST], f"a metric has at most {MOST} dimensions", help="Leave out those that nobody looks at."
            )
