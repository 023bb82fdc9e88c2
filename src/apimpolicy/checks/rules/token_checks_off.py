"""token-checks-off: a check of validate-jwt is off.

**What it does.** Looks for `validate-jwt` with `require-signed-tokens="false"` or `require-expiration-time="false"`.

**Why it matters.** Anyone can write a token without a signature, with any claims. A token without an expiration
time is valid forever if it leaks.

**Example**

```xml
<validate-jwt header-name="Authorization" require-signed-tokens="false">
```

**Use instead** the default: remove the attribute.

**Sources.** https://learn.microsoft.com/azure/api-management/validate-jwt-policy
"""

from __future__ import annotations

from apimpolicy.checks.rule import Element, Findings, Rule

CONSEQUENCES = {
    "require-signed-tokens": "anyone can write an unsigned token",
    "require-expiration-time": "a leaked token is valid forever",
}


class TokenChecksOff(Rule):
    code = "POL311"
    elements = ("validate-jwt",)
    attributes = ("require-signed-tokens", "require-expiration-time")

    def visit_element(self, element: Element) -> Findings:
        for name, consequence in CONSEQUENCES.items():
            if self.literal(element, name) == "false":
                help = "Remove the attribute."
                yield self.at_value(element, name, f"'{name}' is off", label=consequence, help=help)
