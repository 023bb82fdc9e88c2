"""validate-graphql-request: validate a GraphQL request: the schema, its size and depth, and rules for its fields.

```xml
<validate-graphql-request error-variable-name="errors" max-size="102400" max-depth="4">
    <authorize>
        <rule path="/__*" action="reject" />
        <rule path="/Missions/name" action="@(context.Request.Headers.Count > 2 ? "remove" : "allow")" />
    </authorize>
</validate-graphql-request>
```

A request that is too large, too deep, not GraphQL, or does not fit the schema is a request error: the response has
`errors` and no `data`, and the backend gets nothing. The path of a rule is `/type/field`, with `*` for any part of a
name. Of several rules that match a field the most specific one counts; `ignore` leaves the decision to the next one:
`reject` refuses the request, `remove` removes the field from the query, `allow` (the default) lets it pass. All errors
are in `context.Variables["GraphQLErrors"]`, and in the variable that `error-variable-name` names.

Give the schema to the gateway, `Gateway(graphql_schema="schema.graphql")`; without one the policy fails.

Simulated: POST requests with JSON or, as `application/graphql`, with the query alone (release notes of July 2022), and
GET requests with `query`; more than 250 fields are refused (documented). `max-total-depth` and `max-complexity`, which
only the editor's schema knows, fail by name, because no document says what they limit. Our choices, where the
documentation is silent:

- The response has status 400 and content type application/json; the error's reason is null; its text is our own, or
  graphql-core's for an error in the query.
- A path with one part concerns fields of the operation's root type. Rules concern every field, with a selection of its
  own or not.
- A field without any field left is removed too, and when nothing is left the request is refused. The error of a removed
  field is not in the response.

Source: https://learn.microsoft.com/azure/api-management/validate-graphql-request-policy
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.values import from_utf16, to_utf16
from apimpolicy.errors import ConfigurationError, NotSimulatedError
from apimpolicy.gateway.policies.conversions import Range, integer, trimmed
from apimpolicy.gateway.policies.effects import Effect, GraphqlValidated
from apimpolicy.gateway.policies.placement import Placement
from apimpolicy.gateway.policies.spec import (
    PolicyError,
    PolicyExchange,
    PolicyStep,
    child,
    children,
    expression_attribute,
    part,
    policy,
)
from apimpolicy.gateway.policies.surroundings import azure_text

if TYPE_CHECKING:
    from graphql import GraphQLSchema

    from apimpolicy.gateway.policies.graphql_requests import GraphQLRequest

MAX_FIELDS = 250
ERRORS = "GraphQLErrors"


@part("rule")
class PathRule:
    path: str = expression_attribute(trimmed, required=True)
    action: str = expression_attribute(default="allow", values=("allow", "remove", "reject", "ignore"))


@part("authorize")
class AuthorizationRules:
    rules: list[PolicyStep] = children(PathRule, required=True)


@policy(
    "validate-graphql-request",
    sections="inbound",
    placement=Placement(not_at=("operation",), once="section"),
    left_out="`max-total-depth` and `max-complexity`, which fail by name",
    traits="bounded-numbers",
    effects="refuses variables variable:GraphQLErrors url message-body",
    chosen_refusal="the status 400 and the text",
    access="passes",
)
class ValidateGraphQLRequest:
    error_variable_name: str | None = expression_attribute()
    max_size: int = expression_attribute(integer, required=True, default=102_400, within=Range(0, 102_400))
    max_depth: int = expression_attribute(integer, default=6)
    max_total_depth: str | None = expression_attribute()
    max_complexity: str | None = expression_attribute()
    authorize: PolicyStep | None = child(AuthorizationRules)

    def run(self, exchange: PolicyExchange) -> Effect:
        from apimpolicy.gateway.policies.graphql_requests import GraphQLRequestError

        for name, value in (("max-total-depth", self.max_total_depth), ("max-complexity", self.max_complexity)):
            if value is not None:
                raise NotSimulatedError(f"validate-graphql-request {name}", "it is undocumented")
        schema = exchange.services.documents.graphql_schema
        if schema is None:
            raise ConfigurationError("the gateway has no GraphQL schema; give it one: Gateway(graphql_schema=…)")
        try:
            request = self.valid_request(exchange, schema)
            removed = self.authorized(exchange, schema, request)
        except GraphQLRequestError as error:
            raise self.refusal(exchange, error.entries) from None
        if removed:
            self.log(exchange, [{"message": azure_text("graphql-field-removed", name=name)} for name in removed])
        shown = f"valid; removed {', '.join(removed)}" if removed else "valid"
        return GraphqlValidated(shown, removed=tuple(removed))

    def valid_request(self, exchange: PolicyExchange, schema: GraphQLSchema) -> GraphQLRequest:
        from apimpolicy.gateway.policies.graphql_requests import GraphQLRequest, GraphQLRequestError, error
        from apimpolicy.gateway.policies.message_text import content_of, size_of

        try:
            content = content_of(exchange.request)
        except ValueError as problem:
            raise GraphQLRequestError({"message": str(problem)}) from None
        size = size_of(exchange.request, content)
        if size > self.max_size:
            raise error("graphql-too-long", size=size, limit=self.max_size)
        request = GraphQLRequest.of(exchange.request, content)
        depth, count = request.measure(MAX_FIELDS)
        if count > MAX_FIELDS:
            raise error("graphql-too-many-fields", limit=MAX_FIELDS)
        if depth > self.max_depth:
            raise error("graphql-depth", depth=depth, limit=self.max_depth)
        request.validate(schema)
        return request

    def authorized(self, exchange: PolicyExchange, schema: GraphQLSchema, request: GraphQLRequest) -> list[str]:
        """Apply the rules; the names of what was removed. Raises GraphQLRequestError."""
        from apimpolicy.gateway.policies.graphql_requests import error

        if self.authorize is None:
            return []
        group: AuthorizationRules = exchange.evaluate(self.authorize)
        rules = sorted(  # the most specific first: fewer wildcards, then more characters
            (rule for rule in map(exchange.evaluate, group.rules) if rule.action != "ignore"),
            key=lambda rule: (rule.path.count("*"), -len(rule.path)),
        )
        removed: list[str] = []

        def is_removed(type_name: str, field: str, is_root: bool) -> bool:
            for rule in rules:
                if not _matches(from_utf16(rule.path), type_name, field, is_root):
                    continue
                name = f"{type_name}.{field}" if type_name else field
                if rule.action == "reject":
                    raise error("graphql-field-refused", name=name)
                if rule.action == "remove" and name not in removed:
                    removed.append(name)
                return bool(rule.action == "remove")
            return False

        query = request.without(schema, is_removed)
        if not removed:
            return removed
        if query is None:
            raise error("graphql-nothing-left")
        request.send(exchange.request, query)
        return removed

    def refusal(self, exchange: PolicyExchange, entries: list[dict[str, Any]]) -> PolicyError:
        from apimpolicy.gateway.context.header_fields import HeaderCollection
        from apimpolicy.gateway.context.messages import ResponseMessage

        self.log(exchange, entries)
        body = json.dumps({"errors": entries}, ensure_ascii=False).encode("utf-8", "replace")
        headers = HeaderCollection([("Content-Type", ["application/json"])])
        response = ResponseMessage(400, headers=headers, body=body, second_read=exchange.request.second_read)
        return PolicyError(None, to_utf16(entries[0]["message"]), 400, response)

    def log(self, exchange: PolicyExchange, entries: list[dict[str, Any]]) -> None:
        from apimpolicy.gateway.policies.validation_errors import json_token

        exchange.variables[ERRORS] = json_token(entries)
        if self.error_variable_name:
            exchange.variables[from_utf16(self.error_variable_name)] = json_token(entries)


def _matches(path: str, type_name: str, field: str, is_root: bool) -> bool:
    """Return whether a rule is about a field.

    >>> _matches("/Query/*", "Query", "users", True), _matches("/__*", "Query", "__schema", True)
    (True, True)
    """
    from fnmatch import fnmatchcase

    parts = [part.replace("[", "[[]").replace("?", "[?]") for part in path.strip("/").split("/")]
    if len(parts) == 1:
        return is_root and fnmatchcase(field, parts[0])
    return len(parts) == 2 and fnmatchcase(type_name, parts[0]) and fnmatchcase(field, parts[1])
