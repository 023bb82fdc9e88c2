"""variable-never-set: a variable is read that hasn't been set.

**What it does.** Looks for `context.Variables["name"]` where no policy of the document can have set the variable.
After `<base />` or an unknown fragment, any variable may be set; then only a name is reported that differs in its case
from one that the document sets. Variables that are tested with `ContainsKey` are left alone.

**Why it matters.** Reading a variable that isn't set throws, and the caller gets 500. Names are case-sensitive.

**Example**

```xml
<set-variable name="userId" value="@(context.User.Id)" />
<set-header name="X-User"><value>@((string)context.Variables["userid"])</value></set-header>
```

**Use instead** the same name, or `context.Variables.GetValueOrDefault<string>("userId")`.

**Sources.** https://learn.microsoft.com/azure/api-management/api-management-policy-expressions#ContextVariables
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.checks.rule import Rule
from apimpolicy.checks.variables import variable_reads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.checks.expressions import CheckedExpression
    from apimpolicy.checks.flow import State
    from apimpolicy.diagnostics import Diagnostic


class VariableNeverSet(Rule):
    code = "POL201"

    def visit_expression(self, expression: CheckedExpression) -> Iterator[Diagnostic]:
        reads = variable_reads(expression)
        asked = {read.name for read in reads if read.how == "question"}
        for read in reads:
            if (
                read.how != "index"
                or read.name is None
                or read.name in asked
                or read.name in self.asked_before(expression)
            ):
                continue
            state = self.subject.flow.before(expression.element)
            if read.name in state.variables or (near := self.nearest(read.name, state)) is None:
                continue
            yield self.at_code(
                expression,
                read.node,
                f"the variable '{read.name}' hasn't been set",
                label=f"did you mean '{near}'?" if near else "throws",
                help="" if near else "Set it first, or use context.Variables.GetValueOrDefault.",
            )

    def nearest(self, name: str, state: State) -> str | None:
        """A name that was meant; empty if nothing can have set the variable; None if something may have."""
        known = list(state.variables)
        for other in known:
            if other.lower() == name.lower():
                return other
        if state.is_open:
            return None
        from difflib import get_close_matches

        return next(iter(get_close_matches(name[:64], known, 1, 0.8)), "")

    def asked_before(self, expression: CheckedExpression) -> set[str | None]:
        """The variables for which a condition around the expression asks."""
        found: set[str | None] = set()
        element = expression.element
        while element is not None:
            if element.name in ("when", "otherwise", "choose"):
                for branch in (element.parent or element).elements():
                    for condition in self.subject.expressions_of(branch):
                        found |= {read.name for read in variable_reads(condition) if read.how == "question"}
            if element.parent is None:
                break
            element = element.parent
        return found
