"""identity-header-from-caller: callers can send the header that tells the backend who they are.

**What it does.** Looks in inbound for `set-header` with a name like `X-User`, `X-Client-Id` or `X-Roles` and an
`exists-action` of `skip` or `append`, where the value comes from a token, a certificate or the subscription.

**Why it matters.** With `skip`, a caller who sends the header decides what the backend believes. With `append`, the
backend gets both values.

**Example**

```xml
<set-header name="X-User-Id" exists-action="skip"><value>@(context.User.Id)</value></set-header>
```

**Use instead** `exists-action="override"`.

**Sources.** https://learn.microsoft.com/azure/api-management/set-header-policy
"""

from __future__ import annotations

import re

from apimpolicy.checks.nodes import type_name
from apimpolicy.checks.rule import Element, Findings, Rule
from apimpolicy.csharp.binding.nodes import Bound, Call, PropertyAccess

IDENTITY = re.compile(r"x-.*(?:user|client|caller|role|principal|subject|tenant|subscription|email|name|scope).*", re.I)
OWN = frozenset(("User", "Subscription", "Certificate", "Product"))


class IdentityHeaderFromCaller(Rule):
    code = "POL334"
    elements = ("set-header",)
    attributes = ("exists-action",)

    def visit_element(self, element: Element) -> Findings:
        name, action = self.literal(element, "name"), self.literal(element, "exists-action")
        if name is None or action not in ("skip", "append") or not IDENTITY.fullmatch(name):
            return
        if self.subject.section_of(element) == "inbound" and self.has_identity(element):
            what = "the caller's value is kept" if action == "skip" else "the caller's value is sent as well"
            message, help = f"callers can send '{name}' themselves", 'Use exists-action="override".'
            yield self.at_value(element, "exists-action", message, label=what, help=help)

    def has_identity(self, element: Element) -> bool:
        """Return whether a value of the header comes from a token, a certificate or the subscription."""
        expressions = (each for value in element.elements() for each in self.subject.expressions_of(value))
        return any(is_identity(node) for expression in expressions for node in expression.compiled.nodes)


def is_identity(node: Bound) -> bool:
    if isinstance(node, PropertyAccess) and node.property.name in OWN:
        return True
    return type_name(node) == "Jwt" or (isinstance(node, Call) and node.method.name in ("AsJwt", "AsBasic"))
