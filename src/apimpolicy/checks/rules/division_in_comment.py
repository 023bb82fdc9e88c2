"""division-in-comment: `//` in front of a number starts a comment, so nothing is divided.

**What it does.** Looks for expressions of one line whose value is a number and that end with `// …`, where a number
follows: `@(a // b)`.

**Why it matters.** Python and SQL dialects divide whole numbers with `//`. In C# it starts a comment, and the value is
the text before it.

**Example**

```xml
<set-variable name="class" value="@(context.Response.StatusCode // 100)" />
```

**Use instead** `@(context.Response.StatusCode / 100)`: the quotient of two integers is an integer.

**Sources.** The C# specification, section 6.3.3 (Comments).
"""

from __future__ import annotations

from apimpolicy.checks.rule import CheckedExpression, Diagnostic, Findings, Rule
from apimpolicy.csharp.binding import bind
from apimpolicy.csharp.binding.bind import BoundExpression
from apimpolicy.csharp.binding.nodes import Expression
from apimpolicy.csharp.binding.type_relations import NUMERIC
from apimpolicy.errors import PolicySyntaxError
from apimpolicy.text.source import Excerpt


class DivisionInComment(Rule):
    code = "POL219"
    words = (" //", ")//")

    def visit_expression(self, expression: CheckedExpression) -> Findings:
        text, bound = expression.excerpt.text, expression.compiled.bound
        if "//" not in text or "\n" in text or not _is_number(bound):
            return
        before, _, after = text.rpartition("//")
        if _is_number(_bind(f"@({after}")) and _is_number(_bind(f"{before})")):
            yield Diagnostic.within(
                expression.excerpt,
                len(before),
                len(text) - 1,
                self.code,
                f"this is a comment, so the value is {before[2:].strip()}",
                severity=self.severity,
                help="Divide integers with one '/'.",
            )


def _is_number(bound: BoundExpression | None) -> bool:
    if bound is None or bound.diagnostics or not isinstance(bound.body, Expression):
        return False
    return bound.type in NUMERIC


def _bind(code: str) -> BoundExpression | None:
    from apimpolicy.csharp.syntax.parser import parse

    excerpt = Excerpt.of(code)
    try:
        return bind(parse(excerpt), excerpt)
    except PolicySyntaxError:
        return None
