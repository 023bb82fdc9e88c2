"""named-value-nested: the value of a named value refers to another named value.

**What it does.** Looks for references to a named value whose value contains `{{another}}`, where the named values are
known and `another` is one of them.

**Why it matters.** Named values are replaced once. A reference inside a value stays as it is, and the policy works
with the text `{{another}}`.

**Example**

```xml
<set-backend-service base-url="{{orders-url}}" />       <!-- orders-url is https://{{host}}/orders -->
```

**Use instead** both of them where they are needed: `https://{{host}}/{{orders-path}}`.

**Sources.** https://learn.microsoft.com/azure/api-management/api-management-howto-properties
"""

from __future__ import annotations

from collections.abc import Mapping

from apimpolicy.checks.rule import Findings, Rule
from apimpolicy.text.named_values import find_named_values


class NamedValueNested(Rule):
    code = "POL217"
    words = ("{{",)

    def finish(self) -> Findings:
        values = self.subject.named_values or {}
        for outer in find_named_values(self.subject.written.text):
            if (inner := nested(outer.name, values)) is not None:
                message = f"the value of '{outer.name}' refers to '{inner}', which isn't replaced"
                yield self.at_file_span(outer.start, outer.end, message, help="Refer to both of them here.")


def nested(name: str, values: Mapping[str, str]) -> str | None:
    """Return the first known named value to which the value of another one refers."""
    found = (inner.name for inner in find_named_values(values.get(name, "")))
    return next((inner for inner in found if inner != name and inner in values), None)
