"""emit-metric: send a custom metric to Application Insights.

```xml
<emit-metric name="Requests" value="1" namespace="orders">
    <dimension name="API ID" />
    <dimension name="Client" value="@(context.Request.Headers.GetValueOrDefault("X-Client", "none"))" />
</emit-metric>
```

The value is a number (1 by default), the namespace `API Management` by default. A dimension of one of the default names
needs no value. One to five dimensions are documented; `check` warns of more and of none, and they run all the same.

Simulated: the metrics are in `result.metrics` and, of all requests, in `gateway.metrics`; nothing is sent anywhere. Our
choices: a default dimension of which there is nothing to say is an empty text; a name given twice counts once, the last
one. `default-dimensions`, known from the schema only, has no effect. Sampling and aggregation are not simulated.

Source: https://learn.microsoft.com/azure/api-management/emit-metric-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.dotnet.values import from_utf16
from apimpolicy.policies.conversions import boolean, text
from apimpolicy.policies.effects import Effect
from apimpolicy.policies.metrics import NAMESPACE, Dimension, Metric, evaluated, filled
from apimpolicy.policies.spec import ANYWHERE, children, expression_attribute, literal_attribute, policy

if TYPE_CHECKING:
    from apimpolicy.policies.spec import Exchange, Step


def double(value: object) -> float:
    """As a number, read as `Double.Parse` does. Raises FormatException."""
    from apimpolicy.dotnet.system.number_parsing import parse_double

    return parse_double(text(value))


@policy("emit-metric", sections=ANYWHERE)
class EmitMetric:
    name: str = literal_attribute(required=True)
    namespace: str = literal_attribute(default=NAMESPACE)
    value: float = expression_attribute(double, default=1.0)
    default_dimensions: bool = literal_attribute(boolean, default=False)
    dimensions: list[Step] = children(Dimension)

    def run(self, exchange: Exchange) -> Effect:
        dimensions = filled(exchange, evaluated(exchange, self.dimensions))
        metric = Metric(from_utf16(self.namespace), from_utf16(self.name), self.value, dimensions)
        exchange.emit(metric)
        return Effect("metric-emitted", f"{metric.name} = {metric.value:g}", metrics=(metric,))
