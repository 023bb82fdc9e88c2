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

from apimpolicy.checks.nodes import caller_inputs, type_name
from apimpolicy.checks.rule import CheckedExpression, Findings, Rule, Severity
from apimpolicy.csharp.binding.nodes import Call, Try

PLAIN = frozenset(["int", "long", "double", "decimal", "float", "bool", "Guid", "DateTime", "DateTimeOffset"])


class InputParsedBlindly(Rule):
    code = "POL210"
    severity = Severity.INFO
    members = ("Parse",)

    def visit_expression(self, expression: CheckedExpression) -> Findings:
        if next(expression.of_kind(Try), None) is not None:
            return
        parsing = {id(around) for found in caller_inputs(expression) for around in expression.ancestors(found)}
        for node in expression.of_kind(Call):
            is_parse = node.method.name == "Parse" and node.method.is_static and type_name(node) in PLAIN
            if is_parse and id(node) in parsing:
                message = "this throws if the caller sends something else"
                yield self.at_code(expression, node, message, help=f"Use {type_name(node)}.TryParse(…, out var value).")
