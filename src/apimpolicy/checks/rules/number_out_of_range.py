"""number-out-of-range: a number is out of the range that the gateway takes.

**What it does.** Compares literal numbers with the ranges of the policies' pages: `renewal-period` of `rate-limit`
and `rate-limit-by-key` up to 300, of `quota-by-key` 0 or from 300; `count` of `retry` 1 to 50; `max-size` of
`validate-content` up to 4,194,304; `score-threshold` 0 to 1.

**Why it matters.** Azure refuses to save the document, or the policy does something else than it says.

**Example**

```xml
<rate-limit calls="1000" renewal-period="3600" />
```

**Use instead** `quota` or `quota-by-key` for longer periods.

**Sources.** https://learn.microsoft.com/azure/api-management/rate-limit-policy,
https://learn.microsoft.com/azure/api-management/quota-by-key-policy,
https://learn.microsoft.com/azure/api-management/retry-policy,
https://learn.microsoft.com/azure/api-management/validate-content-policy
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from apimpolicy.checks.rule import Rule
from apimpolicy.diagnostics import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element


RANGES: dict[tuple[str, str], tuple[float, float, tuple[float, ...]]] = {
    ("rate-limit", "renewal-period"): (0, 300, ()),
    ("rate-limit-by-key", "renewal-period"): (0, 300, ()),
    ("quota-by-key", "renewal-period"): (300, math.inf, (0,)),
    ("quota", "renewal-period"): (0, math.inf, ()),
    ("retry", "count"): (1, 50, ()),
    ("validate-content", "max-size"): (0, 4_194_304, ()),
    ("validate-graphql-request", "max-size"): (0, 102_400, ()),
    ("llm-semantic-cache-lookup", "score-threshold"): (0, 1, ()),
    ("azure-openai-semantic-cache-lookup", "score-threshold"): (0, 1, ()),
    ("category", "threshold"): (0, 7, ()),
    ("forward-request", "timeout"): (0, math.inf, ()),
}
"""Element and attribute: the least, the greatest, and what is allowed besides."""


class NumberOutOfRange(Rule):
    code = "POL123"
    severity = Severity.ERROR
    elements = tuple(dict.fromkeys(name for name, _ in RANGES))

    def visit_element(self, element: Element) -> Iterator[Diagnostic]:
        for attribute in element.attributes:
            found = RANGES.get((element.name, attribute.name))
            text = self.literal(element, attribute.name) if found is not None else None
            if found is None or text is None:
                continue
            least, greatest, besides = found
            try:
                number = float(text)
            except ValueError:
                continue
            if not least <= number <= greatest and number not in besides:
                yield self.at_value(
                    element,
                    attribute,
                    f"'{attribute.name}' of '{element.name}' is {range_text(least, greatest, besides)}",
                    help=ADVICE.get((element.name, attribute.name), ""),
                )


ADVICE = {
    ("rate-limit", "renewal-period"): "Use quota or quota-by-key for longer periods.",
    ("rate-limit-by-key", "renewal-period"): "Use quota-by-key for longer periods.",
    ("quota-by-key", "renewal-period"): "Use rate-limit-by-key for shorter periods.",
}


def range_text(least: float, greatest: float, besides: tuple[float, ...]) -> str:
    """The range in words."""
    text = f"at least {least:,.10g}" if greatest == math.inf else f"between {least:,.10g} and {greatest:,.10g}"
    return text + "".join(f", or {number:g}" for number in besides)
