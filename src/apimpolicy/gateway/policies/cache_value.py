"""cache-value: keep what policies compute in the cache, and compute it again in time.

```xml
<cache-value key="exchange-rates" variable-name="rates" expires-after="3600" refresh-after="600">
    <value>
        <send-request response-variable-name="answer"><set-url>https://rates.contoso.com</set-url></send-request>
        <set-variable name="rates" value="@(((IResponse)context.Variables["answer"]).Body.As<string>())" />
    </value>
</cache-value>
```

If the key is in the cache, the variable gets its value. Otherwise the policies in `value` run, and what they leave in
the variable is stored for `expires-after` seconds. After `refresh-after` seconds they run again although the value has
not expired. The cache is that of cache-lookup-value, cache-store-value and cache-remove-value.

Microsoft's policy toolkit writes this policy, and real gateways take it with both durations only; no page describes it.
Simulated, except that `caching-type` has no effect. Our choices: policies in it without a `value` around
them count as if they had one; the request that finds a value due for a refresh computes it and gets the new one; if
that fails, or sets nothing, it gets the old one, and the next request tries again. `default-value` is for when there is
neither a cached value nor one that the policies set, and is not stored.

Source: https://github.com/Azure/azure-api-management-policy-toolkit
"""

from __future__ import annotations

from apimpolicy.gateway.policies.cache_lookup_value import CACHING_TYPES
from apimpolicy.gateway.policies.conversions import number, typed
from apimpolicy.gateway.policies.effects import CacheAccessed, Effect
from apimpolicy.gateway.policies.spec import (
    PolicyError,
    PolicyExchange,
    PolicyStep,
    child,
    expression_attribute,
    literal_attribute,
    part,
    policies,
    policy,
)


@part("value")
class ComputedValue:
    steps: list[PolicyStep] = policies()


@policy("cache-value", left_out="`caching-type`: a gateway without a Redis has one cache")
class CacheValue:
    caching_type: str = literal_attribute(default="prefer-external", values=CACHING_TYPES)
    default_value: object = expression_attribute(typed)
    expires_after: float = expression_attribute(number, required=True)
    key: str = expression_attribute(required=True)
    refresh_after: float = expression_attribute(number, required=True)
    variable_name: str = literal_attribute(required=True)
    value: PolicyStep | None = child(ComputedValue)
    steps: list[PolicyStep] = policies()

    def run(self, exchange: PolicyExchange) -> Effect:
        cache = exchange.services.state.cache(self.caching_type)
        is_there, value = cache.get(f"value {self.key}")
        is_fresh, _ = cache.get(f"fresh {self.key}")
        if is_there:
            exchange.variables[self.variable_name] = value
        if is_there and is_fresh:
            return self.effect("is there", is_there)
        try:
            is_computed = self.compute(exchange)
        except PolicyError:
            if not is_there:
                raise
            exchange.variables[self.variable_name] = value
            return self.effect("is there; computing it again failed", is_there)
        if is_computed:
            cache.set(f"value {self.key}", exchange.variables[self.variable_name], self.expires_after)
            cache.set(f"fresh {self.key}", True, self.refresh_after)
            return self.effect(f"is computed {'again' if is_there else 'and stored'}", is_there)
        if not is_there and self.default_value is not None:
            exchange.variables[self.variable_name] = self.default_value
        return self.effect("is there" if is_there else "was not set", is_there)

    def compute(self, exchange: PolicyExchange) -> bool:
        """Run the policies; whether they set the variable."""
        old = exchange.variables.pop(self.variable_name, None)
        if self.value is not None:
            computed: ComputedValue = exchange.evaluate(self.value)
            exchange.execute(computed.steps)
        exchange.execute(self.steps)
        if self.variable_name in exchange.variables:
            return True
        if old is not None:
            exchange.variables[self.variable_name] = old
        return False

    def effect(self, shown: str, found: bool) -> Effect:
        return CacheAccessed(f"{self.key} {shown}", key=self.key, found=found)
