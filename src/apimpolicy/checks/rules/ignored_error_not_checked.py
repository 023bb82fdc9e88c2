"""ignored-error-not-checked: the response of a request whose errors are ignored is used without checking for null.

**What it does.** Looks for `send-request` with `ignore-error="true"` whose response variable is used later, while
nothing checks whether it is null. Expressions with `try` are left alone. Requests of one file that set the same
variable are one finding.

**Why it matters.** If the request fails, the variable is null. The expression that uses it throws and the caller gets
a 500, which `ignore-error` was meant to prevent.

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

from functools import cached_property

from apimpolicy.checks.nodes import is_in_try
from apimpolicy.checks.rule import Element, Findings, Rule
from apimpolicy.checks.variables import variable_reads


class IgnoredErrorNotChecked(Rule):
    code = "POL411"
    fixed_by_null_check = True
    needs_all = True
    elements = ("send-request",)
    attributes = ("ignore-error",)

    @cached_property
    def _requests(self) -> dict[str, list[Element]]:
        """The requests that ignore errors, by the variable that they set."""
        found: dict[str, list[Element]] = {}
        for element in self.subject.elements:
            if element.name in self.elements and self.literal(element, "ignore-error") == "true":
                name = self.literal(element, "response-variable-name")
                found.setdefault(name or "", []).append(element)
        return found

    def visit_element(self, element: Element) -> Findings:
        """Report the first request that sets a variable; further ones are the same mistake."""
        name = self.literal(element, "response-variable-name")
        if name is None or element is not next(iter(self._requests.get(name, ())), None):
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
        others = len(self._requests[name]) - 1
        for expression, read in reads:
            if read.is_dereferenced and not is_in_try(expression, read.node):
                message = f"'{name}' is null if the request failed"
                help = "The request ignores errors. Use '?.', or check for null first."
                if others:
                    help += f" {others:,} other request{'s' if others > 1 else ''} of this file may set it to null."
                yield self.at_code(expression, read.node, message, label="throws", help=help)
                return
