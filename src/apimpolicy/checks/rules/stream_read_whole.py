"""stream-read-whole: a policy waits for the whole body of a response that may be a stream.

**What it does.** Looks for `context.Response.Body` in outbound, and for `forward-request` with
`buffer-response="true"`, in documents with policies for language models (`llm-…`, `azure-openai-…`) or with the content
type `text/event-stream`. It stays silent where the document distinguishes streams: where another text of it contains
`stream`, or where a condition around the read looks at the response's status or headers.

**Why it matters.** A model that streams sends its answer in small parts over a long time. A policy that reads the body
waits for all of them, so that the caller gets nothing until the end, and may time out. The gateway's own policies for
tokens do not wait.

**Example**

```xml
<llm-emit-token-metric>
    <dimension name="API" />
</llm-emit-token-metric>
…
<outbound>
    <set-variable name="answer" value="@(context.Response.Body.As<JObject>(preserveContent: true))" />
</outbound>
```

**Use instead** `llm-emit-token-metric` or the logging of prompts and completions, or read the body only for requests
that don't ask for a stream.

**Sources.** https://learn.microsoft.com/azure/api-management/how-to-server-sent-events
"""

from __future__ import annotations

import re
from functools import cached_property

from apimpolicy.checks.rule import CheckedExpression, Element, Findings, Rule
from apimpolicy.checks.variables import body_reads
from apimpolicy.gateway.policies.registry import has_trait

_EVENTS = "text/event-stream"
_OWN_WORDS = re.compile(rf"{_EVENTS}|stream-read-whole")
_DISTINGUISHES = re.compile(r"StatusCode|Response\.Headers")


class StreamReadWhole(Rule):
    code = "POL422"
    words = ("llm-", "azure-openai-", _EVENTS)

    def visit_expression(self, expression: CheckedExpression) -> Findings:
        if self.subject.section_of(expression.element) != "outbound" or not self.may_stream:
            return
        if any(_DISTINGUISHES.search(condition) for condition in _conditions_around(expression.element)):
            return
        for read in body_reads(expression):
            if read.which == "response":
                yield self.at_code(
                    expression,
                    read.node,
                    "reading the response's body waits for the whole stream of a model",
                    label="the caller gets nothing before it has ended",
                    help="Read it only where the request doesn't ask for a stream.",
                )
                return

    def finish(self) -> Findings:
        for element in self.subject.elements:
            buffers = has_trait(element.name, "forwards") and self.literal(element, "buffer-response") == "true"
            if buffers and self.may_stream:
                message = "the gateway buffers the whole response, and the backend may stream"
                yield self.at_value(element, "buffer-response", message, help='Use buffer-response="false".')

    @cached_property
    def may_stream(self) -> bool:
        """Return whether responses may be streams, and the document doesn't distinguish them."""
        text = self.document.source.text
        if "stream" in _OWN_WORDS.sub("", text).lower():
            return False
        names = (element.name for element in self.subject.elements)
        return _EVENTS in text or any(name.startswith(("llm-", "azure-openai-")) for name in names)


def _conditions_around(element: Element) -> list[str]:
    around = [element, *element.ancestors()]
    given = (each.get("condition") for each in around if each.name == "when")
    return [attribute.value.text for attribute in given if attribute is not None]
