"""Route a request through a whole service: its API, operation, product and subscription, then the policies."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

from apimpolicy.csharp.dotnet.environment import use_environment
from apimpolicy.errors import ConfigurationError, NotSimulatedError
from apimpolicy.gateway.context.description import OperationDefinition
from apimpolicy.gateway.context.entities import Api
from apimpolicy.gateway.context.records import Request
from apimpolicy.gateway.engine import pipeline
from apimpolicy.gateway.engine.api_documents import ApiDocuments
from apimpolicy.gateway.engine.api_routing import RoutedApi, enter_operation, find_api
from apimpolicy.gateway.engine.document import AnyPolicy, Policy, is_markup
from apimpolicy.gateway.engine.exchange import Exchange, Unmatched
from apimpolicy.gateway.engine.forwarding import path_below
from apimpolicy.gateway.engine.mcp.servers import ENDPOINT, McpServer
from apimpolicy.gateway.engine.result import Result
from apimpolicy.gateway.engine.steps import Program
from apimpolicy.gateway.engine.subscription_keys import Admission, admit
from apimpolicy.gateway.engine.variables import set_variables
from apimpolicy.gateway.policies.cors import is_preflight
from apimpolicy.gateway.policies.surroundings import PolicyError
from apimpolicy.text.source import from_utf16

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.gateway import Gateway
    from apimpolicy.gateway.engine.partial_runs import AnyDouble
    from apimpolicy.gateway.engine.service import Service, ServiceApi, ServiceOperation

WITHOUT_OPERATIONS = ("mcp", "a2a")
"""Kinds of APIs whose requests are all for one endpoint, or for the description of the server."""
TRACE_HEADER = "Ocp-Apim-Trace"


class ServiceRequests:
    """Sends requests through the service of a gateway, whose settings hold for all of its APIs."""

    def __init__(self, gateway: Gateway, service: Service) -> None:
        self.gateway = gateway
        self.service = service
        self._documents: dict[ServiceApi, ApiDocuments] = {}
        self._operations: dict[ServiceApi, list[tuple[OperationDefinition, AnyPolicy | None]]] = {}

    def send(self, request: Request, variables: Mapping[str, object], doubles: Mapping[str, AnyDouble]) -> Result:
        """Raises as `Gateway.run` does."""
        with use_environment(self.gateway.environment()):
            exchange = self.gateway.exchange(request)
            exchange.doubles = doubles
            if self.gateway.is_over_capacity(request):
                return Result(exchange, pipeline.answer_over_capacity(exchange).to_response())
            set_variables(exchange, variables)
            routed = find_api(self.service, exchange.request)
            if routed is None:
                exchange.unmatched = Unmatched(self.service.apis)
                return Result(exchange, pipeline.answer_unmatched(exchange, self.program()).to_response())
            self.enter_api(exchange, routed)
            operation_policy = self._find_operation(exchange, routed, self._known_product(exchange, routed))
            if operation_policy is _NO_OPERATION:
                operations = [described.operation for described, _ in self.operations_of(routed.api)]
                exchange.unmatched = Unmatched((), routed.api.id, routed.prefix, operations)
                return Result(exchange, pipeline.answer_unmatched(exchange, self.program()).to_response())
            assert not isinstance(operation_policy, _NoOperation)
            return self.run(exchange, routed, operation_policy)

    def run(self, exchange: Exchange, routed: RoutedApi, operation_policy: AnyPolicy | None) -> Result:
        """Check the key of a request to an operation, and run the policies of all its scopes. Raises as `send` does."""
        has_global = not exchange.is_hop or self.gateway.mcp_global == "twice"
        program = self.program(routed.api, operation_policy, has_global=has_global)
        try:
            admission = self._admit(exchange, routed, program)
        except PolicyError as error:
            return Result(exchange, pipeline.answer_denied(exchange, program, error).to_response())
        if admission.product is not None:
            program = self.program(routed.api, operation_policy, admission, has_global=has_global)
        result = Result(exchange, pipeline.run(exchange, program).to_answer())
        if exchange.endpoint is not None:
            responded = exchange.answer is not None or exchange.is_served or exchange.last_error is not None
            exchange.endpoint.finish(result.response, is_served=responded or is_preflight(exchange.request))
            exchange.endpoint = None
        return result

    def enter_api(self, exchange: Exchange, routed: RoutedApi) -> None:
        api, context = routed.api, exchange.context
        documents = self.documents_of(api)
        exchange.services = copy.copy(exchange.services)
        exchange.services.documents = documents
        exchange.api_prefix = routed.prefix
        context.api = api.api
        described = documents.description
        if api.api.service_url is None and described is not None and described.service_url is not None:
            context.api = copy.copy(api.api)
            context.api.service_url = Api(service_url=described.service_url).service_url
        if api.mcp is not None:
            self._enter_server(exchange, api, api.mcp)
        if api.workspace is not None:
            context.workspace = self.service.workspaces[api.workspace].workspace

    def _enter_server(self, exchange: Exchange, api: ServiceApi, server: McpServer) -> None:
        """Make the gateway respond as the MCP server, or forward to the backend of one that exists elsewhere."""
        if server.answers:
            from apimpolicy.gateway.engine.mcp.endpoint import McpEndpoint

            exchange.endpoint = McpEndpoint(self, exchange, api, server)
        elif server.backend_id is not None:
            exchange.backend_id, exchange.backend_scope = server.backend_id, "api"
            exchange.context.backend = exchange.services.backends.entity(server.backend_id)

    def _admit(self, exchange: Exchange, routed: RoutedApi, program: Program) -> Admission:
        """Admit the request; a preflight, which can't have a key in a header, always. Raises PolicyError."""
        context = exchange.context
        preflight = is_preflight(exchange.request) and context.operation.method != "OPTIONS"
        try:
            admission = admit(self.service, routed, exchange.request)
        except PolicyError:
            if not (preflight and pipeline.preflight_steps(program)):
                raise
            admission = Admission()
        if admission.product is None and not self.service.subscriptions and self.gateway.product is not None:
            wanted = from_utf16(self.gateway.product.id)
            named = (each for each in self.service.products_of(routed.api) if each.id == wanted)
            admission = Admission(next(named, None))
        context.product = None if admission.product is None else admission.product.product
        context.subscription = admission.subscription or self.gateway.subscription
        context.user = admission.user or self.gateway.user
        asked = (exchange.request.headers.joined(TRACE_HEADER) or "").lower() == "true"
        context.tracing = asked and admission.allow_tracing
        return admission

    def _known_product(self, exchange: Exchange, routed: RoutedApi) -> Admission | None:
        """Return the product of a preflight that brings its key in the query, whose cors policies see it."""
        if not is_preflight(exchange.request):
            return None
        try:
            return admit(self.service, routed, exchange.request)
        except PolicyError:
            return None

    def _find_operation(
        self, exchange: Exchange, routed: RoutedApi, admission: Admission | None
    ) -> AnyPolicy | _NoOperation | None:
        """Return the policy of the operation that the request is for."""
        server = routed.api.mcp
        if server is not None and server.answers:
            return self._find_endpoint(exchange, routed)
        if routed.api.api.kind in WITHOUT_OPERATIONS:
            return None
        operations = self.operations_of(routed.api)
        if not operations:
            described = self.documents_of(routed.api).description
            if described is not None and not described.takes_everything:
                return _NO_OPERATION
            if routed.api.operation_policies and not routed.api.is_lenient:
                raise NotSimulatedError(
                    f"the operations of the API '{routed.api.id}'", "no specification says what their URLs are"
                )
            return None
        chosen = enter_operation(
            exchange,
            Api(path=routed.prefix),
            [definition for definition, _ in operations],
            lambda: bool(pipeline.preflight_steps(self.program(routed.api, None, admission))),
        )
        if chosen is None:
            return _NO_OPERATION
        return next(policy for definition, policy in operations if definition is chosen)

    @staticmethod
    def _find_endpoint(exchange: Exchange, routed: RoutedApi) -> _NoOperation | None:
        """Return None at the endpoint of an MCP server. Raises NotSimulatedError for that of another transport."""
        rest = (path_below(from_utf16(exchange.request.url.path), routed.prefix) or "/").rstrip("/").lower()
        if rest in ("/sse", "/messages"):
            raise NotSimulatedError(f"the transport of the MCP server '{routed.api.id}' at {rest}", "use /mcp")
        return None if rest == ENDPOINT else _NO_OPERATION

    def documents_of(self, api: ServiceApi) -> ApiDocuments:
        found = self._documents.get(api)
        if found is None:
            found = self._documents[api] = documents_of(api)
        return found

    def operations_of(self, api: ServiceApi) -> list[tuple[OperationDefinition, AnyPolicy | None]]:
        found = self._operations.get(api)
        if found is None:
            found = self._operations[api] = operations_with_policies(api, self.documents_of(api))
        return found

    def program(
        self,
        api: ServiceApi | None = None,
        operation_policy: AnyPolicy | None = None,
        admission: Admission | None = None,
        *,
        has_global: bool = True,
    ) -> Program:
        """Return the effective policies; without an API those of the global scope."""
        given: dict[str, AnyPolicy | None] = {"global": self.service.policy if has_global else None}
        if api is not None:
            if api.workspace is not None:
                given["workspace"] = self.service.workspaces[api.workspace].policy
            if admission is not None and admission.product is not None:
                given["product"] = admission.product.policy
            given |= {"api": api.policy, "operation": operation_policy}
        known = {name: self._named(name, one, api, admission) for name, one in given.items() if one is not None}
        scopes: dict[str, Policy] = self.gateway.scopes(known)
        return self.gateway.program(scopes)

    def _named(self, scope: str, policy: AnyPolicy, api: ServiceApi | None, admission: Admission | None) -> AnyPolicy:
        """Return the policy; one that is a text has the name of its owner."""
        if not isinstance(policy, str) or not is_markup(policy):
            return policy
        name = f"<{scope} policy>"
        if scope == "product" and admission is not None and admission.product is not None:
            name = f"<policy of the product '{admission.product.id}'>"
        elif scope in ("api", "operation") and api is not None:
            name = f"<policy of {'an operation of ' if scope == 'operation' else ''}the API '{api.id}'>"
        return self.gateway.policies.document(policy, name)


