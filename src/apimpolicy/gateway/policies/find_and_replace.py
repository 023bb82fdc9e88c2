"""find-and-replace: replace one text in the body by another, wherever it occurs.

```xml
<find-and-replace from="http://backend.internal" to="https://contoso.azure-api.net" />
```

In inbound and backend the policy changes the body of the request, in outbound and on-error that of the response. An
empty `to` removes the text.

Simulated in full. Our choices: the search compares characters and is case-sensitive; without a body, or with an empty
`from`, nothing happens; the body stays in the character set of its `Content-Type`.

Source: https://learn.microsoft.com/azure/api-management/find-and-replace-policy
"""

from __future__ import annotations

from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.gateway.policies.effects import Effect, TextReplaced
from apimpolicy.gateway.policies.message_text import read_text, write_text
from apimpolicy.gateway.policies.spec import PolicyExchange, expression_attribute, policy


@policy("find-and-replace", effects="message-body message-headers fails", access="passes")
class FindAndReplace:
    from_: str = expression_attribute(required=True)
    to: str = expression_attribute(required=True, may_be_empty=True)

    def run(self, exchange: PolicyExchange) -> Effect:
        message = exchange.message
        text = read_text(message)
        count = text.count(self.from_) if text and self.from_ else 0
        if text and count:
            environment().new_string(len(text) + count * (len(self.to) - len(self.from_)))
            write_text(message, text.replace(self.from_, self.to))
        kind = exchange.message_kind
        return TextReplaced(f"{count} replaced", message=kind, count=count)
