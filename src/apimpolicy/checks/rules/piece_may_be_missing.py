"""piece-may-be-missing: a piece of the caller's text is taken that may not be there.

**What it does.** Looks for `Split(…)[1]`, `.First()` and `.Single()` on headers, query parameters and their pieces,
when nothing before in the expression asks for the length. Off by default: many policies know their callers.

**Why it matters.** When the piece is missing the expression throws, and the caller gets 500 instead of 400.

**Example**

```xml
<set-variable name="token" value="@(context.Request.Headers.GetValueOrDefault("Authorization", "").Split(' ')[1])" />
```

**Use instead**

```xml
<set-variable name="token" value="@(
    context.Request.Headers.GetValueOrDefault("Authorization", "").Split(' ').ElementAtOrDefault(1) ?? "")" />
```

**Sources.** https://learn.microsoft.com/dotnet/api/system.linq.enumerable.elementatordefault
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding.nodes import ArrayAccess, Call
from apimpolicy.checks.messages import caller_inputs
from apimpolicy.checks.rule import Rule
from apimpolicy.diagnostics import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.checks.expressions import CheckedExpression
    from apimpolicy.diagnostics import Diagnostic


class PieceMayBeMissing(Rule):
    code = "POL212"
    severity = Severity.INFO
    by_default = False

    def visit_expression(self, expression: CheckedExpression) -> Iterator[Diagnostic]:
        if next(caller_inputs(expression), None) is None or ".Length" in expression.excerpt.text:
            return
        for node in expression.of_kind(ArrayAccess):
            array = node.array
            index = node.indexes[0]
            if isinstance(array, Call) and array.method.name == "Split" and index.is_constant and index.constant != 0:
                yield self.at_code(
                    expression,
                    node,
                    "there may be fewer pieces",
                    label="throws then",
                    help=f"Use .ElementAtOrDefault({index.constant}) and say what counts when it is null.",
                )
