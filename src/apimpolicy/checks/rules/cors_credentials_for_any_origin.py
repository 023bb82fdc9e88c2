"""cors-credentials-for-any-origin: any origin is allowed, with credentials.

**What it does.** Looks at `cors` with `allow-credentials="true"` and the origin `*`.

**Why it matters.** Any page that a signed-in user visits could call the API in the user's name. The documentation
forbids the pair.

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

from typing import TYPE_CHECKING

from apimpolicy.checks.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element


class CorsCredentialsForAnyOrigin(Rule):
    code = "POL320"
    elements = ("cors",)

    def visit_element(self, element: Element) -> Iterator[Diagnostic]:
        if self.literal(element, "allow-credentials") != "true":
            return
        origins = element.find("allowed-origins")
        for origin in origins.elements() if origins is not None else ():
            if origin.text.strip() == "*":
                yield self.at_element(
                    origin,
                    "any origin is allowed, with credentials",
                    label="every page may call in the user's name",
                    help="Name the origins, or take allow-credentials out.",
                )
