"""llm-emit-token-metric: send the tokens that a language model used to Application Insights, as custom metrics.

```xml
<llm-emit-token-metric namespace="orders">
    <dimension name="API ID" />
    <dimension name="Client" value="@(context.Request.Headers.GetValueOrDefault("X-Client", "none"))" />
</llm-emit-token-metric>
```

With the response, three metrics are sent: `Total Tokens`, `Prompt Tokens` and `Completion Tokens`, by default in
the namespace `API Management`. The numbers are those of the response's `usage`. The documentation allows one to five
dimensions; with more, or none, `check` says so, and the policy still runs. Default dimensions, which need no value, are
those of emit-metric.

Simulated in full: the metrics of a request are in `result.metrics`, those of all requests in `gateway.metrics`. Our
choices: a streamed response that states no `usage` is estimated (`Gateway(count_tokens=…)`); any other response without
it sends no metrics, nor does one from the cache; dimensions have their values of inbound, except `Backend ID`, which
has its value at the time of the response. Known from the editor's schema only: `value-type` selects one of the
three metrics, `name` is then its name, and `ignore-prompt` leaves out the prompt's tokens. The further categories in
preview are metrics when the response states them: `Cached Tokens`, `Reasoning Tokens`, `Audio Tokens`, `Accepted
Prediction Tokens` and `Rejected Prediction Tokens`; no source states these names.

Source: https://learn.microsoft.com/azure/api-management/llm-emit-token-metric-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.gateway.policies.conversions import boolean
from apimpolicy.gateway.policies.effects import Effect, MetricEmitted
from apimpolicy.gateway.policies.metrics import NAMESPACE, Dimension, Metric, evaluated, filled
from apimpolicy.gateway.policies.prompts import TokenUsage, read_prompt, usage_of
from apimpolicy.gateway.policies.spec import PolicyExchange, PolicyStep, children, literal_attribute, policy

if TYPE_CHECKING:
    from apimpolicy.gateway.context.messages import ResponseMessage

VALUE_TYPES = ("all", "total-tokens", "prompt-tokens", "completion-tokens")
NAMES = {"total-tokens": "Total Tokens", "prompt-tokens": "Prompt Tokens", "completion-tokens": "Completion Tokens"}


@policy(
    "llm-emit-token-metric",
    sections="inbound",
    doubtful_in="outbound",  # the documentation refuses it, and several repositories deploy it
    traits="emits-metrics",
    effects="fails fails-later",
    access="passes",
)
class LlmEmitTokenMetric:
    namespace: str = literal_attribute(default=NAMESPACE)
    name: str | None = literal_attribute(doubt="unknown-expression")
    value_type: str = literal_attribute(default="all", values=VALUE_TYPES)
    ignore_prompt: bool = literal_attribute(boolean, default=False)
    dimensions: list[PolicyStep] = children(Dimension)

    def run(self, exchange: PolicyExchange) -> Effect:
        prompt = read_prompt(exchange.request)
        dimensions = evaluated(exchange, self.dimensions)
        effect = MetricEmitted("when the answer is there", metrics=())

        def emit(answer: ResponseMessage) -> None:
            if exchange.is_served:
                return
            usage = usage_of(exchange, prompt, answer, estimates=False)
            if self.ignore_prompt:
                usage = TokenUsage(0, usage.completion)
            if not usage.total:
                return
            metrics = self.metrics(usage, filled(exchange, dimensions))
            for metric in metrics:
                exchange.emit(metric)
            effect.metrics = metrics
            effect.text = ", ".join(f"{metric.name} = {metric.value:g}" for metric in metrics)

        exchange.on_response(emit, may_wait=True)
        return effect

    def metrics(self, usage: TokenUsage, dimensions: dict[str, str]) -> tuple[Metric, ...]:
        counts = {"total-tokens": usage.total, "prompt-tokens": usage.prompt, "completion-tokens": usage.completion}
        if self.value_type == "all":
            named = {NAMES[kind]: count for kind, count in counts.items()} | {**usage.details}
        else:
            named = {from_utf16(self.name or NAMES[self.value_type]): counts[self.value_type]}
        return tuple(Metric(from_utf16(self.namespace), name, count, dimensions) for name, count in named.items())
