"""token-checks-off: a check of validate-jwt is switched off.

**What it does.** Looks at `validate-jwt` for `require-signed-tokens="false"` and `require-expiration-time="false"`.

**Why it matters.** A token without a signature can be written by anybody, with any claims. A token without an expiry
is valid for ever once it has leaked. The first is an error, the second a warning.

**Example**

```xml
<validate-jwt header-name="Authorization" require-signed-tokens="false">
```

**Use instead** the defaults: leave the attribute out.

**Sources.** https://learn.microsoft.com/azure/api-management/validate-jwt-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.checks.rule import Rule
from apimpolicy.diagnostics import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element


CONSEQUENCES = {
    "require-signed-tokens": "anybody can write a token that passes",
    "require-expiration-time": "a leaked token is valid for ever",
}


class TokenChecksOff(Rule):
    code = "POL311"
    elements = ("validate-jwt",)

    def visit_element(self, element: Element) -> Iterator[Diagnostic]:
        for name, consequence in CONSEQUENCES.items():
            attribute = element.get(name)
            if attribute is not None and self.literal(element, name) == "false":
                severity = Severity.ERROR if name == "require-signed-tokens" else self.severity
                message, advice = f"'{name}' is switched off", "Leave the attribute out."
                yield self.at_value(element, attribute, message, label=consequence, help=advice, severity=severity)
