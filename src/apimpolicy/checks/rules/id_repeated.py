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

WRITTEN_BY_AZURE = "apim-generated-policy"


class IdRepeated(Rule):
    code = "POL131"
    severity = Severity.INFO
    attributes = ("id",)

    def finish(self) -> Findings:
        seen: set[str] = set()
        for element in self.subject.elements:
            value = self.literal(element, "id")
            if value in (None, WRITTEN_BY_AZURE) or element.name in ("api", "operation"):
                continue
            if value in seen and self.subject.is_policy(element):
                message = f"another policy has the same id '{value}'"
                yield self.at_value(element, "id", message, help="Give each policy its own id.")
            elif value is not None and self.subject.is_policy(element):
                seen.add(value)
