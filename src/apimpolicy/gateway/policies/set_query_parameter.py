"""set-query-parameter: set, add or delete a parameter of the request's query.

```xml
<set-query-parameter name="api-version" exists-action="skip">
    <value>2024-05-01</value>
</set-query-parameter>
```

`exists-action` is `override` (the default), `skip`, `append` or `delete`. Several values become several parameters with
the same name.

Simulated in full. Our choices: names ignore case; the query string is rebuilt,
percent-encoded, in the same order.

Source: https://learn.microsoft.com/azure/api-management/set-query-parameter-policy
"""

from __future__ import annotations

from apimpolicy.gateway.policies.effects import Effect, QuerySet
from apimpolicy.gateway.policies.set_header import EXISTS_ACTIONS, apply
from apimpolicy.gateway.policies.spec import PolicyExchange, child_texts, expression_attribute, policy


@policy(
    "set-query-parameter",
    sections="inbound backend",
    also_in="outbound on-error",  # the toolkit
    traits="routes",
    access="header-set",
)
class SetQueryParameter:
    name: str = expression_attribute(required=True)
    exists_action: str = expression_attribute(default="override", values=EXISTS_ACTIONS)
    values: list[str] = child_texts("value")

    def run(self, exchange: PolicyExchange) -> Effect:
        url = exchange.request.url
        parameters = url.query.copy()
        before = tuple(parameters.get_all(self.name))
        apply(parameters, self.exists_action, self.name, self.values)
        exchange.request.url = url.with_parameters(parameters)
        after = tuple(parameters.get_all(self.name))
        shown = " & ".join(f"{self.name}={value}" for value in after) or f"{self.name} is not there"
        return QuerySet(
            shown,
            name=self.name,
            action=self.exists_action,
            before=before,
            after=after,
            request_url=exchange.target_url,
        )
