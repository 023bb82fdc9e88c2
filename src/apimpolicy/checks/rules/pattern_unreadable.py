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

from apimpolicy.checks.nodes import is_in_try, text_of, type_name
from apimpolicy.checks.rule import CheckedExpression, Findings, Rule, Severity
from apimpolicy.checks.rules.slow_pattern import patterns_in
from apimpolicy.csharp.binding.nodes import Call, ObjectCreation
from apimpolicy.errors import LimitExceededError, NotSimulatedError


class PatternUnreadable(Rule):
    code = "POL218"
    severity = Severity.ERROR
    members = ("Regex",)

    def visit_expression(self, expression: CheckedExpression) -> Findings:
        for node, pattern in patterns_in(expression):
            text, options = text_of(pattern), options_of(node)
            if text is None or options is None or is_in_try(expression, node):
                continue
            if (error := syntax_error(text, options)) is not None:
                yield self.at_code(expression, pattern, f"the regular expression has a syntax error: {error}")


def options_of(node: Call | ObjectCreation) -> int | None:
    """Return the `RegexOptions`, 0 without any; None when they are computed."""
    given = [argument for argument in node.arguments if type_name(argument) == "RegexOptions"]
    if not given:
        return 0
    value = given[0].constant if given[0].is_constant else None
    return int(value) if isinstance(value, int) else None


def syntax_error(pattern: str, options: int) -> str | None:
    """Return .NET's error for an invalid pattern; None for a valid pattern and if it's unknown."""
    from apimpolicy.csharp.dotnet.exceptions import RegexParseException
    from apimpolicy.csharp.dotnet.regex.translator import Translator

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
