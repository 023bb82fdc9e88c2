"""variable-of-another-type: a variable is cast to a type that it doesn't have.

**What it does.** Compares the values that a document gives to a variable with the type that it is cast to
(`(int)context.Variables["n"]`), or that `GetValueOrDefault` asks for. It reports a cast if all the values are of
another type.

**Why it matters.** A variable holds an object. Casting a `string` to `int` throws even if the text is a number, and so
does casting an `int` to `long`. `set-variable` with a literal sets a string.

**Example**

```xml
<set-variable name="limit" value="10" />
<when condition="@((int)context.Variables["limit"] > 5)">
```

**Use instead**

```xml
<set-variable name="limit" value="@(10)" />
```

**Sources.** https://learn.microsoft.com/azure/api-management/api-management-policy-expressions#ContextVariables,
https://learn.microsoft.com/azure/api-management/set-variable-policy
"""

from __future__ import annotations

from apimpolicy.checks.rule import CheckedExpression, Findings, Rule
from apimpolicy.checks.variables import variable_reads

EXACT = frozenset(
    (
        *("bool", "byte", "char", "decimal", "double", "float", "int", "long", "sbyte", "short", "string", "uint"),
        *("ulong", "ushort", "Guid", "DateTime", "TimeSpan"),
    )
)
"""Types that exclude each other."""


class VariableOfAnotherType(Rule):
    code = "POL202"
    needs_all = True
    members = ("Variables",)

    def visit_expression(self, expression: CheckedExpression) -> Findings:
        for read in variable_reads(expression):
            if read.name is None or read.wanted is None:
                continue
            wanted = str(read.wanted).rpartition(".")[2].removesuffix("?")
            variable = self.subject.flow.before(expression.element).variables.get(read.name)
            if variable is None or not variable.types or wanted not in EXACT:
                continue
            held = {name.rpartition(".")[2].removesuffix("?") for name in variable.types}
            if wanted not in held and held <= EXACT:
                found = " or ".join(f"'{name}'" for name in sorted(held))
                message = f"the variable '{read.name}' holds {found}, not '{wanted}'"
                yield self.at_code(expression, read.value, message, label="throws", help=advice(held, wanted))


def advice(held: set[str], wanted: str) -> str:
    if held == {"string"} and wanted not in ("string", "char"):
        return f"Parse it, or set it to an expression of type '{wanted}': a literal in set-variable is a string."
    if wanted == "string":
        return "Call ToString() on it."
    return f"Cast it to '{sorted(held)[0]}' first, then convert it."
