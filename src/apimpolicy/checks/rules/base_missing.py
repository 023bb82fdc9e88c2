"""base-missing: a section doesn't run the policies of the wider scopes.

**What it does.** Looks for sections without `<base />` where the document's scope is known and isn't the global one. A
backend section that forwards or answers the request itself is fine: it can't contain `<base />` as well. So is an
outbound section of a document that streams (`buffer-response="false"`): policies of wider scopes could buffer it. After
an inbound section that always responds itself, backend and outbound don't run.

**Why it matters.** Without `<base />` the policies of the product, the API and the whole service don't run, and with
them authentication, limits and logging that others rely on.

**Example**

```xml
<inbound>
    <set-header name="X-Trace"><value>1</value></set-header>
</inbound>
```

**Use instead**

```xml
<inbound>
    <base />
    <set-header name="X-Trace"><value>1</value></set-header>
</inbound>
```

**Sources.** https://learn.microsoft.com/azure/api-management/api-management-howto-policies
"""

from __future__ import annotations

from apimpolicy.checks.rule import Element, Findings, Rule
from apimpolicy.checks.rules.backend_does_not_forward import may_answer
from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.gateway.policies.spec import SECTIONS


class BaseMissing(Rule):
    code = "POL127"
    known = ("scope",)

    def finish(self) -> Findings:
        if self.settings.scope in (None, "global"):
            return
        for root in self.document.roots:
            skipped = {"outbound"} if is_streaming(root) else set()
            if responds(root):
                skipped |= {"backend", "outbound"}
            for section in root.elements() if root.name == "policies" else ():
                if section.name in skipped:
                    continue
                if section.name in SECTIONS and not any(
                    element.name == "base" or (section.name == "backend" and may_answer(element))
                    for element in section.descendants()
                ):
                    message = f"the policies of the wider scopes don't run in '{section.name}'"
                    help = "Add <base />, or explain in a suppression why they shouldn't run."
                    yield self.at_element(section, message, help=help)


def responds(root: Element) -> bool:
    """Return whether the inbound section always ends the request."""
    sections = (section for section in root.elements() if section.name == "inbound")
    return any(has_trait(element.name, "terminates") for section in sections for element in section.elements())


def is_streaming(root: Element) -> bool:
    """Return whether the document passes the response on while the backend still sends it."""
    return any(
        attribute.name == "buffer-response" and attribute.value.text.strip() == "false"
        for element in root.descendants()
        for attribute in element.attributes
    )
