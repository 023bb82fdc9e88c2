"""named-value-nested: the value of a named value names another one.

**What it does.** When the named values are known, looks for references to one whose value holds `{{another}}`.

**Why it matters.** Named values are put in once. What a value holds in double braces stays as it is: the policy works
with the text `{{another}}`.

**Example**

```xml
<set-backend-service base-url="{{orders-url}}" />       <!-- orders-url is https://{{host}}/orders -->
```

**Use instead** both where they are needed: `https://{{host}}/{{orders-path}}`.

**Sources.** https://learn.microsoft.com/azure/api-management/api-management-howto-properties
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.checks.rule import Rule
from apimpolicy.diagnostics import Diagnostic
from apimpolicy.text.named_values import find_named_values

if TYPE_CHECKING:
    from collections.abc import Iterator


class NamedValueNested(Rule):
    code = "POL217"

    def finish(self) -> Iterator[Diagnostic]:
        source = self.document.source
        if source.origin is None:
            return
        for inner in find_named_values(source.text):
            start, end = source.original_span(inner.start, inner.end)
            outer = source.origin.text[start:end]
            reference = find_named_values(outer)
            if outer == source.text[inner.start : inner.end] or [r.end - r.start for r in reference] != [len(outer)]:
                continue  # it stands in the file itself and does not exist, or comes from a template
            yield Diagnostic(
                self.code,
                f"the value of {outer} names '{inner.name}', which is not put in",
                source,
                inner.start,
                inner.end,
                severity=self.severity,
                label="stays as it is, with its braces",
                help="Write both names here.",
            )
