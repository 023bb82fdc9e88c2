"""input-parsed-blindly: the caller's input is parsed without handling input that can't be parsed.

**What it does.** Looks for `int.Parse`, `long.Parse`, `double.Parse`, `decimal.Parse`, `bool.Parse`, `Guid.Parse` and
`DateTime.Parse` of a header, a query parameter or the body. Expressions with `try` are left alone.

**Why it matters.** If the input can't be parsed, the expression throws and the caller gets 500 instead of 400.

**Example**

```xml
<set-variable name="page" value="@(int.Parse(context.Request.Url.Query.GetValueOrDefault("page", "1")))" />
```

**Use instead**

```xml
<set-variable name="page" value="@(
    int.TryParse(context.Request.Url.Query.GetValueOrDefault("page"), out var page) ? page : 1)" />
```

**Sources.** https://learn.microsoft.com/dotnet/api/system.int32.tryparse
"""

from __future__ import annotations

from apimpolicy.binding.nodes import Bound, Call, Try
from apimpolicy.checks.messages import caller_inputs, type_name
from apimpolicy.checks.rule import CheckedExpression, Findings, Rule, Severity


class InputParsedBlindly(Rule):
    code = "POL210"
    severity = Severity.INFO
    members = ("Parse",)

    def visit_expression(self, expression: CheckedExpression) -> Findings:
        inputs = set(map(id, caller_inputs(expression)))
        if not inputs or next(expression.of_kind(Try), None) is not None:
            return
        for node in expression.of_kind(Call):
            if node.method.name != "Parse" or not node.method.is_static or not is_plain_value(node):
                continue
            waiting: list[Bound] = list(node.arguments)
            while waiting:
                inner = waiting.pop()
                if id(inner) in inputs:
                    yield self.at_code(
                        expression,
                        node,
                        "this throws if the caller sends something else",
                        help=f"Use {type_name(node)}.TryParse(…, out var value).",
                    )
                    break
                waiting.extend(inner.children())


def is_plain_value(node: Call) -> bool:
    """Return whether a number, a date or the like is parsed."""
    return type_name(node) in (
        "int",
        "long",
        "double",
        "decimal",
        "float",
        "bool",
        "Guid",
        "DateTime",
        "DateTimeOffset",
    )
