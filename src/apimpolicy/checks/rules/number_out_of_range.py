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

**Evidence.** The documentation states these bounds, and users who passed them were refused (azure-docs#119835,
AZ-204#26).

**Sources.** https://learn.microsoft.com/azure/api-management/rate-limit-policy,
https://learn.microsoft.com/azure/api-management/quota-by-key-policy,
https://learn.microsoft.com/azure/api-management/retry-policy,
https://learn.microsoft.com/azure/api-management/validate-content-policy
"""

from __future__ import annotations

from collections.abc import Iterator

from apimpolicy.checks.rule import Element, Findings, Rule, Severity


class NumberOutOfRange(Rule):
    code = "POL123"
    severity = Severity.ERROR
    traits = ("bounded-numbers",)

    def visit_element(self, element: Element) -> Findings:
        for each in self.with_parts(element):
            specification = self.subject.specification_of(each)
            for slot in specification.attributes if specification is not None else ():
                try:
                    number = float(self.literal(each, slot.name) or "")
                except ValueError:
                    continue
                if slot.within is not None and not slot.within.has(number):
                    message = f"'{slot.name}' of '{each.name}' must be {slot.within}"
                    yield self.at_value(each, slot.name, message, help=slot.within.advice)

    def with_parts(self, element: Element) -> Iterator[Element]:
        yield element
        for child in element.elements():
            if not self.subject.is_policy(child):
                yield from self.with_parts(child)
