"""pattern-unreadable: a regular expression has a syntax error.

**What it does.** Parses the literal patterns of `Regex` as .NET does. Expressions with `try` are left alone.

**Why it matters.** Azure saves the policy, and every request that gets there fails.

**Example**

```xml
<when condition="@(Regex.IsMatch(context.Request.Url.Path, @"^/orders/(\\d+$"))">
```

**Use instead**

```xml
<when condition="@(Regex.IsMatch(context.Request.Url.Path, @"^/orders/(\\d+)$"))">
```

**Evidence.** .NET throws an ArgumentException for the pattern whenever it is used.

**Sources.** https://learn.microsoft.com/dotnet/standard/base-types/regular-expression-language-quick-reference
"""

from __future__ import annotations

import contextlib

from apimpolicy.binding.nodes import Call, ObjectCreation, Try
from apimpolicy.checks.messages import type_name
from apimpolicy.checks.rule import CheckedExpression, Findings, Rule, Severity
from apimpolicy.checks.rules.slow_pattern import is_about_patterns, is_pattern


class PatternUnreadable(Rule):
    code = "POL218"
    severity = Severity.ERROR
    members = ("Regex",)

    def visit_expression(self, expression: CheckedExpression) -> Findings:
        for node in expression.compiled.nodes:
            if not isinstance(node, (Call, ObjectCreation)) or not is_about_patterns(node):
                continue
            if any(isinstance(around, Try) for around in expression.ancestors(node)):
                continue
            pattern = next((argument for argument in node.arguments if is_pattern(node, argument)), None)
            text = pattern.constant if pattern is not None and pattern.is_constant else None
            options = options_of(node)
            if pattern is None or not isinstance(text, str) or options is None:
                continue
            if (mistake := mistake_in(text, options)) is not None:
                yield self.at_code(expression, pattern, f"the regular expression has a syntax error: {mistake}")


def options_of(node: Call | ObjectCreation) -> int | None:
    """Return the `RegexOptions`, 0 without any; None when they are computed."""
    given = [argument for argument in node.arguments if type_name(argument) == "RegexOptions"]
    if not given:
        return 0
    value = given[0].constant if given[0].is_constant else None
    return int(value) if isinstance(value, int) else None


def mistake_in(pattern: str, options: int) -> str | None:
    """Return .NET's error for an invalid pattern; None for a valid pattern and if it's unknown."""
    from apimpolicy.dotnet.exceptions import RegexParseException
    from apimpolicy.dotnet.regex.translator import Translator
    from apimpolicy.errors import LimitExceededError, NotSimulatedError

    try:
        counted = Translator(pattern, options, None)
        with contextlib.suppress(RegexParseException):
            counted.run()
        Translator(pattern, options, counted.assign_names()).run()
    except RegexParseException as error:
        return str(error.message).rpartition("' at offset ")[2].partition(". ")[2] or str(error.message)
    except (LimitExceededError, NotSimulatedError, RecursionError):
        pass
    return None
