"""item-may-be-missing: a part of the caller's input is used that may be missing.

**What it does.** Looks for `Split(…)[1]`, `.First()`, `.Last()` and `.Single()` on headers, query parameters and parts
of them, in expressions that don't check the length. Off by default, because many policies know their callers.

**Why it matters.** If the part is missing, the expression throws and the caller gets 500 instead of 400.

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

from apimpolicy.checks.nodes import caller_inputs, is_property, receiver_of, unconverted
from apimpolicy.checks.rule import CheckedExpression, Findings, Rule, Severity
from apimpolicy.csharp.binding.nodes import ArrayAccess, Bound, Call, Convert, IndexerAccess

OR_DEFAULT = ("First", "Last", "Single")
"""Methods that throw when there is nothing, and have a form that does not."""


class ItemMayBeMissing(Rule):
    code = "POL212"
    severity = Severity.INFO
    by_default = False
    members = ("Split", *OR_DEFAULT)

    def visit_expression(self, expression: CheckedExpression) -> Findings:
        if next(caller_inputs(expression), None) is None or "Length" in expression.excerpt.text:
            return
        for node in expression.of_kind(ArrayAccess):
            index = node.indexes[0]
            is_part = isinstance(node.array, Call) and node.array.method.name == "Split"
            if is_part and index.is_constant and index.constant != 0:
                help = f"Use .ElementAtOrDefault({index.constant}), and handle null."
                message = "there may be fewer parts"
                yield self.at_code(expression, node, message, label="throws if there are", help=help)
        for call in expression.of_kind(Call):
            name = call.method.name
            if name in OR_DEFAULT and is_from_caller(receiver_of(call)[0]):
                message = f"'{name}' throws if there is no such element"
                yield self.at_code(expression, call, message, help=f"Use .{name}OrDefault(), and handle null.")


def is_from_caller(node: Bound | None) -> bool:
    """Return whether a list holds values of headers or parameters, parts of them, or a selection of those."""
    if isinstance(node, Convert):
        node = unconverted(node)
    if isinstance(node, (Call, IndexerAccess)):
        return is_from_caller(receiver_of(node)[0] if isinstance(node, Call) else node.receiver)
    return is_property(node, ("IRequest", "IUrl"), "Headers", "Query")
