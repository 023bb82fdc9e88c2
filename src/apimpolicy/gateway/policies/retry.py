"""retry: run the policies inside, and again while a condition is true.

```xml
<retry condition="@(context.Response.StatusCode == 429)" count="3" interval="10" max-interval="100" delta="10">
    <forward-request buffer-request-body="true" />
</retry>
```

The policies run once, and then up to `count` (1 to 50) times more, as long as `condition` is true after a run. The wait
before the n-th repetition, in seconds, is

- with `interval` alone: `interval`;
- with `delta`: `interval` + (n - 1) · `delta`;
- with `delta` and `max-interval`: `interval` + (2ⁿ⁻¹ - 1) · a random number between 0.8 and 1.2 times `delta`, but at
  most `max-interval`. (The documented formula says 2ⁿ, its documented example, 10, 20, 40, 80 seconds, 2ⁿ⁻¹.)

With `first-fast-retry` the first repetition follows at once. A policy inside that ends the pipeline also ends the
retries.

The condition is also evaluated after a forward-request that failed or timed out, as seen on real gateways;
`context.Response` then has the status of the gateway's own response, 500 or more. Without another attempt, the error
goes to on-error.

Simulated in full, without waiting: the gateway's clock advances. The random numbers come from the gateway's `seed`. Our
choices: an error of another policy inside is not caught; `max-interval` without `delta` limits `interval`; `count`,
`interval` and the others are evaluated once, before the first run; a `count` outside of 1 to 50 is an error without a
reason. Without `buffer-request-body` the backend gets the caller's body with the first attempt only; in the classic
tiers the second attempt fails, see forward-request.

Source: https://learn.microsoft.com/azure/api-management/retry-policy
"""

from __future__ import annotations

from collections.abc import Callable

from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.gateway.policies.conversions import Range, boolean, integer, number
from apimpolicy.gateway.policies.effects import Effect, Retried
from apimpolicy.gateway.policies.spec import (
    PolicyError,
    PolicyExchange,
    PolicyStep,
    azure_error,
    expression_attribute,
    policies,
    policy,
    postponed_attribute,
)

MOST_RETRIES = 50
LONGEST_WAIT = 2_147_483.0
"""Seconds: the milliseconds that `Task.Delay` takes are an Int32."""


@policy("retry", traits="runs-policies repeats bounded-numbers", access="runs")
class Retry:
    condition: Callable[[], bool] = postponed_attribute(boolean, required=True)
    count: int = expression_attribute(integer, required=True, within=Range(1, 50))
    interval: float = expression_attribute(number, required=True)
    max_interval: float | None = expression_attribute(number)
    delta: float | None = expression_attribute(number)
    first_fast_retry: bool = expression_attribute(boolean, default=False)
    steps: list[PolicyStep] = policies()

    def run(self, exchange: PolicyExchange) -> Effect:
        if not 1 <= self.count <= MOST_RETRIES:
            raise azure_error("retry-count", count=self.count, most=MOST_RETRIES)
        waits: list[float] = []
        error = self.attempt(exchange)
        while not exchange.has_ended and len(waits) < self.count and self.condition():
            waits.append(self.wait_before(len(waits) + 1))
            exchange.wait(waits[-1])
            error = self.attempt(exchange)
        if error is not None:
            raise error
        shown = "no repetition" if not waits else f"repeated after {', '.join(f'{wait:g} s' for wait in waits)}"
        return Retried(shown, waits=tuple(waits))

    def attempt(self, exchange: PolicyExchange) -> PolicyError | None:
        """Run the policies once; return an error of forward-request, since the condition decides what it means."""
        try:
            exchange.execute(self.steps)
        except PolicyError as error:
            if error.last_error is None or error.last_error.source != "forward-request":
                raise
            exchange.recover(error)
            return error
        return None

    def wait_before(self, repetition: int) -> float:
        """Return seconds before a repetition, counted from 1."""
        if repetition == 1 and self.first_fast_retry:
            return 0.0
        seconds = self.interval
        if self.delta is not None and self.max_interval is None:
            seconds += (repetition - 1) * self.delta
        elif self.delta is not None:
            growth = 2 ** (repetition - 1) - 1
            seconds += growth * environment().random.uniform(self.delta * 0.8, self.delta * 1.2)
        if self.max_interval is not None:
            seconds = min(seconds, self.max_interval)
        if seconds > LONGEST_WAIT:
            raise azure_error("retry-wait", seconds=f"{seconds:g}", most=f"{LONGEST_WAIT:,.0f}")
        return seconds
