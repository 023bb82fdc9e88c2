"""retry-without-buffer: a request is sent again without its body.

**What it does.** Looks for `forward-request` inside `retry` without `buffer-request-body="true"`.

**Why it matters.** The body is a stream, and the first attempt consumes it. A retried GET is fine, but a retried POST
or PUT fails.

**Example**

```xml
<retry condition="@(context.Response.StatusCode >= 500)" count="3" interval="1">
    <forward-request />
</retry>
```

**Use instead**

```xml
<retry condition="@(context.Response.StatusCode >= 500)" count="3" interval="1">
    <forward-request buffer-request-body="true" />
</retry>
```

**Sources.** https://learn.microsoft.com/azure/api-management/retry-policy,
https://learn.microsoft.com/azure/api-management/forward-request-policy
"""

from __future__ import annotations

from apimpolicy.checks.rule import Element, Findings, Rule
from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.text.source import is_unknown


class RetryWithoutBuffer(Rule):
    code = "POL403"
    elements = ("retry",)

    def visit_element(self, element: Element) -> Findings:
        for forward in element.descendants():
            given = forward.get("buffer-request-body")
            is_off = self.literal(forward, "buffer-request-body") in (None, "false", "")
            if has_trait(forward.name, "forwards") and is_off and not (given and is_unknown(given.value.text)):
                yield self.at_element(
                    forward,
                    "a second attempt has no request body",
                    label="the first attempt consumes it",
                    help='Add buffer-request-body="true".',
                )
