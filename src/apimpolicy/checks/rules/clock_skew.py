"""clock-skew: expired tokens are accepted for more than five minutes.

**What it does.** Looks for `validate-jwt` with a `clock-skew` of more than 300 seconds.

**Why it matters.** The skew is meant for clocks that differ by a few seconds, but it extends the lifetime of every
token. If tokens should live longer, configure that at the identity provider.

**Example**

```xml
<validate-jwt header-name="Authorization" clock-skew="3600">
```

**Use instead** 60 or less, or no `clock-skew` at all.

**Sources.** https://learn.microsoft.com/azure/api-management/validate-jwt-policy,
https://datatracker.ietf.org/doc/html/rfc7519#section-4.1.4. The limit of five minutes is our reading of "no more than
a few minutes" in the RFC.
"""

from __future__ import annotations

from apimpolicy.checks.rule import Element, Findings, Rule

MOST_SECONDS = 300


class ClockSkew(Rule):
    code = "POL312"
    traits = ("checks-token",)
    attributes = ("clock-skew",)

    def visit_element(self, element: Element) -> Findings:
        text = self.literal(element, "clock-skew") or ""
        if text.isdecimal() and int(text[:9]) > MOST_SECONDS:
            message = f"tokens are accepted for {int(text[:9]):,} seconds after they expire"
            yield self.at_value(element, "clock-skew", message, help="Allow 60 seconds or less.")
