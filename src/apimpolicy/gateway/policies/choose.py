"""choose: run the policies of the first `when` whose condition is true, or those of `otherwise`.

```xml
<choose>
    <when condition="@(context.Request.Method == &quot;GET&quot;)">
        <set-variable name="reading" value="@(true)" />
    </when>
    <otherwise>
        <set-variable name="reading" value="@(false)" />
    </otherwise>
</choose>
```

Conditions are evaluated in order; after the first true one, no more conditions are evaluated. If none is true and there
is no `otherwise`, nothing happens.

Simulated in full. Our choice: a condition that is not a `bool` is converted with `Boolean.Parse`.

Source: https://learn.microsoft.com/azure/api-management/choose-policy
"""

from __future__ import annotations

from apimpolicy.gateway.policies.conversions import boolean
from apimpolicy.gateway.policies.effects import BranchTaken, Condition
from apimpolicy.gateway.policies.spec import (
    PolicyExchange,
    PolicyStep,
    child,
    children,
    expression_attribute,
    part,
    policies,
    policy,
)

TAKEN = Condition("true", taken=True)
NOT_TAKEN = Condition("false", taken=False)
NO_BRANCH = BranchTaken("no condition was true", taken=None)


@part("when")
class When:
    condition: bool = expression_attribute(boolean, required=True)
    steps: list[PolicyStep] = policies()


@part("otherwise")
class Otherwise:
    steps: list[PolicyStep] = policies()


@policy("choose", traits="runs-policies branches", access="branches")
class Choose:
    whens: list[PolicyStep] = children(When, required=True)
    otherwise: PolicyStep | None = child(Otherwise)

    def run(self, exchange: PolicyExchange) -> None:
        for index, step in enumerate(self.whens, 1):
            when: When = exchange.evaluate(step)
            exchange.note(TAKEN if when.condition else NOT_TAKEN, step)
            if when.condition:
                self.take(exchange, f"when[{index}]", when.steps)
                return
        if self.otherwise is None:
            exchange.note(NO_BRANCH)
            return
        otherwise: Otherwise = exchange.evaluate(self.otherwise)
        exchange.note(Condition("no condition was true", taken=True), self.otherwise)
        self.take(exchange, "otherwise", otherwise.steps)

    def take(self, exchange: PolicyExchange, branch: str, steps: list[PolicyStep]) -> None:
        exchange.note(BranchTaken(branch, taken=branch))
        exchange.execute(steps)
