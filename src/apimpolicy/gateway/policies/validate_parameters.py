"""validate-parameters: validate a request's headers, query and path against the API's description.

```xml
<validate-parameters
    specified-parameter-action="prevent"
    unspecified-parameter-action="prevent"
    errors-variable-name="requestParametersValidation">
    <headers specified-parameter-action="detect" unspecified-parameter-action="detect">
        <parameter name="Authorization" action="prevent" />
        <parameter name="User-Agent" action="ignore" />
    </headers>
</validate-parameters>
```

`headers`, `query` and `path` override the actions for their kind of parameter, and a `parameter` that for one name. The
description is `Gateway(openapi="orders.yaml")`.

Each error has Name, Type, ValidationRule, Details and Action. The errors go to the variable in `errors-variable-name`.
With the action `detect` the request continues. With `prevent` the caller gets 400 with the details. `context.LastError`
has the reason "Bad request" and the details.

Simulated in full. Our choices, where the documentation is silent:

- Headers come first, then the query, then the path, and the first parameter with an error to prevent ends it. A
  required parameter that is missing is an IncorrectMessage.
- Headers and query are those that earlier policies left, not those that the caller sent; their names ignore
  case. `Cookie`, `Content-Type`, `Accept` and `Authorization` are headers like any other, although OpenAPI leaves the
  last three out of a description. `Host`, and the header and the query parameter of the subscription key, count as
  specified.
- Arrays and objects are read by `style`, `explode` and `collectionFormat`.
- The variable is a `JArray`, and exists only if there is an error. An operation that the description does not have is
  the documented error of a schema that does not exist; without any description, `prevent` raises
  ConfigurationError and `detect` reports that same error.

Source: https://learn.microsoft.com/azure/api-management/validate-parameters-policy
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.gateway.context.description import HEADER, PATH, QUERY, ParameterDefinition
from apimpolicy.gateway.policies.conversions import trimmed
from apimpolicy.gateway.policies.parameter_errors import (
    REQUEST_PLACES,
    ParameterChecker,
    parameter_errors,
    unspecified,
    without_description,
)
from apimpolicy.gateway.policies.placement import Placement
from apimpolicy.gateway.policies.spec import child, children, expression_attribute, literal_attribute, part, policy
from apimpolicy.gateway.policies.validation_errors import ACTIONS, IGNORE, ErrorLog, description_of, strictest
from apimpolicy.records import Record

if TYPE_CHECKING:
    from apimpolicy.gateway.policies.effects import Effect
    from apimpolicy.gateway.policies.spec import PolicyExchange, PolicyStep


@part("parameter")
class ParameterRule:
    name: str = literal_attribute(trimmed, required=True, doubt="unknown-expression")
    action: str = expression_attribute(required=True, values=ACTIONS)


@part("headers")
class HeaderRules:
    specified_parameter_action: str | None = expression_attribute(values=ACTIONS)
    unspecified_parameter_action: str | None = expression_attribute(values=ACTIONS)
    parameters: list[PolicyStep] = children(ParameterRule)


@part("query")
class QueryRules(HeaderRules):
    """The actions for parameters of the query."""


@part("path")
class PathRules(HeaderRules):
    """The actions for parameters of the path."""


class _Actions(Record):
    """The actions for parameters of one location."""

    specified: str
    unspecified: str
    by_name: dict[str, str]

    @property
    def all(self) -> tuple[str, ...]:
        return self.specified, self.unspecified, *self.by_name.values()

    def for_name(self, name: str, *, is_specified: bool) -> str:
        return self.by_name.get(name.lower(), self.specified if is_specified else self.unspecified)


@policy(
    "validate-parameters",
    sections="inbound",
    placement=Placement(once="section"),
    effects="refuses variables",
    access="passes",
)
class ValidateParameters:
    specified_parameter_action: str = expression_attribute(required=True, values=ACTIONS)
    unspecified_parameter_action: str = expression_attribute(required=True, values=ACTIONS)
    errors_variable_name: str | None = literal_attribute()
    headers: PolicyStep | None = child(HeaderRules)
    query: PolicyStep | None = child(QueryRules)
    path: PolicyStep | None = child(PathRules)

    def run(self, exchange: PolicyExchange) -> Effect:
        log = ErrorLog(exchange, self.errors_variable_name)
        parts = ((HEADER, self.headers), (QUERY, self.query), (PATH, self.path))
        by_location = [(location, self.actions(exchange, step)) for location, step in parts]
        action = strictest(action for _, actions in by_location for action in actions.all)
        operation, description = exchange.described_operation, description_of(exchange, action)
        if operation is None or description is None:
            log.add([without_description()], action)
            return log.effect("parameters")
        checker = ParameterChecker(description, exchange.services.documents.compiled)
        for location, actions in by_location:
            self.check(exchange, log, checker, location, actions, operation.parameters_in(location))
        return log.effect("parameters")

    def actions(self, exchange: PolicyExchange, step: PolicyStep | None) -> _Actions:
        if step is None:
            return _Actions(self.specified_parameter_action, self.unspecified_parameter_action, {})
        rules: HeaderRules = exchange.evaluate(step)
        named: list[ParameterRule] = [exchange.evaluate(entry) for entry in rules.parameters]
        return _Actions(
            rules.specified_parameter_action or self.specified_parameter_action,
            rules.unspecified_parameter_action or self.unspecified_parameter_action,
            {from_utf16(rule.name).lower(): rule.action for rule in named},
        )

    def check(
        self,
        exchange: PolicyExchange,
        log: ErrorLog,
        checker: ParameterChecker,
        location: str,
        actions: _Actions,
        described: list[ParameterDefinition],
    ) -> None:
        place = REQUEST_PLACES[location]
        present = _present(exchange, location)
        for parameter in described:
            action = actions.for_name(parameter.name, is_specified=True)
            values = _values(present, location, parameter)
            if action != IGNORE:
                log.add(parameter_errors(checker, place, parameter, values), action)
        for key, (name, _) in present.items():
            if key not in _own_names(exchange, location):
                log.add([unspecified(place, name)], actions.for_name(name, is_specified=False))


def _key(location: str, name: str) -> str:
    return name if location == PATH else name.lower()


def _values(present: dict[str, tuple[str, list[str]]], location: str, parameter: ParameterDefinition) -> list[str]:
    """Return the values of a parameter, taken out of what is there; of a deep object names and values in turn."""
    if not parameter.is_deep:
        return present.pop(_key(location, parameter.name), ("", []))[1]
    prefix = f"{parameter.name}[".lower()
    keys = [key for key in present if key.startswith(prefix) and key.endswith("]")]
    return [text for name, values in map(present.pop, keys) for text in (name[len(prefix) : -1], values[0])]


def _present(exchange: PolicyExchange, location: str) -> dict[str, tuple[str, list[str]]]:
    """Return names and values of the parameters of the request, by a key for comparison."""
    request = exchange.request
    if location == PATH:
        pairs = [(from_utf16(pair.key), [from_utf16(pair.value)]) for pair in request.matched_parameters]
        template = exchange.url_template.partition("?")[0]
        return {
            name: (name, values) for name, values in pairs if f"{{{name}}}" in template or f"{{*{name}}}" in template
        }
    fields = (request.headers if location == HEADER else request.url.query).fields()
    found = ((from_utf16(name), [from_utf16(value) for value in values]) for name, values in fields)
    return {_key(location, name): (name, values) for name, values in found}


def _own_names(exchange: PolicyExchange, location: str) -> tuple[str, ...]:
    """Return names that no description has and that every request may have: of the key, and `Host`."""
    names = exchange.context.api.subscription_key_parameter_names
    if location == HEADER:
        return (from_utf16(names.header).lower(), "host")
    return (from_utf16(names.query).lower(),) if location == QUERY else ()
