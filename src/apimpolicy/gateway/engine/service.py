"""An API Management service as it is configured: APIs, products, subscriptions and workspaces, each with its policy.

    service = Service(
        apis=[ServiceApi(Api("orders", path="orders"), policy="orders.xml", operations=[
            ServiceOperation(Operation("get", "GET", url_template="/{id}"), policy="get.xml"),
        ])],
        products=[ServiceProduct(Product("starter"), apis=["orders"])],
        subscriptions=[ServiceSubscription(Subscription("partner", primary_key="k1"), scope="/products/starter")],
    )
    Gateway(service=service).send(Request.get("/orders/17", headers={"Ocp-Apim-Subscription-Key": "k1"}))

Policies are what `Gateway.run` takes: a path, a text or a `Policy`. Scopes of subscriptions are written as Azure does:
`/products/starter`, `/apis/orders`, `/apis` for all APIs, and `/` for the built-in all-access subscription (`master`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.context.entities import Api, Operation, Product, Subscription, User, Workspace
from apimpolicy.text.source import from_utf16

if TYPE_CHECKING:
    from apimpolicy.gateway.context.description import Content, ParameterDefinition
    from apimpolicy.gateway.engine.document import AnyPolicy
    from apimpolicy.gateway.engine.mcp.servers import McpServer

SCHEMES = ("segment", "header", "query")
STATES = ("active", "suspended", "submitted", "rejected", "cancelled", "expired")


@attrs.frozen
class VersionSet:
    """The place of an API's version in requests: a `segment` of the path behind the API's, or the value of a
    `header` or of a parameter of the `query`, called `name`.
    """

    scheme: str = attrs.field(default="segment")
    name: str = "api-version"

    @scheme.validator
    def _check(self, _: object, value: str) -> None:
        if value not in SCHEMES:
            raise ConfigurationError(f"the scheme of a version set is {', '.join(SCHEMES)}, not {value!r}")


@attrs.frozen
class ServiceOperation:
    """An operation with its policy; `parameters` and `contents` of its requests are those that a tool of it has."""

    operation: Operation
    policy: AnyPolicy | None = None
    parameters: tuple[ParameterDefinition, ...] = attrs.field(default=(), kw_only=True)
    contents: tuple[Content, ...] = attrs.field(default=(), kw_only=True)


def _operations(given: Iterable[ServiceOperation | Operation]) -> tuple[ServiceOperation, ...]:
    return tuple(ServiceOperation(each) if isinstance(each, Operation) else each for each in given)


@attrs.frozen(eq=False)
class ServiceApi:
    """An API. Operations are those of `openapi` and those given, which count before described ones of the same id
    or of the same method and template. One without any takes every request below its path.

    `operation_policies` are the policies of described operations, by id. `openapi`, `schemas`, `wsdl`, `graphql_schema`
    are what `Gateway` takes. `workspace` is the id of the workspace that it is in. Unless it is known whether a
    subscription is required, one is as soon as the service has any: our choice, since Azure's own default is true.

    `mcp` are the tools of an MCP server, whose API has the kind `mcp`. `definitions` are what `$ref` in the contents of
    given operations points into.

    With `is_lenient` policies of operations that don't exist are left out, and an API whose documents can't be read
    takes every request below its path.
    """

    api: Api
    policy: AnyPolicy | None = attrs.field(default=None, kw_only=True)
    operations: Sequence[ServiceOperation] = attrs.field(default=(), kw_only=True, converter=_operations)
    operation_policies: Mapping[str, AnyPolicy] = attrs.field(factory=dict, kw_only=True)
    subscription_required: bool | None = attrs.field(default=None, kw_only=True)
    version_set: VersionSet | None = attrs.field(default=None, kw_only=True)
    workspace: str | None = attrs.field(default=None, kw_only=True)
    openapi: Any = attrs.field(default=None, kw_only=True)
    schemas: Mapping[str, Any] | None = attrs.field(default=None, kw_only=True)
    wsdl: Any = attrs.field(default=None, kw_only=True)
    graphql_schema: Any = attrs.field(default=None, kw_only=True)
    is_lenient: bool = attrs.field(default=False, kw_only=True)
    mcp: McpServer | None = attrs.field(default=None, kw_only=True)
    definitions: Mapping[str, Any] = attrs.field(factory=dict, kw_only=True)

    @property
    def id(self) -> str:
        return from_utf16(self.api.id)

    @property
    def base_id(self) -> str:
        """Return the id without the revision, which is how products and subscriptions name it."""
        return self.id.partition(";rev=")[0]


@attrs.frozen(eq=False)
class ServiceProduct:
    """A product with the ids of its APIs."""

    product: Product
    apis: Sequence[str] = attrs.field(default=(), kw_only=True)
    policy: AnyPolicy | None = attrs.field(default=None, kw_only=True)
    workspace: str | None = attrs.field(default=None, kw_only=True)

    @property
    def id(self) -> str:
        return from_utf16(self.product.id)


@attrs.frozen(eq=False)
class ServiceSubscription:
    """A subscription: its keys, what they open, and whose it is. Only an active one opens anything."""

    subscription: Subscription
    scope: str = "/apis"
    user: User | None = attrs.field(default=None, kw_only=True)
    state: str = attrs.field(default="active", kw_only=True)
    allow_tracing: bool = attrs.field(default=False, kw_only=True)

    @state.validator
    def _check(self, _: object, value: str) -> None:
        if value not in STATES:
            raise ConfigurationError(f"the state of a subscription is one of {', '.join(STATES)}, not {value!r}")

    @property
    def id(self) -> str:
        return from_utf16(self.subscription.id)

    @property
    def target(self) -> tuple[str, str]:
        """Return the kind of the scope (`products`, `apis`, or empty for everything), and the id in it."""
        return scope_target(self.scope)


@attrs.frozen(eq=False)
class ServiceWorkspace:
    """A workspace with its policy."""

    workspace: Workspace
    policy: AnyPolicy | None = None


class Service:
    """A whole service; `policy` is the global one, that of a new service unless given.

    A service without any subscription requires no key unless an API does, which is our choice. Raises
    ConfigurationError for what does not fit together.
    """

    def __init__(
        self,
        apis: Iterable[ServiceApi] = (),
        *,
        products: Iterable[ServiceProduct] = (),
        subscriptions: Iterable[ServiceSubscription] = (),
        workspaces: Iterable[ServiceWorkspace] = (),
        policy: AnyPolicy | None = None,
    ) -> None:
        self.apis = tuple(apis)
        self.products = tuple(products)
        self.subscriptions = tuple(subscriptions)
        self.workspaces = {from_utf16(each.workspace.id): each for each in workspaces}
        self.policy = policy
        self._check_apis()
        self._check_products()
        self._check_subscriptions()

    def with_subscriptions(
        self, subscriptions: Iterable[ServiceSubscription], needs_key: Callable[[ServiceApi], bool]
    ) -> Service:
        """Return this service with these subscriptions; an API requires a key where `needs_key` says so."""
        return Service(
            [attrs.evolve(api, subscription_required=needs_key(api)) for api in self.apis],
            products=self.products,
            subscriptions=subscriptions,
            workspaces=self.workspaces.values(),
            policy=self.policy,
        )

    def products_of(self, api: ServiceApi) -> list[ServiceProduct]:
        return [product for product in self.products if api.base_id in product.apis or api.id in product.apis]

    def _check_apis(self) -> None:
        seen: dict[tuple[object, ...], str] = {}
        for api in self.apis:
            if api.workspace is not None and api.workspace not in self.workspaces:
                raise ConfigurationError(
                    f"the API '{api.id}' is in the workspace '{api.workspace}', which is not there"
                )
            entity = api.api
            versioning = None if api.version_set is None or entity.version is None else api.version_set
            place = (entity.path.strip("/").lower(), versioning, entity.version if versioning else None)
            for key in ((*place, entity.revision), (*place, "current") if entity.is_current_revision else None):
                if key is None:
                    continue
                other = seen.setdefault(key, api.id)
                if other != api.id:
                    where = f"/{from_utf16(entity.path).strip('/')}"
                    raise ConfigurationError(f"the APIs '{other}' and '{api.id}' both answer for {where}")

    def _check_products(self) -> None:
        known = {api.id for api in self.apis} | {api.base_id for api in self.apis}
        opened: dict[str, str] = {}
        for product in self.products:
            for api in product.apis:
                if api not in known:
                    raise ConfigurationError(f"the product '{product.id}' has the API '{api}', which is not there")
                if not product.product.subscription_required and opened.setdefault(api, product.id) != product.id:
                    raise ConfigurationError(
                        f"the API '{api}' is in two products that need no subscription,"
                        f" '{opened[api]}' and '{product.id}'; Azure allows one"
                    )

    def _check_subscriptions(self) -> None:
        known = {
            "products": {product.id for product in self.products},
            "apis": {api.base_id for api in self.apis} | {api.id for api in self.apis},
        }
        keys: dict[str, str] = {}
        for each in self.subscriptions:
            kind, name = each.target
            if name and name not in known[kind]:
                what = "API" if kind == "apis" else "product"
                raise ConfigurationError(f"the subscription '{each.id}' is for the {what} '{name}', which is not there")
            for key in {each.subscription.primary_key, each.subscription.secondary_key}:
                if keys.setdefault(key, each.id) != each.id:
                    raise ConfigurationError(f"the subscriptions '{keys[key]}' and '{each.id}' have the same key")


def scope_target(scope: str) -> tuple[str, str]:
    """Return the kind and id of an Azure scope; long resource ids count by their end. Raises ConfigurationError.

    >>> scope_target("/products/starter"), scope_target("/apis"), scope_target("/")
    (('products', 'starter'), ('apis', ''), ('', ''))
    """
    parts = [part for part in scope.split("/") if part]
    if "service" in parts and parts[0] == "subscriptions":
        parts = parts[parts.index("service") + 2 :]
    if parts[:1] == ["workspaces"]:
        parts = parts[2:]
    if not parts:
        return "", ""
    if parts[0] not in ("products", "apis") or len(parts) > 2 or parts == ["products"]:
        raise ConfigurationError(f"'{scope}' is not a scope: /products/ID, /apis/ID, /apis or /")
    return parts[0], parts[1] if len(parts) == 2 else ""
