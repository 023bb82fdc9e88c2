"""emit-metric: send a custom metric to Application Insights.

```xml
<emit-metric name="Requests" value="1" namespace="orders">
    <dimension name="API ID" />
    <dimension name="Client" value="@(context.Request.Headers.GetValueOrDefault("X-Client", "none"))" />
</emit-metric>
```

`value` is a number, 1 by default; the default namespace is `API Management`. A dimension needs no value if its name is
one of the default dimensions: API ID, Operation ID, Product ID, User ID, Subscription ID, Location, Gateway ID, Backend
ID. The documentation allows one to five dimensions; with more, or none, `check` reports it, and the policy still runs.

Simulated: the metrics of a request are in `result.metrics`, those of all requests in `gateway.metrics`; nothing is
sent. Sampling and aggregation are not simulated, and `default-dimensions`, which only the editor's schema knows, has no
effect. Our choices: a default dimension without a value, such as the product of a request without a product, is an
empty string; Location is the region of the deployment; of two dimensions with one name the last one counts; a dimension
without a value that is not a default dimension is an error without a reason.

Source: https://learn.microsoft.com/azure/api-management/emit-metric-policy
"""

from __future__ import annotations

from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.gateway.policies.conversions import boolean, text
from apimpolicy.gateway.policies.effects import Effect, MetricEmitted
from apimpolicy.gateway.policies.metrics import NAMESPACE, Dimension, Metric, evaluated, filled
from apimpolicy.gateway.policies.spec import (
    PolicyExchange,
    PolicyStep,
    children,
    expression_attribute,
    literal_attribute,
    policy,
)


def double(value: object) -> float:
    """Convert to a number, as `Double.Parse` does. Raises FormatException."""
    from apimpolicy.csharp.dotnet.system.number_parsing import parse_double

    return parse_double(text(value))


@policy(
    "emit-metric",
    left_out="`default-dimensions`, sampling and aggregation",
    traits="emits-metrics",
    effects="fails",
    access="passes",
)
class EmitMetric:
    name: str = literal_attribute(required=True)
    namespace: str = literal_attribute(default=NAMESPACE)
    value: float = expression_attribute(double, default=1.0)
    default_dimensions: bool = literal_attribute(boolean, default=False)
    dimensions: list[PolicyStep] = children(Dimension)

    def run(self, exchange: PolicyExchange) -> Effect:
        dimensions = filled(exchange, evaluated(exchange, self.dimensions))
        metric = Metric(from_utf16(self.namespace), from_utf16(self.name), self.value, dimensions)
        exchange.emit(metric)
        return MetricEmitted(f"{metric.name} = {metric.value:g}", metrics=(metric,))
