"""clock-skew: expired tokens pass for more than five minutes.

**What it does.** Looks at `validate-jwt` and `validate-azure-ad-token` with a `clock-skew` of more than 300 seconds.

**Why it matters.** The skew is for clocks that differ by seconds, and is added to the life of every token. Who wants
tokens to live longer asks the identity provider for that.

**Example**

```xml
<validate-jwt header-name="Authorization" clock-skew="3600">
```

**Use instead** 60 or less, or leave the attribute out.

**Sources.** https://learn.microsoft.com/azure/api-management/validate-jwt-policy,
https://datatracker.ietf.org/doc/html/rfc7519#section-4.1.4. The limit of five minutes is ours, after the RFC's "no
more than a few minutes".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.checks.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element


MOST_SECONDS = 300


class ClockSkew(Rule):
    code = "POL312"
    elements = ("validate-jwt", "validate-azure-ad-token")

    def visit_element(self, element: Element) -> Iterator[Diagnostic]:
        attribute, text = element.get("clock-skew"), self.literal(element, "clock-skew")
        if attribute is not None and text is not None and text.isdecimal() and int(text[:9]) > MOST_SECONDS:
            yield self.at_value(
                element,
                attribute,
                f"tokens pass for {int(text[:9]):,} seconds after they have expired",
                help="Allow 60 seconds or less.",
            )
