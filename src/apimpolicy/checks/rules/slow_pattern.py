"""slow-pattern: a regular expression may take very long.

**What it does.** Looks for literal patterns of `Regex` with a repetition inside a repetition (`(a+)+`, `(.*)*`), and
for patterns that come from the caller.

**Why it matters.** For a text that almost matches, the work doubles with every character. A single request can keep
the gateway busy for minutes, and no time limit is documented.

**Example**

```xml
<when condition="@(Regex.IsMatch(context.Request.Url.Path, "^(/[a-z]+)+$"))">
```

**Use instead** a pattern without a repetition inside another, or `StartsWith`, `Contains`, `Split`.

**Sources.** https://learn.microsoft.com/dotnet/standard/base-types/best-practices-regex,
https://owasp.org/www-community/attacks/Regular_expression_Denial_of_Service_-_ReDoS
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from apimpolicy.checks.nodes import caller_inputs, text_of, type_name
from apimpolicy.checks.rule import CheckedExpression, Findings, Rule
from apimpolicy.csharp.binding.nodes import Call, Expression, ObjectCreation

REPEATED_GROUP = re.compile(r"\(((?:[^()\\]++|\\.)*+)\)[+*{]")
"""A group without others in it, and the beginning of its repetition."""
ITEM = re.compile(r"\\.|[^\\]")


class SlowPattern(Rule):
    code = "POL211"
    members = ("Regex",)

    def visit_expression(self, expression: CheckedExpression) -> Findings:
        for _, pattern in patterns_in(expression):
            text = text_of(pattern)
            if text is None:
                inputs = caller_inputs(expression)
                if any(around is pattern for found in inputs for around in expression.ancestors(found)):
                    message = "the pattern comes from the caller"
                    yield self.at_code(expression, pattern, message, help="Use patterns of your own.")
            elif any(_ends_in_repetition(group[1]) for group in REPEATED_GROUP.finditer(text)):
                yield self.at_code(
                    expression,
                    pattern,
                    "this pattern has a repetition inside a repetition",
                    label="a text that almost matches takes very long",
                    help="Remove the inner or the outer repetition.",
                )


def _ends_in_repetition(group: str) -> bool:
    """Return whether a repeated group ends in a repetition itself: the classic slow pattern, not every one."""
    items = ITEM.findall(group)
    return len(items) > 1 and items[-1] in ("+", "*") and items[-2] != "["


def patterns_in(expression: CheckedExpression) -> Iterator[tuple[Call | ObjectCreation, Expression]]:
    """Yield the uses of Regex with their patterns: the second text of a static method, the first of the constructor."""
    for node in expression.compiled.nodes:
        position = None
        if isinstance(node, ObjectCreation) and type_name(node) == "Regex":
            position = 0
        elif isinstance(node, Call) and node.method.is_static and str(node.method.container).endswith(".Regex"):
            position = 1
        if isinstance(node, (Call, ObjectCreation)) and position is not None and position < len(node.arguments):
            pattern = node.arguments[position]
            if type_name(pattern) == "string":
                yield node, pattern
