"""include-fragment: run the policies of a fragment here.

```xml
<include-fragment fragment-id="log-caller" />
```

The policies of the fragment run as if they were written here. The id can't be an expression.

Simulated in full: the gateway has the fragments, `Gateway(fragments={"log-caller": "<fragment>…</fragment>"})`. A
missing fragment is an error before anything runs: Azure would not save the document.

Source: https://learn.microsoft.com/azure/api-management/include-fragment-policy
"""

from __future__ import annotations

from apimpolicy.gateway.policies.effects import Included
from apimpolicy.gateway.policies.spec import PolicyExchange, literal_attribute, policy


@policy("include-fragment", access="runs")
class IncludeFragment:
    fragment_id: str = literal_attribute(required=True, refers="fragments")

    def run(self, exchange: PolicyExchange) -> None:
        exchange.note(Included(self.fragment_id, fragment=self.fragment_id))
        exchange.execute(exchange.inserted())
