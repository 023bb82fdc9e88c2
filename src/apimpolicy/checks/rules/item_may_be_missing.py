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

from apimpolicy.binding.nodes import ArrayAccess, Bound, Call, Convert, IndexerAccess, PropertyAccess
from apimpolicy.checks.messages import caller_inputs, type_name
from apimpolicy.checks.rule import CheckedExpression, Findings, Rule, Severity

OR_DEFAULT = ("First", "Last", "Single")
"""Methods that throw when there is nothing, and have a form that does not."""


class ItemMayBeMissing(Rule):
    code = "POL212"
    severity = Severity.INFO
    by_default = False
    members = ("Split", "First", "Last", "Single")

    def visit_expression(self, expression: CheckedExpression) -> Findings:
        if next(caller_inputs(expression), None) is None or "Length" in expression.excerpt.text:
            return
        for node in expression.of_kind(ArrayAccess):
            index = node.indexes[0]
            is_piece = isinstance(node.array, Call) and node.array.method.name == "Split"
            if is_piece and index.is_constant and index.constant != 0:
                yield self.at_code(
                    expression,
                    node,
                    "there may be fewer parts",
                    label="throws if there are",
                    help=f"Use .ElementAtOrDefault({index.constant}), and handle null.",
                )
        for call in expression.of_kind(Call):
            pieces = call.receiver if call.receiver is not None else next(iter(call.arguments), None)
            if call.method.name in OR_DEFAULT and is_from_caller(pieces):
                yield self.at_code(
                    expression,
                    call,
                    f"'{call.method.name}' throws if there is no such element",
                    help=f"Use .{call.method.name}OrDefault(), and handle null.",
                )


def is_from_caller(node: Bound | None) -> bool:
    """Return whether a list holds values of headers or parameters, parts of them, or a selection of those."""
    if isinstance(node, PropertyAccess):
        return node.property.name in ("Headers", "Query") and type_name(node.receiver) in ("IRequest", "IUrl")
    if isinstance(node, IndexerAccess):
        return is_from_caller(node.receiver)
    if isinstance(node, Convert):
        return is_from_caller(node.operand)
    if isinstance(node, Call):
        return is_from_caller(node.receiver if node.receiver is not None else next(iter(node.arguments), None))
    return False
