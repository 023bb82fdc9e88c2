"""result-of-another-type: an expression gives something that the attribute cannot take.

**What it does.** Compares the static type of an expression with what its attribute is: a condition that gives a
number or a date, a number that gives a truth value or a date.

**Why it matters.** The value cannot be converted; the policy fails whenever it is reached, and the caller gets 500.

**Example**

```xml
<when condition="@(context.Request.Headers.Count)">
```

**Use instead**

```xml
<when condition="@(context.Request.Headers.Count > 0)">
```

**Sources.** https://learn.microsoft.com/azure/api-management/api-management-policy-expressions
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.checks.rule import Rule
from apimpolicy.policies.conversions import boolean, integer, long_integer, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.checks.expressions import CheckedExpression
    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element


NUMBERS = ("sbyte", "byte", "short", "ushort", "int", "uint", "long", "ulong", "float", "double", "decimal")
OTHERS = ("char", "DateTime", "DateTimeOffset", "TimeSpan", "Guid", "XElement", "XDocument", "IResponse", "IRequest")
NEVER_TRUTH = frozenset((*NUMBERS, *OTHERS))
NEVER_NUMBER = frozenset(("bool", *OTHERS))


class ResultOfAnotherType(Rule):
    code = "POL214"

    def visit_expression(self, expression: CheckedExpression) -> Iterator[Diagnostic]:
        attribute, bound = expression.attribute, expression.compiled.bound
        if attribute is None or bound is None or attribute.value.expression is None:
            return
        wanted = self.wanted(expression.element, attribute.name)
        types = {str(type_).rpartition(".")[2].removesuffix("?") for type_ in bound.return_types or (bound.type,)}
        never = NEVER_TRUTH if wanted == "a truth value" else NEVER_NUMBER if wanted else frozenset()
        if types and types <= never:
            found = " or ".join(sorted(types))
            yield self.at_code(
                expression,
                bound.body,
                f"'{attribute.name}' of '{expression.element.name}' is {wanted}, and this gives '{found}'",
                label="fails whenever it is reached",
            )

    def wanted(self, element: Element, name: str) -> str:
        """What the attribute is: `a truth value`, `a number`, or empty for anything."""
        specification = self.subject.specification_of(element)
        for slot in specification.attributes if specification is not None else ():
            if slot.name == name:
                if slot.convert is boolean:
                    return "a truth value"
                return "a number" if slot.convert in (integer, long_integer, number) else ""
        return ""
