"""validate-status-code: refuse a response whose status the API's description does not have.

```xml
<validate-status-code unspecified-status-code-action="prevent" errors-variable-name="statusCode">
    <status-code code="404" action="ignore" />
</validate-status-code>
```

A `status-code` overrides the action for one status that is not described. The description is
`Gateway(openapi="orders.yaml")`.

A status that is not described is an error with Name, Type, ValidationRule, Details and Action. With the action `detect`
it goes to the variable that `errors-variable-name` names, and the response continues; with `prevent` it goes there too,
and the caller gets 502 without details. `context.LastError` has the reason "Response not allowed" and the details.

Simulated in full. Our choices: ranges (`4XX`) and `default` describe every status that they include; an operation
that is not described is the error of a schema that does not exist, with the action for the status. The variable and
missing descriptions are treated as by validate-parameters.

Source: https://learn.microsoft.com/azure/api-management/validate-status-code-policy
"""

from __future__ import annotations

from apimpolicy.gateway.policies.conversions import STATUS_CODES, integer
from apimpolicy.gateway.policies.effects import Effect
from apimpolicy.gateway.policies.parameter_errors import without_description
from apimpolicy.gateway.policies.placement import Placement
from apimpolicy.gateway.policies.spec import (
    PolicyExchange,
    PolicyStep,
    children,
    expression_attribute,
    literal_attribute,
    part,
    policy,
)
from apimpolicy.gateway.policies.surroundings import azure_text
from apimpolicy.gateway.policies.validation_errors import (
    ACTIONS,
    UNSPECIFIED,
    ErrorLog,
    ValidationError,
    description_of,
)


@part("status-code")
class StatusCodeRule:
    code: int = literal_attribute(integer, required=True, within=STATUS_CODES)
    action: str = expression_attribute(required=True, values=ACTIONS)


@policy(
    "validate-status-code",
    sections="outbound on-error",
    placement=Placement(once="section"),
    traits="bounded-numbers checks-status",
    effects="refuses variables",
    access="passes",
)
class ValidateStatusCode:
    unspecified_status_code_action: str = expression_attribute(required=True, values=ACTIONS)
    errors_variable_name: str | None = literal_attribute()
    status_codes: list[PolicyStep] = children(StatusCodeRule)

    def run(self, exchange: PolicyExchange) -> Effect:
        log = ErrorLog(exchange, self.errors_variable_name)
        status = exchange.reply.status_code
        rules: list[StatusCodeRule] = [exchange.evaluate(step) for step in self.status_codes]
        actions = {rule.code: rule.action for rule in rules}
        action = actions.get(status, self.unspecified_status_code_action)
        operation = exchange.described_operation
        if description_of(exchange, action) is None or operation is None:
            log.add([without_description()], action)
        elif operation.response_for(status) is None:
            text = azure_text("status-unspecified", code=status)
            error = ValidationError(str(status), "StatusCode", UNSPECIFIED, text)
            log.add([error], action)
        return log.effect(f"status {status}")
