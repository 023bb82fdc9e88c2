"""mcp-url-rewritten: rewrite-uri in the policy of an MCP server doesn't change the URL of an operation.

**What it does.** Looks for `rewrite-uri` in the policy of an MCP server whose tools are operations of other APIs.

**Why it matters.** The call of a tool is a request of its own to the operation, with the URL of the operation. What
`rewrite-uri` changes is the URL of the MCP request.

**Example**

```xml
<inbound>
    <base />
    <rewrite-uri template="/v2/orders" />
</inbound>
```

**Use instead** `rewrite-uri` in the policy of the API or operation that the tool calls.

**Sources.** https://learn.microsoft.com/answers/questions/5657980 (one report, December 2025)
"""

from __future__ import annotations

from apimpolicy.checks.rule import Element, Findings, Rule
from apimpolicy.diagnostics import Severity


class McpUrlRewritten(Rule):
    code = "POL171"
    severity = Severity.INFO
    elements = ("rewrite-uri",)
    known = ("mcp",)

    def visit_element(self, element: Element) -> Findings:
        if self.settings.mcp == "tools" and self.settings.scope == "api":
            message = "'rewrite-uri' in the policy of an MCP server doesn't change the URL of a tool's operation"
            help = "Move it to the policy of the API or the operation that the tool calls."
            yield self.at_element(element, message, help=help)
