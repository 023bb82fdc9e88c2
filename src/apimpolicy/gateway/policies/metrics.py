"""The common part of emit-metric and the token metrics: the metric itself, and its dimensions.

Default dimensions need no value (documented): API ID, Operation ID, Product ID, User ID, Subscription ID, Location,
Gateway ID, Backend ID; the names ignore case (Microsoft's release notes). Our choices: one of which there is nothing to
say (no product, no user) is an empty text, and Location is the deployment's region.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.gateway.policies.effects import MetadataRead
from apimpolicy.gateway.policies.spec import PolicyExchange, PolicyStep, azure_error, expression_attribute, part

NAMESPACE = "API Management"


class Metric:
    """A value of a custom metric, as Application Insights would get it."""

    __slots__ = ("dimensions", "name", "namespace", "value")

    def __init__(self, namespace: str, name: str, value: float, dimensions: Mapping[str, str]) -> None:
        self.namespace = namespace
        self.name = name
        self.value = value
        self.dimensions = dict(dimensions)

    def __repr__(self) -> str:
        return f"Metric({self.namespace!r}, {self.name!r}, {self.value:g}, {self.dimensions!r})"


@part("dimension")
class Dimension:
    name: str = expression_attribute(required=True)
    value: str | None = expression_attribute()


DEFAULT_DIMENSIONS: dict[str, Callable[[PolicyExchange], str | None]] = {
    "API ID": lambda exchange: exchange.context.api.id,
    "Operation ID": lambda exchange: exchange.context.operation.id,
    "Product ID": lambda exchange: exchange.context.product.id if exchange.context.product else None,
    "User ID": lambda exchange: exchange.context.user.id if exchange.context.user else None,
    "Subscription ID": lambda exchange: exchange.context.subscription.id if exchange.context.subscription else None,
    "Location": lambda exchange: exchange.context.deployment.region,
    "Gateway ID": lambda exchange: exchange.context.deployment.gateway_id,
    "Backend ID": lambda exchange: exchange.backend_id,
}


_BY_LOWER_CASE = {name.lower(): value for name, value in DEFAULT_DIMENSIONS.items()}


def evaluated(exchange: PolicyExchange, steps: Sequence[PolicyStep]) -> dict[str, str | None]:
    """Return the dimensions with their values, None where the gateway has the value. Raises PolicyError."""
    found: dict[str, str | None] = {}
    for step in steps:
        dimension: Dimension = exchange.evaluate(step)
        name = from_utf16(dimension.name)
        if dimension.value is None and name.lower() not in _BY_LOWER_CASE:
            known = ", ".join(DEFAULT_DIMENSIONS)
            raise azure_error("dimension-without-value", name=name, known=known)
        found[name] = None if dimension.value is None else from_utf16(dimension.value)
        shown = "the gateway's own" if found[name] is None else found[name]
        exchange.note(MetadataRead(f"{name} = {shown}", name=name, value=found[name]), step)
    return found


def filled(exchange: PolicyExchange, dimensions: Mapping[str, str | None]) -> dict[str, str]:
    return {
        name: from_utf16(_BY_LOWER_CASE[name.lower()](exchange) or "") if value is None else value
        for name, value in dimensions.items()
    }
