"""ignored-error-not-checked: the answer of a request whose errors are ignored is read, and may be null.

**What it does.** Looks at `send-request` with `ignore-error="true"` whose response variable is read later without
anybody asking whether it is null.

**Why it matters.** When the request fails the variable is null; the next expression throws, and the caller gets 500,
which `ignore-error` was to prevent.

**Example**

```xml
<send-request mode="new" response-variable-name="user" ignore-error="true">…</send-request>
<set-variable name="name" value="@(((IResponse)context.Variables["user"]).Body.As<string>())" />
```

**Use instead**

```xml
<set-variable name="name" value="@(((IResponse)context.Variables["user"])?.Body.As<string>() ?? "")" />
```

**Sources.** https://learn.microsoft.com/azure/api-management/send-request-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.checks.rule import Rule
from apimpolicy.checks.variables import variable_reads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element


class IgnoredErrorNotChecked(Rule):
    code = "POL411"
    elements = ("send-request",)

    def visit_element(self, element: Element) -> Iterator[Diagnostic]:
        name = self.literal(element, "response-variable-name")
        if name is None or self.literal(element, "ignore-error") != "true":
            return
        reads = [
            (expression, read)
            for expression in self.subject.expressions
            if expression.element.start >= element.end
            for read in variable_reads(expression)
            if read.name == name
        ]
        if any(read.is_checked for _, read in reads):
            return
        for expression, read in reads:
            if read.is_dereferenced:
                yield self.at_code(
                    expression,
                    read.node,
                    f"'{name}' is null when the request failed",
                    label="throws",
                    help="Its errors are ignored: use '?.' or ask for null first.",
                )
                return
