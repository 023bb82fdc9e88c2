"""mcp-response-read: a policy in the scope of an MCP server reads or rewrites the response, which is a stream.

**What it does.** Looks for `context.Response.Body`, and in outbound for policies that read or rewrite the response's
body, in the policy of an MCP server, in the fragments that it includes, and in wider scopes that run for it. In a
service with MCP servers, it also looks for diagnostics of all APIs that log the bodies of responses.

**Why it matters.** An MCP server responds with a stream of events. A policy that reads the body waits for all of it:
clients report that `tools/list` and calls of tools time out. The policies of the operation's own API may read their
response.

**Example**

```xml
<outbound>
    <base />
    <set-variable name="answer" value="@(context.Response.Body.As<string>(preserveContent: true))" />
</outbound>
```

**Use instead** the policy of the API whose operations are tools. In a wider scope, read the body only for other APIs.

**Sources.** https://learn.microsoft.com/azure/api-management/export-rest-mcp-server and expose-existing-mcp-server name
`context.Response.Body`; that policies which rewrite the body wait for it too is inferred.
"""

from __future__ import annotations

from apimpolicy.checks.rule import CheckedExpression, Element, Findings, Rule
from apimpolicy.checks.variables import body_reads
from apimpolicy.diagnostics import Severity
from apimpolicy.gateway.policies.registry import has_trait

_HELP = "Move it to the policy of the API whose operations are tools, or remove it."
_REWRITES = ("find-and-replace", "xml-to-json", "json-to-xml", "set-body", "validate-content", "cache-store")


class McpResponseRead(Rule):
    code = "POL170"
    elements = _REWRITES
    members = ("Body",)
    known = ("mcp",)

    def visit_expression(self, expression: CheckedExpression) -> Findings:
        if not self._runs_for_server(expression.element):
            return
        for read in body_reads(expression):
            if read.which == "response":
                message = "reading the response's body breaks the stream of an MCP server"
                label = "clients of the server time out"
                yield self.at_code(expression, read.node, message, label=label, help=_HELP)
                return

    def _runs_for_server(self, element: Element) -> bool:
        """Return whether an element runs for an MCP server; in a wider scope, a condition may be about the API."""
        is_conditional = any(around.name in ("when", "otherwise") for around in (element, *element.ancestors()))
        return self.settings.mcp is not None and (self.settings.scope != "global" or not is_conditional)

    def visit_element(self, element: Element) -> Findings:
        if not self._runs_for_server(element) or self.subject.section_of(element) != "outbound":
            return
        if any(has_trait(around.name, "builds-response") for around in element.ancestors()):
            return
        message = f"'{element.name}' needs the whole response, which is the stream of an MCP server"
        yield self.at_element(element, message, severity=Severity.INFO, help=_HELP)
