"""set-variable: store a value in a variable for the rest of the request.

```xml
<set-variable
    name="is-mobile"
    value="@(context.Request.Headers.GetValueOrDefault(&quot;User-Agent&quot;, &quot;&quot;).Contains(&quot;iPad&quot;))" />
```

`context.Variables` has the value in all later sections, including on-error. A literal becomes a `string`; the
value of an expression keeps its type. The name cannot be an expression.

Simulated in full. Our choice: values of all types are accepted; the documentation lists fewer types than policies use
in practice.

Source: https://learn.microsoft.com/azure/api-management/set-variable-policy
"""  # noqa: E501 - the example is one line, as people write it

from __future__ import annotations

from apimpolicy.gateway.policies.conversions import text, typed
from apimpolicy.gateway.policies.effects import Effect, VariableSet
from apimpolicy.gateway.policies.spec import PolicyExchange, expression_attribute, literal_attribute, policy


@policy("set-variable", traits="sets-variable seen-in-traces", access="variable-set")
class SetVariable:
    name: str = literal_attribute(required=True)
    value: object = expression_attribute(typed, required=True, may_be_empty=True)

    def run(self, exchange: PolicyExchange) -> Effect:
        exchange.variables[self.name] = self.value
        shown = "null" if self.value is None else text(self.value)
        return VariableSet(f"{self.name} = {shown}", name=self.name, value=self.value)
