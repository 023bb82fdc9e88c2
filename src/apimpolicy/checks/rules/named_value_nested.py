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

from typing import TYPE_CHECKING

from apimpolicy.checks.rule import Diagnostic, Findings, Rule
from apimpolicy.text.named_values import find_named_values

if TYPE_CHECKING:
    from collections.abc import Mapping


class NamedValueNested(Rule):
    code = "POL217"
    words = ("{{",)

    def finish(self) -> Findings:
        values, written = self.subject.named_values or {}, self.subject.written
        for outer in find_named_values(written.text):
            inner = nested(outer.name, values)
            if inner is not None:
                yield Diagnostic(
                    self.code,
                    f"the value of '{outer.name}' refers to '{inner}', which isn't replaced",
                    written,
                    outer.start,
                    outer.end,
                    severity=self.severity,
                    help="Refer to both of them here.",
                )


def nested(name: str, values: Mapping[str, str]) -> str | None:
    """Return the first known named value to which the value of another one refers."""
    found = (inner.name for inner in find_named_values(values.get(name, "")))
    return next((inner for inner in found if inner != name and inner in values), None)
