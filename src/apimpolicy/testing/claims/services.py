"""Harnesses for a whole service: one for each operation of each API, and each product with a policy.

Requests pass through the service (`Gateway.send`): they have the path and the method of the operation, any values of
its parameters, and a key, or none where none is needed. Requests for no operation, or without a required key, meet no
policy of an API; they belong to none of these harnesses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.gateway.context.entities import Operation, Subscription
from apimpolicy.gateway.context.records import Request
from apimpolicy.gateway.engine.api_routing import PARAMETER, prefix_of, stated_version
from apimpolicy.gateway.engine.document import AnyPolicy
from apimpolicy.gateway.engine.gateway import Gateway
from apimpolicy.gateway.engine.pipeline import preflight_steps
from apimpolicy.gateway.engine.result import Result
from apimpolicy.gateway.engine.service import Service, ServiceApi, ServiceProduct, ServiceSubscription
from apimpolicy.gateway.engine.service_requests import documents_of, operations_with_policies
from apimpolicy.gateway.engine.subscription_keys import asks_for_key, needs_key, open_product
from apimpolicy.reasoning.audit.analysis import EVERY_REQUEST
from apimpolicy.reasoning.languages.url_paths import BELOW, MAYBE_SLASH, SEGMENT, SEGMENTS, Piece, pieces_of
from apimpolicy.reasoning.scenarios.assignments import Assignment
from apimpolicy.reasoning.scenarios.harness import Harness
from apimpolicy.reasoning.scenarios.scenario import Scenario
from apimpolicy.records import Record
from apimpolicy.testing.claims.harnesses import Setup, harness_parts
from apimpolicy.testing.claims.static_proofs import policy_for_proofs

_EVERYTHING = "/{*rest}"
_IN_PATHS = "/%:@!$&'()*+,;=~"
_OF_THE_CALL = ("api", "operation", "product", "subscription", "user", "variable")
"""Inputs that requests can't set: all scopes of a service are known, so no other policy sets a variable."""


_ASKED = "Access-Control-Request-Method"


class KeyedCaller(Record):
    """A caller: a subscription of a product, or of an API, which is its `target`; each has a number."""

    kind: str
    target: str
    number: int

    @property
    def id(self) -> str:
        return f"caller-{self.kind}-{self.target}"

    @property
    def key(self) -> str:
        """Its key: what follows the first word is too short to be mistaken for a secret."""
        return f"caller key {self.number}"

    def subscription(self) -> ServiceSubscription:
        made = Subscription(self.id, primary_key=self.key, secondary_key=f"{self.id}-secondary")
        return ServiceSubscription(made, scope=f"/{self.kind}s/{self.target}")

    def table(self) -> dict[str, str]:
        """Return the subscription as a configuration has it, whose second key follows from its name."""
        return {"primary-key": self.key, self.kind: self.target}


class ServiceRoute(Record):
    """A route to an operation: its name for people, method (None: any), path, required headers, and the caller.

    The caller is None for anyone, without a key; `api` is the id of the API, `query` has required parameters, `label`
    is the name of the operation alone. `constants` are members of API and operation, as `semantics.state` names them.
    """

    api: str
    caller: KeyedCaller | None
    prefix: str
    name: str
    method: str | None
    template: tuple[Piece, ...]
    headers: dict[str, str]
    policies: dict[str, AnyPolicy]
    query: tuple[str, ...] = ()
    label: str = ""
    constants: tuple[tuple[str, str], ...] = ()

    @property
    def operation(self) -> tuple[str, str]:
        """The API and the operation as an audit names them."""
        method, _, path = self.label.partition(" ")
        if method in ("any", ""):
            return self.api, EVERY_REQUEST
        return self.api, f"{method} {path.removeprefix(self.prefix)}"


