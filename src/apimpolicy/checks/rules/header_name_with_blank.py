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

from apimpolicy.checks.nodes import receiver_of, text_of, unconverted
from apimpolicy.checks.rule import CheckedExpression, Findings, Rule
from apimpolicy.csharp.binding.nodes import Bound, Call, Expression, IndexerAccess, PropertyAccess

LOOKUPS = frozenset(("GetValueOrDefault", "ContainsKey", "TryGetValue"))
NAME = re.compile(r"\s*([A-Za-z0-9!#$%&'*+.^_`|~-]+)\s*:?\s*")


class HeaderNameWithBlank(Rule):
    code = "POL241"
    members = ("Headers",)

    def visit_expression(self, expression: CheckedExpression) -> Findings:
        for node in expression.compiled.nodes:
            key = _key(node)
            name = text_of(key)
            found = NAME.fullmatch(name) if name is not None else None
            if key is not None and found is not None and found[1] != name:
                message = f"no header has the name '{name}'"
                yield self.at_code(expression, key, message, label=f"did you mean '{found[1]}'?")


def _key(node: Bound) -> Expression | None:
    """Return the name under which a header is looked up, if the node looks one up."""
    receiver: Expression | None = None
    arguments: tuple[Expression, ...] = ()
    if isinstance(node, IndexerAccess):
        receiver, arguments = node.receiver, tuple(node.arguments)
    elif isinstance(node, Call) and node.method.name in LOOKUPS:
        receiver, arguments = receiver_of(node)
    if not arguments or receiver is None:
        return None
    headers = unconverted(receiver)
    return arguments[0] if isinstance(headers, PropertyAccess) and headers.property.name == "Headers" else None
