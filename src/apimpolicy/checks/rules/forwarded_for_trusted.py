"""forwarded-for-trusted: a decision depends on an address that callers can make up.

**What it does.** Looks for comparisons with the header `X-Forwarded-For`, and for `check-header` that lists addresses
for it.

**Why it matters.** Callers can send `X-Forwarded-For` themselves. Behind your own proxy, only the last address in it
can be trusted.

**Example**

```xml
<when condition="@(context.Request.Headers.GetValueOrDefault("X-Forwarded-For", "") == "20.30.40.50")">
```

**Use instead** `ip-filter` or `context.Request.IpAddress`. Behind a proxy, use the last address in the header and let
`ip-filter` admit only the proxy.

**Sources.** https://learn.microsoft.com/azure/api-management/ip-filter-policy
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from apimpolicy.checks.nodes import text_of
from apimpolicy.checks.rule import CheckedExpression, Element, Findings, Rule
from apimpolicy.csharp.binding.nodes import Binary, Call

HEADER = "x-forwarded-for"
_ADDRESS = re.compile(r"(?:\d{1,3}\.){1,3}\d{0,3}(?::\d+)?(?:/\d+)?|[0-9a-f]*:[0-9a-f:.]*(?:/\d+)?", re.IGNORECASE)
_MESSAGE, _HELP = "callers can send X-Forwarded-For themselves", "Use context.Request.IpAddress or ip-filter."


def lists_addresses(header: str, texts: Sequence[str]) -> bool:
    """Return whether the texts with which the header is compared are addresses, or beginnings of some.

    >>> lists_addresses("X-Forwarded-For", ["20.30.40.50", "10.0.", "2001:db8::/32"])
    True
    >>> lists_addresses("X-Forwarded-For", ["20.30.40.50", "{{address}}"]), lists_addresses("X-Key", ["10.0.0.1"])
    (False, False)
    """
    is_meant = header.lower() == HEADER and bool(texts)
    return is_meant and all(_ADDRESS.fullmatch(text.strip()) is not None for text in texts)


class ForwardedForTrusted(Rule):
    code = "POL335"
    elements = ("check-header",)
    words = ("x-forwarded-for",)
    members = ("orwarded-", "ORWARDED-")

    def visit_element(self, element: Element) -> Findings:
        values = [each.text for each in element.elements() if each.name == "value"]
        if lists_addresses(self.literal(element, "name") or "", values):
            yield self.at_value(element, "name", _MESSAGE, help=_HELP)

    def visit_expression(self, expression: CheckedExpression) -> Findings:
        for node in expression.of_kind(Call):
            if not any((text_of(argument) or "").lower() == HEADER for argument in node.arguments):
                continue
            around = next(iter(expression.ancestors(node)), None)
            if isinstance(around, Binary) and around.operator in ("==", "!=") and not is_empty(around):
                yield self.at_code(expression, node, _MESSAGE, help=_HELP)


def is_empty(node: Binary) -> bool:
    """Return whether the comparison only tests for presence."""
    return any(side.is_constant and not side.constant for side in (node.left, node.right))
