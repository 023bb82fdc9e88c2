"""policy-without-effect: a policy changes the request after the backend has answered.

**What it does.** Looks in `outbound` and `on-error` for policies that change where the request goes, its method or its
credentials: `set-backend-service`, `rewrite-uri`, `set-query-parameter`, `set-method`, and
`authentication-managed-identity` without an output variable. They are left alone if a later policy of the section sends
the request again, copies it (`mode="copy"`), or reads what was changed.

**Why it matters.** The request has already been sent. The policy runs, but nothing uses what it changes.

**Example**

```xml
<outbound>
    <base />
    <set-backend-service base-url="https://orders-v2.contoso.example" />
</outbound>
```

**Use instead**

```xml
<inbound>
    <base />
    <set-backend-service base-url="https://orders-v2.contoso.example" />
</inbound>
```

**Sources.** https://learn.microsoft.com/azure/api-management/set-backend-service-policy,
https://learn.microsoft.com/azure/api-management/api-management-howto-policies#understanding-policy-configuration
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property

from apimpolicy.checks.nodes import is_property
from apimpolicy.checks.rule import Element, Findings, Rule
from apimpolicy.csharp.binding.nodes import PropertyAccess
from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.text.source import is_unknown

CHANGED = {"routes": "Url", "sets-method": "Method", "acquires-token": "Headers"}
"""The member of `context.Request` that a policy with the trait changes."""


class PolicyWithoutEffect(Rule):
    code = "POL440"
    traits = ("routes", "sets-method", "acquires-token")

    def visit_element(self, element: Element) -> Findings:
        section = self.subject.section_of(element)
        specification = self.subject.specification_of(element)
        if (
            section not in ("outbound", "on-error")
            or specification is None
            or self.subject.nearest_with(element.parent, "requests", "composes")
            or section not in specification.known_sections  # POL106 reports it
            or any(attribute.name.endswith("-variable-name") for attribute in element.attributes)
        ):
            return
        changed = frozenset(member for trait, member in CHANGED.items() if has_trait(element.name, trait))
        if not self.is_used(element, section, changed):
            where = "after the backend has answered" if section == "outbound" else "when the request has failed"
            message = f"'{element.name}' has no effect here: '{section}' runs {where}"
            yield self.at_element(element, message, help="Move it to 'inbound', or remove it.")

    @cached_property
    def _uses(self) -> dict[tuple[str, frozenset[str]], list[int]]:
        """The offsets where each section uses a change, in document order."""
        return {}

    def is_used(self, element: Element, section: str, changed: frozenset[str]) -> bool:
        """Return whether a later policy of the section uses the change, or an earlier one that is run again."""
        if (section, changed) not in self._uses:
            self._uses[section, changed] = [
                other.start
                for other in self.subject.elements
                if self.uses(other, changed) and self.subject.section_of(other) == section
            ]
        uses = self._uses[section, changed]
        loops = [around for around in element.ancestors() if has_trait(around.name, "repeats")]
        return bisect_right(uses, (loops or [element])[-1].start) < len(uses)

    def uses(self, other: Element, changed: frozenset[str]) -> bool:
        """Return whether a policy sends the changed request, or reads one of the changed members."""
        mode = self.literal(other, "mode") or ""
        may_copy = has_trait(other.name, "requests") and other.get("mode") is not None and mode.lower() != "new"
        if has_trait(other.name, "forwards", "forwards-elsewhere") or may_copy or is_unknown(other.name):
            return True
        return any(
            is_property(node, ("IRequest",), *changed)
            for expression in self.subject.expressions_of(other)
            for node in expression.of_kind(PropertyAccess)
        )