class ServiceHarness(Harness):
    """The harness of one route through a service."""

    def __init__(self, route: ServiceRoute, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.route = route
        self._paths = re.compile("".join(map(_pattern, route.template)), re.IGNORECASE | re.DOTALL)

    def request(self, scenario: Scenario, assignment: Assignment) -> Request:
        request = super().request(scenario, assignment)
        parts = urlsplit(scenario.url)
        origin = f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
        query = "&".join([*self.route.query, *filter(None, (parts.query,))])
        scenario.url = origin + self._path(assignment) + (f"?{query}" if query else "")
        scenario.entities.pop("operation", None)
        headers = {name: list(values) for name, values in request.headers.fields()}
        if self._is_preflight(request):
            headers = {**headers, _ASKED: [str(self.route.method)]}
            scenario.headers = {**scenario.headers, _ASKED: [str(self.route.method)]}
        else:
            scenario.method = self.route.method or scenario.method
            headers |= {name: [value] for name, value in self.route.headers.items()}
        return Request(
            scenario.method,
            scenario.url,
            headers=headers,
            body=request.body,
            certificate=request.certificate,
            ip_address=request.ip_address,
        )

    def _is_preflight(self, request: Request) -> bool:
        """Return whether a request asks a cors for the operation; it has no key in a header."""
        is_for_another = self.route.method not in (None, "OPTIONS")
        asks = request.method == "OPTIONS" and "Origin" in request.headers and _ASKED in request.headers
        return is_for_another and asks and bool(preflight_steps(self.program))

    def _path(self, assignment: Assignment) -> str:
        """Return a path of the route: the one that is given, unless a matched parameter is."""
        template = self.route.template
        path = assignment.get(("path",))
        if path is None or any(key[0] == "matched" for key in assignment):
            texts = (_given(piece, assignment.get(piece.key(index))) for index, piece in enumerate(template))
            path = "".join(texts)
        return str(path) if self._paths.fullmatch(path) else "".join(piece.default for piece in template)

    def send(self, gateway: Gateway, request: Request, scenario: Scenario) -> Result:
        return gateway.send(request, variables=self.variables_of(scenario))


def _given(piece: Piece, text: str | None) -> str:
    """Return a text for a segment: what is given where the segment can have it."""
    if text is None or text in (".", "..") or (not text and piece.language is SEGMENT):
        return piece.default
    return quote(text, safe=_IN_PATHS) if piece.parameter is not None else text


def _pattern(piece: Piece) -> str:
    kinds = {id(SEGMENT): "[^/]+", id(SEGMENTS): ".*", id(BELOW): "(?:/.*)?", id(MAYBE_SLASH): "/?"}
    return kinds.get(id(piece.language), re.escape(piece.default))


def service_with_keys(service: Service, callers: Iterable[KeyedCaller] | None = None) -> Service:
    """Return a service with a subscription for each caller; by default, for each API and each product.

    An API requires a key as it did before.
    """
    callers = callers_of(service) if callers is None else callers
    subscriptions = [*service.subscriptions, *(caller.subscription() for caller in callers)]
    return service.with_subscriptions(subscriptions, lambda api: asks_for_key(service, api))


def with_callers(service: Service, callers: Sequence[KeyedCaller]) -> Service:
    """Return a service with a subscription for each of the callers who can have one."""
    known = {(each.kind, each.target) for each in callers_of(service)}
    return service_with_keys(service, [each for each in callers if (each.kind, each.target) in known])


def callers_of(*services: Service) -> list[KeyedCaller]:
    """Return one caller for each product and each API of the services."""
    products = dict.fromkeys(product.id for service in services for product in service.products)
    apis = sorted({api.base_id for service in services for api in service.apis})
    targets = [*(("product", name) for name in products), *(("api", name) for name in apis)]
    return [KeyedCaller(*target, number) for number, target in enumerate(targets, 1)]


def routes_of(
    service: Service,
    callers: Sequence[KeyedCaller] | None = None,
    *,
    with_all_products: bool = False,
    with_revisions: bool = False,
) -> dict[str, list[ServiceRoute]]:
    """Return the routes through a service, by API id; `callers` are those of the service unless given.

    Unless `with_all_products`, only products with a policy count; unless `with_revisions`, only current revisions.
    Raises ConfigurationError.
    """
    known = callers_of(service) if callers is None else callers
    apis = [each for each in service.apis if with_revisions or each.api.is_current_revision]
    return {from_utf16(api.api.id): list(_routes(service, api, known, with_all_products)) for api in apis}


def harness_of_route(route: ServiceRoute, setup: Setup, opened: Service) -> ServiceHarness:
    """Return the harness of one route. Raises ConfigurationError, DiagnosticError."""
    settings, options = harness_parts(route.policies, setup)
    options["fixed"] = _OF_THE_CALL
    return ServiceHarness(route, route.policies, {**settings, "service": opened}, **options)


def group_routes(routes: Sequence[ServiceRoute]) -> list[tuple[ServiceRoute, list[ServiceRoute]]]:
    """Return groups of routes with the same policies, each with one route that covers all of their requests.

    What is proven of that one is proven of all of them.
    """
    groups: dict[tuple[object, ...], list[ServiceRoute]] = {}
    for route in routes:
        if "operation" not in route.policies:
            groups.setdefault((route.prefix, route.caller and route.caller.id), []).append(route)
    found: list[tuple[ServiceRoute, list[ServiceRoute]]] = []
    for group in groups.values():
        first = group[0]
        pieces = (Piece(first.prefix), Piece("/x", BELOW))
        name = f"any {first.prefix}/*"
        policies, headers = first.policies, first.headers
        wide = ServiceRoute(first.api, first.caller, first.prefix, name, None, pieces, headers, policies, first.query)
        wide.constants = tuple(each for each in first.constants if all(each in route.constants for route in group))
        found.append((wide, group))
    return [(wide, group) for wide, group in found if len(group) > 1]


def _routes(
    service: Service, api: ServiceApi, callers: Sequence[KeyedCaller], with_all: bool
) -> Iterator[ServiceRoute]:
    prefix, headers, query = _place(api)
    name = from_utf16(api.api.subscription_key_parameter_names.header)
    operations = operations_with_policies(api, documents_of(api))
    for product, caller in _admitted(service, api, callers, with_all):
        given = headers if caller is None else {**headers, name: caller.key}
        for described, policy in operations:
            yield _route(service, api, described.operation, policy, product, prefix, given, query, caller)
        if not operations:
            yield _route(service, api, None, None, product, prefix, given, query, caller)


def _admitted(
    service: Service, api: ServiceApi, known: Sequence[KeyedCaller], with_all: bool
) -> Iterator[tuple[ServiceProduct | None, KeyedCaller | None]]:
    """Yield who gets to an API, and the product whose policy requests then meet: see `engine.subscription_keys`."""
    callers = {(caller.kind, caller.target): caller for caller in known}
    opened = open_product(service, api)
    if not needs_key(service, api):
        yield opened if opened is not None and opened.policy is not None else None, None
    yield None, callers["api", api.base_id]
    for product in service.products_of(api):
        if product.policy is not None or with_all:
            yield product, callers["product", product.id]


def _place(api: ServiceApi) -> tuple[str, dict[str, str], tuple[str, ...]]:
    """Return the path of an API with its version, the header or parameter for it, and the parameters that it needs."""
    prefix, stated = prefix_of(api), stated_version(api)
    if stated is None:
        return prefix, {}, ()
    if stated.is_header:
        return prefix, {stated.name: stated.version}, ()
    return prefix, {}, (f"{quote(stated.name)}={quote(stated.version)}",)


def _route(
    service: Service,
    api: ServiceApi,
    operation: Operation | None,
    policy: AnyPolicy | None,
    product: ServiceProduct | None,
    prefix: str,
    headers: dict[str, str],
    query: tuple[str, ...],
    caller: KeyedCaller | None,
) -> ServiceRoute:
    template = _EVERYTHING if operation is None else from_utf16(operation.url_template)
    method = None if operation is None else from_utf16(operation.method).upper()
    label = f"{method or 'any'} {prefix}{template}"
    named = label + (f" of the product {product.id}" if product else "")
    named += "" if caller is not None else " without a key"
    documents: dict[str, AnyPolicy | None] = {
        "global": service.policy,
        "api": policy_for_proofs(api),
        "operation": policy,
    }
    if api.workspace is not None:
        documents["workspace"] = service.workspaces[api.workspace].policy
    if product is not None:
        documents["product"] = product.policy
    if "?" in template or method == "*":
        template, _, parameters = template.partition("?")
        query += tuple(PARAMETER.sub("x", parameter) for parameter in parameters.split("&") if "=" in parameter)
        method = None if method == "*" else method
    policies = {scope: document for scope, document in documents.items() if document is not None}
    below = [Piece("/x", BELOW)] if operation is None else pieces_of(template)
    pieces = (Piece(prefix), *below)
    api_id = from_utf16(api.id)
    constants = _constants("api", api.api, ("name", "path"))
    if operation is not None:
        constants += _constants("operation", operation, ("id", "name", "url_template"))
    return ServiceRoute(api_id, caller, prefix, named, method, pieces, headers, policies, query, label, constants)


def _constants(kind: str, entity: object, names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return members of an entity that are texts, by their inputs."""
    found = ((name.replace("_", "-"), getattr(entity, name)) for name in names)
    return tuple((f"{kind} {name}", value) for name, value in found if isinstance(value, str))
