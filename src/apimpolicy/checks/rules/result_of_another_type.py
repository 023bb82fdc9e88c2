"""result-of-another-type: an expression returns a type that its attribute doesn't take.

**What it does.** Compares the type that an expression returns with the type that its attribute needs. A condition
needs a `bool`, a count or a status code an `int`, a time in seconds a number, a token quota a `long`.

**Why it matters.** The gateway compiles the expression for that type and refuses the policy: `Cannot implicitly
convert type 'string' to 'bool'`.

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
from apimpolicy.diagnostics import Severity
from apimpolicy.policies.conversions import boolean, integer, long_integer, number
from apimpolicy.text.named_values import find_named_values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.checks.expressions import CheckedExpression
    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element


SMALL = frozenset(("sbyte", "byte", "short", "ushort", "char", "int"))
"""Types with an implicit conversion to int."""
WHOLE = SMALL | {"uint", "long", "ulong"}
NUMBERS = WHOLE | {"float", "double", "decimal"}
TAKEN: dict[object, tuple[str, frozenset[str]]] = {
    boolean: ("a bool", frozenset(("bool",))),
    integer: ("an int", SMALL),
    number: ("a number", NUMBERS),
}
"""What an attribute needs, by its conversion: in words, and the types that it takes."""
LONGS: dict[str, tuple[str, frozenset[str]]] = {"token-quota": ("a long", frozenset(("long",)))}
"""The gateway refuses an int here: `Expression return type 'System.Int32' is not allowed`."""
UNKNOWN = ("dynamic", "?", "")


class ResultOfAnotherType(Rule):
    code = "POL214"
    severity = Severity.ERROR

    def visit_expression(self, expression: CheckedExpression) -> Iterator[Diagnostic]:
        attribute, bound = expression.attribute, expression.compiled.bound
        if attribute is None or bound is None or attribute.value.expression is None:
            return
        wanted = self.wanted(expression.element, attribute.name)
        if wanted is None or find_named_values(attribute.value.raw):  # what a named value stands for is not known
            return
        words, taken = wanted
        types = [str(type_) for type_ in bound.return_types or (bound.type,)]
        wrong = [name for name in types if name.rpartition(".")[2] not in taken]
        if wrong and not any(name in UNKNOWN for name in types):
            found = " or ".join(sorted({f"'{name.rpartition('.')[2]}'" for name in wrong}))
            yield self.at_code(
                expression,
                bound.body,
                f"'{attribute.name}' must be {words}, but this expression returns {found}",
                help=HELP.get(words, "") if "bool?" not in found else "Add '?? false', or '== true'.",
            )

    def wanted(self, element: Element, name: str) -> tuple[str, frozenset[str]] | None:
        """What the attribute needs; None when anything will do."""
        specification = self.subject.specification_of(element)
        for slot in specification.attributes if specification is not None else ():
            if slot.name == name and slot.expression:
                return LONGS.get(name) if slot.convert is long_integer else TAKEN.get(slot.convert)
        return None


HELP = {
    "a bool": "Compare it with something, or cast it.",
    "an int": "Convert it with int.Parse or Convert.ToInt32, or cast it.",
    "a long": "Write a long: 1000L, or (long)….",
}
