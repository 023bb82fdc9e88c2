"""cors-credentials-for-any-origin: any origin may send credentials.

**What it does.** Looks for `cors` with `allow-credentials="true"` and the origin `*`.

**Why it matters.** Any page that a signed-in user visits can call the API on behalf of the user. The documentation
rules this combination out.

**Example**

```xml
<cors allow-credentials="true"><allowed-origins><origin>*</origin></allowed-origins></cors>
```

**Use instead** the origins that need it:

```xml
<cors allow-credentials="true"><allowed-origins><origin>https://shop.contoso.example</origin></allowed-origins></cors>
```

**Sources.** https://learn.microsoft.com/azure/api-management/cors-policy,
https://fetch.spec.whatwg.org/#cors-protocol-and-credentials
"""

from __future__ import annotations

from apimpolicy.checks.rule import Element, Findings, Rule


class CorsCredentialsForAnyOrigin(Rule):
    code = "POL320"
    elements = ("cors",)
    attributes = ("allow-credentials",)

    def visit_element(self, element: Element) -> Findings:
        if self.literal(element, "allow-credentials") != "true":
            return
        origins = element.find("allowed-origins")
        for origin in origins.elements() if origins is not None else ():
            if origin.text.strip() == "*":
                yield self.at_element(
                    origin,
                    "any origin is allowed to send credentials",
                    label="any page can call the API on behalf of its user",
                    help="List the origins, or remove allow-credentials.",
                )
