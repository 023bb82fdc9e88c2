"""liquid-filter-in-lower-case: a Liquid filter has a name that the gateway doesn't know.

**What it does.** Looks in templates of `set-body` for filters in lower case (`upcase`, `date`, `truncate`) and in
snake case (`strip_html`).

**Why it matters.** The gateway's Liquid names filters as C# does: `Upcase`, `Date`, `StripHtml`. With another name,
the value stays as it is, or an error message ends up in the body.

**Example**

```xml
<set-body template="liquid">{{body.name | upcase}}</set-body>
```

**Use instead**

```xml
<set-body template="liquid">{{body.name | Upcase}}</set-body>
```

**Sources.** https://learn.microsoft.com/azure/api-management/set-body-policy
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from apimpolicy.checks.rule import Element, Findings, Rule, Severity

FILTER = re.compile(r"\|\s*([a-z][a-z_]*)\s*(?=[:|}%])")
OPEN, CLOSE = re.compile(r"\{[{%]"), re.compile(r"[}%]\}")


class LiquidFilterInLowerCase(Rule):
    code = "POL413"
    severity = Severity.INFO
    elements = ("set-body",)
    words = ("liquid",)

    def visit_element(self, element: Element) -> Findings:
        if self.literal(element, "template") != "liquid":
            return
        text = element.source.text
        for start, end in tags_in(text, element.content_start, element.content_end):
            for found in FILTER.finditer(text, start, end):
                name = "".join(part.capitalize() for part in found[1].split("_"))
                message = f"the gateway calls this Liquid filter '{name}'"
                yield self.at_span(element, *found.span(1), message, help=f"Write '{name}'.")


def tags_in(text: str, position: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the spans of the tags and outputs of a template, up to the first one without an end."""
    while (opening := OPEN.search(text, position, end)) is not None:
        closing = CLOSE.search(text, opening.end(), end)
        if closing is None:
            return
        position = closing.end()
        yield opening.start(), position
