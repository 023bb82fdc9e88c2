"""result-of-another-type: an expression returns a type that its attribute doesn't take.

**What it does.** Compares the type that an expression returns with the type that its attribute needs: a `bool` for a
condition, an `int` for a count or a status code, a number for a time in seconds, a `long` for a token quota. It
reports only types that can't be converted. A `bool?` is a warning, because null isn't a condition.

**Why it matters.** Azure refuses the policy (`Cannot implicitly convert type 'string' to 'long'`), or every request
that gets there fails.

**Example**

```xml
<when condition="@(context.Request.Headers.Count)">
```

**Use instead**

```xml
<when condition="@(context.Request.Headers.Count > 0)">
```

**Evidence.** Gateways answered `Cannot implicitly convert type 'string' to 'long'` and `Expression return type
'System.Int32' is not allowed` (September 2026).

**Sources.** https://learn.microsoft.com/azure/api-management/api-management-policy-expressions
"""

from __future__ import annotations

from apimpolicy.checks.rule import CheckedExpression, Element, Findings, Rule, Severity
from apimpolicy.gateway.policies.conversions import boolean, integer, long_integer, number
from apimpolicy.text.named_values import find_named_values

NUMBERS = frozenset(["sbyte", "byte", "short", "ushort", "int", "uint", "long", "ulong", "float", "double", "decimal"])
OTHERS = frozenset(
    (
        *("string", "char", "DateTime", "DateTimeOffset", "TimeSpan", "Guid", "XElement", "XDocument", "byte[]"),
        *("IResponse", "IRequest", "Jwt", "JObject", "JArray", "JToken"),
    )
)
NEVER: dict[object, tuple[str, frozenset[str]]] = {
    boolean: ("a bool", NUMBERS | OTHERS),
    integer: ("an int", OTHERS | {"bool"}),
    number: ("a number", OTHERS | {"bool"}),
}
"""The type that an attribute needs, by its conversion: in words, and the types that it never takes. Nothing says if
the gateway converts an object, a `long` or a nullable value at run time."""
LONGS = {"token-quota": ("a long", NUMBERS - {"long"} | OTHERS | {"bool", "object"})}
"""The gateway refuses an int here: `Expression return type 'System.Int32' is not allowed`."""
HELP = {
    "a bool": "Compare it with something, or cast it.",
    "an int": "Convert it with int.Parse or Convert.ToInt32, or cast it.",
    "a long": "Write a long: 1000L, or (long)….",
}


class ResultOfAnotherType(Rule):
    code = "POL214"
    severity = Severity.ERROR
    members = ("",)

    def visit_expression(self, expression: CheckedExpression) -> Findings:
        attribute, bound = expression.attribute, expression.compiled.bound
        if attribute is None or bound is None or attribute.value.expression is None:
            return
        wanted = self.wanted(expression.element, attribute.name)
        if wanted is None or find_named_values(attribute.value.raw):  # whose type is not known
            return
        words, never = wanted
        types = {str(type_).rpartition(".")[2] for type_ in bound.return_types or (bound.type,)}
        message = f"'{attribute.name}' must be {words}, but this expression "
        if wrong := sorted(types & never):
            message += "returns " + " or ".join(f"'{name}'" for name in wrong)
            yield self.at_code(expression, bound.body, message, help=HELP.get(words, ""))
        elif types == {"bool?"} and words == "a bool":
            message += "may return null"
            help = "Add '== true', or '?? false'."
            yield self.at_code(expression, bound.body, message, severity=Severity.WARNING, help=help)

    def wanted(self, element: Element, name: str) -> tuple[str, frozenset[str]] | None:
        """Return the type that the attribute needs; None for any type."""
        slot = self.subject.slot_of(element, name)
        if slot is None or not slot.expression:
            return None
        return LONGS.get(name) if slot.convert is long_integer else NEVER.get(slot.convert)
