"""forwarded-for-trusted: an address that the caller wrote decides, or a range of addresses is upside down.

**What it does.** Looks for comparisons with the header `X-Forwarded-For`, and for an `address-range` whose `from` is
behind its `to`.

**Why it matters.** Callers can send `X-Forwarded-For` themselves; behind a proxy of your own only the last address in
it is true. A range that is upside down matches nobody.

**Example**

```xml
<when condition="@(context.Request.Headers.GetValueOrDefault("X-Forwarded-For", "") == "20.30.40.50")">
```

**Use instead** `ip-filter` or `context.Request.IpAddress`; behind a proxy, the last address in the header, with the
proxy's own address checked by `ip-filter`.

**Sources.** https://learn.microsoft.com/azure/api-management/ip-filter-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding.nodes import Binary, Call
from apimpolicy.checks.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.binding.nodes import Expression
    from apimpolicy.checks.expressions import CheckedExpression
    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.document import Element


class ForwardedForTrusted(Rule):
    code = "POL335"
    elements = ("address-range",)

    def visit_element(self, element: Element) -> Iterator[Diagnostic]:
        first, last = self.literal(element, "from"), self.literal(element, "to")
        if first is None or last is None:
            return
        try:
            from ipaddress import ip_address

            low, high = ip_address(first.strip()), ip_address(last.strip())
        except ValueError:
            return
        if low.version == high.version and int(low) > int(high):
            yield self.at_element(
                element, f"no address lies between {first} and {last}", help="Exchange 'from' and 'to'."
            )

    def visit_expression(self, expression: CheckedExpression) -> Iterator[Diagnostic]:
        for node in expression.of_kind(Call):
            if not any(is_header_name(argument) for argument in node.arguments):
                continue
            around = next(iter(expression.ancestors(node)), None)
            if isinstance(around, Binary) and around.operator in ("==", "!=") and not is_empty(around):
                yield self.at_code(
                    expression,
                    node,
                    "callers can send X-Forwarded-For themselves",
                    help="Use context.Request.IpAddress or ip-filter.",
                )


def is_header_name(node: Expression) -> bool:
    """Whether this is the text X-Forwarded-For."""
    return node.is_constant and isinstance(node.constant, str) and node.constant.lower() == "x-forwarded-for"


def is_empty(node: Binary) -> bool:
    """Whether the comparison only asks for presence."""
    return any(side.is_constant and not side.constant for side in (node.left, node.right))
