"""The call of a tool as a request inside the service: the operation of its API, its address, and its own run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from apimpolicy.context.description import OperationDefinition, operation_key
from apimpolicy.context.records import Request, Response
from apimpolicy.dotnet.values import from_utf16
from apimpolicy.engine.api_routing import RoutedApi, prefix_of
from apimpolicy.engine.forwarding import NoBackendError
from apimpolicy.engine.operations import enter_operation
from apimpolicy.engine.result import Result
from apimpolicy.policies.registry import has_trait

if TYPE_CHECKING:
    from apimpolicy.context.urls import Url
    from apimpolicy.engine.api_documents import ApiDocuments
    from apimpolicy.engine.exchange import Exchange
    from apimpolicy.engine.service import Service, ServiceApi
    from apimpolicy.engine.service_requests import ServiceRequests


class Operations(Protocol):
    """The operations of a service's APIs."""

    @property
    def service(self) -> Service:
        """The service."""

    def operations_of(self, api: ServiceApi) -> Sequence[tuple[OperationDefinition, Any]]:
        """Return the operations of an API, with their policies."""

    def documents_of(self, api: ServiceApi) -> ApiDocuments:
        """Return the documents that describe an API."""


def operation_of(requests: Operations, api_id: str, operation_id: str) -> tuple[ServiceApi, OperationDefinition] | None:
    """Return the API and the operation of these ids; None if the service doesn't have them."""
    for api in requests.service.apis:
        if api.base_id.lower() != api_id.lower() or not api.api.is_current_revision:
            continue
        key = operation_key(operation_id)
        for each, _ in requests.operations_of(api):
            if operation_key(from_utf16(each.operation.id)) == key:
                return api, each
    return None


def definitions_of(requests: Operations, api: ServiceApi) -> Mapping[str, Any]:
    """Return what the schemas of an API's operations point into."""
    described = requests.documents_of(api).description
    return api.definitions if described is None else {**described.definitions, **api.definitions}


def address_of(api: ServiceApi, origin: Url, path: str) -> tuple[str, list[tuple[str, str]]]:
    """Return the URL of an operation whose path below its API is given, and the headers that name the version."""
    url = f"{origin.scheme}://{origin.authority}{prefix_of(api)}{path}"
    versions, version = api.version_set, api.api.version
    if versions is None or version is None or versions.scheme == "segment":
        return url, []
    if versions.scheme == "header":
        return url, [(versions.name, from_utf16(version))]
    return f"{url}{'&' if '?' in url else '?'}{versions.name}={from_utf16(version)}", []


def has_global_policies(requests: ServiceRequests) -> bool:
    """Return whether the global policy does anything but forward."""
    program = requests.program()
    steps = [step for each in program.sections.values() for step in each]
    return any(not has_trait(step.name, "forwards") for step in steps)


def call(
    requests: ServiceRequests, outer: Exchange, api: ServiceApi, operation: OperationDefinition, request: Request
) -> Result:
    """Send a request inside the service to an operation of an API: its key is checked, and its scopes run.

    What it sends also counts for the outer request. Where nothing responds to what it sends, the status is 0.
    """
    exchange = requests.gateway.exchange(request)
    exchange.doubles = outer.doubles
    exchange.is_hop = True
    routed = RoutedApi(api, prefix_of(api).strip("/"))
    requests.enter_api(exchange, routed)
    policy = next(policy for each, policy in requests.operations_of(api) if each is operation)
    enter_operation(exchange, exchange.context.api, [operation], lambda: False)
    try:
        result = requests.run(exchange, routed, policy)
    except NoBackendError as error:
        result = Result(exchange, Response(0, error.reason))
    outer.backend_requests += exchange.backend_requests
    outer.sent_requests += exchange.sent_requests
    outer.metrics += exchange.metrics
    return result