class _NoOperation:
    """The request matches none of the API's operations."""


_NO_OPERATION = _NoOperation()


def documents_of(api: ServiceApi) -> ApiDocuments:
    """Return the documents of an API; none of them where one can't be read and the API is lenient.

    Raises ConfigurationError.
    """
    try:
        return ApiDocuments(api.openapi, api.schemas, api.wsdl, api.graphql_schema)
    except ConfigurationError as error:
        if not api.is_lenient:
            raise
        return ApiDocuments(problem=str(error))


def operations_with_policies(
    api: ServiceApi, documents: ApiDocuments
) -> list[tuple[OperationDefinition, AnyPolicy | None]]:
    """Return the operations of an API, given ones in the place of described ones. Raises ConfigurationError."""
    description = documents.description
    described = [] if description is None else list(description.operations)
    policies = dict(api.operation_policies)
    pairs: list[tuple[OperationDefinition, AnyPolicy | None]] = []
    for documented in described:
        own = next((one for one in api.operations if _is_same(one, documented)), None)
        policy = policies.pop(from_utf16(documented.operation.id), None)
        if own is None:
            pairs.append((documented, policy))
        else:
            pairs.append((attrs.evolve(documented, operation=own.operation), own.policy or policy))
    for one in api.operations:
        if not any(each.operation is one.operation for each, _ in pairs):
            policy = one.policy or policies.pop(from_utf16(one.operation.id), None)
            definition = OperationDefinition(one.operation, one.parameters, one.contents, is_described=False)
            pairs.append((definition, policy))
    if policies and pairs and not api.is_lenient:
        names = ", ".join(from_utf16(each.operation.id) for each, _ in pairs[:8])
        raise ConfigurationError(
            f"the API '{api.id}' has a policy for the operation '{next(iter(policies))}', which is not there;"
            f" its operations are {names}"
        )
    return pairs


def _is_same(given: ServiceOperation, described: OperationDefinition) -> bool:
    one, other = given.operation, described.operation
    same = (one.method.upper(), one.url_template) == (other.method.upper(), other.url_template)
    return same or one.id == other.id
