"""request-change-unused: the request is changed although the next policy answers it.

**What it does.** Looks in `inbound` for policies that change the request (`set-header`, `set-body`, `set-method`,
`set-query-parameter`, `rewrite-uri`, `set-backend-service`) and that `return-response` follows in the same sequence.
They are left alone if an expression in between, or in `return-response`, reads what was changed.

**Why it matters.** In `inbound` these policies change the request, and `return-response` means that it is never sent.
Most often the header or the body was meant for the response.

**Example**

```xml
<set-header name="Retry-After" exists-action="override"><value>60</value></set-header>
<return-response>
    <set-status code="503" reason="Service Unavailable" />
</return-response>
```

**Use instead**

```xml
<return-response>
    <set-status code="503" reason="Service Unavailable" />
    <set-header name="Retry-After" exists-action="override"><value>60</value></set-header>
</return-response>
```

**Sources.** https://learn.microsoft.com/azure/api-management/return-response-policy,
https://learn.microsoft.com/azure/api-management/set-header-policy
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property

from apimpolicy.checks.nodes import type_name
from apimpolicy.checks.rule import Element, Findings, Rule
from apimpolicy.csharp.binding.nodes import PropertyAccess
from apimpolicy.gateway.policies.registry import has_trait

CHANGED = {"routes": "Url", "sets-method": "Method", "sets-header": "Headers", "replaces-body": "Body"}
"""The member of `context.Request` that a policy with the trait changes."""


class RequestChangeUnused(Rule):
    code = "POL441"
    traits = ("composes",)

    def visit_element(self, element: Element) -> Findings:
        if element.parent is None or self.subject.section_of(element) != "inbound":
            return
        read = self.members_read(element)
        found: list[Element] = []
        for other in self.before(element, element.parent):
            changed = {member for trait, member in CHANGED.items() if has_trait(other.name, trait)}
            if changed:
                if changed.isdisjoint(read):
                    found.append(other)
            elif not has_trait(other.name, "sets-variable", "sets-status", "logs"):
                break
            read |= self.members_read(other)
        for other in reversed(found):
            message = f"'{other.name}' changes a request that '{element.name}' never sends"
            help = f"Move it into '{element.name}' if it is meant for the response, or remove it."
            yield self.at_element(other, message, help=help)

    @cached_property
    def _children(self) -> dict[int, list[Element]]:
        """The child elements of an element by its `id`."""
        return {}

    def before(self, element: Element, parent: Element) -> Iterator[Element]:
        """Yield the elements before one in its parent, nearest first."""
        if id(parent) not in self._children:
            self._children[id(parent)] = list(parent.elements())
        children = self._children[id(parent)]
        for index in range(bisect_left(children, element.start, key=lambda child: child.start) - 1, -1, -1):
            yield children[index]

    def members_read(self, element: Element) -> set[str]:
        """Return the members of requests that the expressions of a policy read, in its child elements too."""
        return {
            node.property.name
            for below in element.descendants()
            for expression in self.subject.expressions_of(below)
            for node in expression.of_kind(PropertyAccess)
            if type_name(node.receiver) == "IRequest"
        }
