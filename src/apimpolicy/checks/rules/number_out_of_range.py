"""number-out-of-range: a number is out of range.

**What it does.** Compares literal numbers with the documented ranges: a `renewal-period` of up to 300 for `rate-limit`
and `rate-limit-by-key`, of 0 or at least 300 for `quota-by-key`; a `count` of 1 to 50 for `retry`; a `max-size` of up
to 4,194,304 for `validate-content`; a `score-threshold` of 0 to 1; a `duration` of at least 1 second; status codes
from 100 to 999.

**Why it matters.** Azure refuses to save the policy.

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
    ("limit-concurrency", "max-count"): (1, math.inf, ()),
    **{(name, "duration"): (1, math.inf, ()) for name in ("cache-store", "cache-store-value")},
    **{
        (name, "duration"): (1, math.inf, ())
        for name in ("llm-semantic-cache-store", "azure-openai-semantic-cache-store")
    },
    **{(name, "code"): (100, 999, ()) for name in ("set-status", "status-code")},
    ("mock-response", "status-code"): (100, 999, ()),
    ("check-header", "failed-check-httpcode"): (100, 999, ()),
    **{(name, "failed-validation-httpcode"): (100, 999, ()) for name in ("validate-jwt", "validate-azure-ad-token")},
}
"""Element and attribute: the smallest and the greatest number, and what else is allowed."""


class NumberOutOfRange(Rule):
    code = "POL123"
    severity = Severity.ERROR
    elements = tuple(dict.fromkeys(name for name, _ in RANGES))
    attributes = (
        "renewal-period",
        "count",
        "max-size",
        "score-threshold",
        "threshold",
        "timeout",
        "max-count",
        "duration",
        "code",
        "status-code",
        "failed-check-httpcode",
        "failed-validation-httpcode",
    )

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
                    f"'{attribute.name}' of '{element.name}' must be {range_text(least, greatest, besides)}",
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
