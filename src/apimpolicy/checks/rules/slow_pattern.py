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
from typing import TYPE_CHECKING

from apimpolicy.binding.nodes import Call, Expression, ObjectCreation
from apimpolicy.checks.messages import caller_inputs, type_name
from apimpolicy.checks.rule import CheckedExpression, Findings, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator


REPEATED_GROUP = re.compile(r"\(((?:[^()\\]++|\\.)*+)\)[+*{]")
"""A group without others in it, and the beginning of its repetition."""
ITEM = re.compile(r"\\.|[^\\]")


class SlowPattern(Rule):
    code = "POL211"
    members = ("Regex",)

    def visit_expression(self, expression: CheckedExpression) -> Findings:
        for node in expression.compiled.nodes:
            if not isinstance(node, (Call, ObjectCreation)) or not is_about_patterns(node):
                continue
            pattern = next((argument for argument in node.arguments if is_pattern(node, argument)), None)
            if pattern is None:
                continue
            text = pattern.constant if pattern.is_constant else None
            if isinstance(text, str):
                if any(_ends_in_repetition(group[1]) for group in REPEATED_GROUP.finditer(text)):
                    yield self.at_code(
                        expression,
                        pattern,
                        "this pattern has a repetition inside a repetition",
                        label="a text that almost matches takes very long",
                        help="Remove the inner or the outer repetition.",
                    )
            elif any(found is pattern for found in inputs_in(expression, pattern)):
                yield self.at_code(
                    expression, pattern, "the pattern comes from the caller", help="Use patterns of your own."
                )


def _ends_in_repetition(group: str) -> bool:
    """Return whether what is repeated ends in a repetition itself: the classic slow pattern, not every one."""
    items = ITEM.findall(group)
    return len(items) > 1 and items[-1] in ("+", "*") and items[-2] != "["


def is_about_patterns(node: Call | ObjectCreation) -> bool:
    """Return whether this is a member of Regex that takes a pattern."""
    if isinstance(node, ObjectCreation):
        return type_name(node) == "Regex"
    return node.method.is_static and str(node.method.container).endswith(".Regex")


def is_pattern(node: Call | ObjectCreation, argument: Expression) -> bool:
    """Return whether this argument is the pattern: the second text of a static method, the first of the constructor."""
    position = next(index for index, found in enumerate(node.arguments) if found is argument)
    return position == (0 if isinstance(node, ObjectCreation) else 1) and type_name(argument) == "string"


def inputs_in(expression: CheckedExpression, node: Expression) -> Iterator[Expression]:
    """Yield the node itself when it reads what the caller writes."""
    for found in caller_inputs(expression):
        if any(around is node for around in expression.ancestors(found)):
            yield node
