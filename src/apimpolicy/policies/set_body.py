"""set-body: replace the body of the request or of the response.

```xml
<set-body>@("{\"id\": " + context.Variables["id"] + "}")</set-body>
```

In inbound and backend it changes the request, in outbound and on-error the response, inside return-response the
response that is returned.

Simulated: literal text and expressions. `template="liquid"` is not simulated yet and fails when reached. A request
that has no body cannot be given one: the documentation says that this throws. (`Gateway(allows_new_body=True)` lets it
pass; the error's reason and text are ours.) Our choices: text is sent as UTF-8; white space is kept as it is written;
elements are sent as they are written; `byte[]` is sent as its bytes; the documentation does not list on-error, people
use it there, and so it is allowed.

Source: https://learn.microsoft.com/azure/api-management/set-body-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.errors import NotSimulatedError
from apimpolicy.policies.conversions import body, boolean
from apimpolicy.policies.effects import Effect
from apimpolicy.policies.spec import ANYWHERE, PolicyError, content, literal_attribute, policy

if TYPE_CHECKING:
    from apimpolicy.policies.spec import Exchange


@policy("set-body", sections=ANYWHERE)
class SetBody:
    template: str | None = literal_attribute(values=("liquid", "none"))
    xsi_nil: str = literal_attribute(default="blank", values=("blank", "null"))
    parse_date: bool = literal_attribute(boolean, default=True)
    html_decode_expression: bool = literal_attribute(boolean, default=False)
    body: bytes = content(body, markup=True)

    def run(self, exchange: Exchange) -> Effect:
        if self.template == "liquid":
            raise NotSimulatedError('set-body template="liquid"')
        if self.html_decode_expression:
            raise NotSimulatedError("set-body html-decode-expression", "no document says what it does")
        message = exchange.message
        if message.body is None and message is not exchange.composed_request and not exchange.services.allows_new_body:
            raise PolicyError(None, "The request has no body that set-body could replace.")
        message.set_body(self.body)
        kind = "request" if exchange.changes_request else "response"
        return Effect("body-set", f"{len(self.body):,} bytes", message=kind, length=len(self.body))
