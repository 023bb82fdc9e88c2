"""header-name-with-blank: a header is looked up under a name that no header has.

**What it does.** Looks for literal names with a blank at the beginning or the end, or with a colon at the end, in
`context.Request.Headers` and `context.Response.Headers`: `GetValueOrDefault`, `ContainsKey`, `TryGetValue` and `[…]`.

**Why it matters.** The name of a header contains neither blanks nor colons, so the lookup never finds anything. A check
of `Authorization` then always sees the default.

**Example**

```xml
<set-variable name="token" value="@(context.Request.Headers.GetValueOrDefault(" Authorization", ""))" />
```

**Use instead**

```xml
<set-variable name="token" value="@(context.Request.Headers.GetValueOrDefault("Authorization", ""))" />
```

**Sources.** https://httpwg.org/specs/rfc9110.html#fields.names
"""

from __future__ import annotations

import re

from apimpolicy.binding.nodes import Bound, Call, Convert, Expression, IndexerAccess, PropertyAccess
from apimpolicy.checks.rule import CheckedExpression, Findings, Rule

LOOKUPS = frozenset(("GetValueOrDefault", "ContainsKey", "TryGetValue"))
NAME = re.compile(r"\s*([A-Za-z0-9!#$%&'*+.^_`|~-]+)\s*:?\s*")


class HeaderNameWithBlank(Rule):
    code = "POL241"
    members = ("Headers",)

    def visit_expression(self, expression: CheckedExpression) -> Findings:
        for node in expression.compiled.nodes:
            key = _key(node)
            name = key.constant if key is not None and key.is_constant else None
            if key is None or not isinstance(name, str):
                continue
            found = NAME.fullmatch(name)
            if found is not None and found[1] != name:
                yield self.at_code(
                    expression, key, f"no header has the name '{name}'", label=f"did you mean '{found[1]}'?"
                )


def _key(node: Bound) -> Expression | None:
    """Return the name under which a header is looked up, if the node looks one up."""
    if isinstance(node, IndexerAccess):
        return node.arguments[0] if _is_headers(node.receiver) else None
    if isinstance(node, Call) and node.method.name in LOOKUPS:
        receiver, arguments = node.receiver, node.arguments
        if receiver is None and arguments:
            receiver, arguments = arguments[0], arguments[1:]
        if arguments and _is_headers(receiver):
            return arguments[0]
    return None


def _is_headers(node: Bound | None) -> bool:
    while isinstance(node, Convert):
        node = node.operand
    return isinstance(node, PropertyAccess) and node.property.name == "Headers"
