"""jsonp: wrap the response into a call of the function that the caller names.

```xml
<jsonp callback-parameter-name="cb" />
```

With `?cb=show` the response `{"id": 1}` becomes `show({"id": 1});`. Without that parameter the response stays as it is.

Simulated in full. Our choices: names with dots count as identifiers; the response's content type becomes
`application/javascript`; the error `CallbackParameterInvalid` has status 400, where the documentation only says that it
is the caller's error.

Source: https://learn.microsoft.com/azure/api-management/jsonp-policy
"""

from __future__ import annotations

import re

from apimpolicy.gateway.policies.conversions import trimmed
from apimpolicy.gateway.policies.effects import Effect, Padded
from apimpolicy.gateway.policies.message_text import read_text, write_text
from apimpolicy.gateway.policies.placement import Placement
from apimpolicy.gateway.policies.spec import PolicyExchange, azure_error, expression_attribute, policy

_NAME = r"(?!\d)[\w$]+"
_IDENTIFIER = re.compile(rf"{_NAME}(?:\.{_NAME})*")


@policy(
    "jsonp",
    sections="outbound",
    placement=Placement(once="section"),
    refuses_with="400 CallbackParameterInvalid",
    effects="message-body message-headers refuses",
    access="passes",
)
class Jsonp:
    callback_parameter_name: str = expression_attribute(trimmed, required=True)

    def run(self, exchange: PolicyExchange) -> Effect:
        name = self.callback_parameter_name
        values = exchange.request.original_url.query.get_all(name)
        if not values:
            return Padded("not asked for", callback=None)
        if _IDENTIFIER.fullmatch(values[0]) is None:
            raise azure_error("callback-invalid", name=name)
        response = exchange.reply
        text = read_text(response) or ""
        response.headers.set("Content-Type", ["application/javascript"])
        write_text(response, f"{values[0]}({text});")
        return Padded(f"{values[0]}(…)", callback=values[0])
