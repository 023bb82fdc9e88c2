"""id-repeated: two policies have the same id.

**What it does.** Looks for policies in one document with the same literal `id`. Azure itself writes
`apim-generated-policy` several times for APIs that it imports from other services; that id doesn't count.

**Why it matters.** `context.LastError.PolicyId` and traces identify policies by `id` and can't tell the two apart.

**Example**

```xml
<set-variable id="step" name="a" value="1" />
<set-variable id="step" name="b" value="2" />
```

**Use instead** a different id for each.

**Sources.** https://learn.microsoft.com/azure/api-management/api-management-error-handling-policies
"""

from __future__ import annotations

from apimpolicy.checks.rule import Findings, Rule, Severity

WRITTEN_BY_AZURE = ("apim-generated-policy",)


class IdRepeated(Rule):
    code = "POL131"
    severity = Severity.INFO
    attributes = ("id",)

    def finish(self) -> Findings:
        seen: set[str] = set()
        for element in self.subject.elements:
            attribute = element.get("id")
            if attribute is None or element.name in ("api", "operation") or not self.subject.is_policy(element):
                continue
            value = self.literal(element, "id")
            if value in WRITTEN_BY_AZURE:
                continue
            if value is not None and value in seen:
                yield self.at_value(
                    element, attribute, f"another policy has the same id '{value}'", help="Give each policy its own id."
                )
            elif value is not None:
                seen.add(value)
