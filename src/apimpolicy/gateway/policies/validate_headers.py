"""validate-headers: validate a response's headers against the API's description.

```xml
<validate-headers specified-header-action="ignore" unspecified-header-action="prevent" errors-variable-name="headers">
    <header name="X-Request-Id" action="ignore" />
</validate-headers>
```

A `header` overrides the action for one name. The description is `Gateway(openapi="orders.yaml")`; the headers are
those of the status of the response.

What is wrong becomes an error with Name, Type, ValidationRule, Details and Action. With the action `detect` the errors
go to the variable that `errors-variable-name` names, and the response continues; with `prevent` they go there too, and
the caller gets 502 without details. `context.LastError` has the reason "Response not allowed" and the details.

Simulated in full. Our choices, where the documentation is silent: every header that the description does not have is
unspecified, `Content-Type` included; a required header that is missing is an IncorrectMessage; a status that is not
described has no headers. The variable and missing descriptions are treated as by validate-parameters.

Source: https://learn.microsoft.com/azure/api-management/validate-headers-policy
"""

from __future__ import annotations

from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.gateway.policies.conversions import trimmed
from apimpolicy.gateway.policies.effects import Effect
from apimpolicy.gateway.policies.parameter_errors import (
    RESPONSE_HEADER,
    ParameterChecker,
    parameter_errors,
    unspecified,
    without_description,
)
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
from apimpolicy.gateway.policies.validation_errors import ACTIONS, IGNORE, ErrorLog, description_of, strictest


@part("header")
class HeaderRule:
    name: str = literal_attribute(trimmed, required=True, doubt="unknown-expression")
    action: str = expression_attribute(required=True, values=ACTIONS)


@policy(
    "validate-headers",
    sections="outbound on-error",
    placement=Placement(once="section"),
    effects="refuses variables",
    access="passes",
)
class ValidateHeaders:
    specified_header_action: str = expression_attribute(required=True, values=ACTIONS)
    unspecified_header_action: str = expression_attribute(required=True, values=ACTIONS)
    errors_variable_name: str | None = literal_attribute()
    headers: list[PolicyStep] = children(HeaderRule)

    def run(self, exchange: PolicyExchange) -> Effect:
        log = ErrorLog(exchange, self.errors_variable_name)
        rules: list[HeaderRule] = [exchange.evaluate(step) for step in self.headers]
        actions = {from_utf16(rule.name).lower(): rule.action for rule in rules}
        action = strictest([self.specified_header_action, self.unspecified_header_action, *actions.values()])
        operation, description = exchange.described_operation, description_of(exchange, action)
        if operation is None or description is None:
            log.add([without_description()], action)
            return log.effect("headers")
        checker = ParameterChecker(description, exchange.services.documents.compiled)
        response = exchange.reply
        described = operation.response_for(response.status_code)
        present = {
            from_utf16(name).lower(): (from_utf16(name), [from_utf16(value) for value in values])
            for name, values in response.headers.fields()
        }
        for header in described.headers if described is not None else ():
            values = present.pop(header.name.lower(), ("", []))[1]
            action = actions.get(header.name.lower(), self.specified_header_action)
            if action != IGNORE:
                log.add(parameter_errors(checker, RESPONSE_HEADER, header, values), action)
        for key, (name, _) in present.items():
            log.add([unspecified(RESPONSE_HEADER, name)], actions.get(key, self.unspecified_header_action))
        return log.effect("headers")
