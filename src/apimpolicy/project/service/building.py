"""The service of the engine, and settings of the gateway around it, from a description that was repaired."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.context import entities
from apimpolicy.gateway.context.description import Content, ParameterDefinition
from apimpolicy.gateway.engine.service import (
    Service,
    ServiceApi,
    ServiceOperation,
    ServiceProduct,
    ServiceSubscription,
    ServiceWorkspace,
    VersionSet,
)
from apimpolicy.project.service.described import server_of
from apimpolicy.project.service.policy_sources import (
    fragment_ids,
    of_unmodelled,
    unknown_calls,
    unknown_fragments,
    unknown_policies,
)
from apimpolicy.project.service.repair import served_backend, served_path, subscription_state
from apimpolicy.text.secrets import keep_secret
from apimpolicy.text.source import UNKNOWN_BASE, Source

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.backends import Backend, BackendPool
    from apimpolicy.gateway.engine.document import AnyPolicy
    from apimpolicy.project.service.description import (
        ApiDescription,
        ApiFile,
        PolicyText,
        ProductDescription,
        ServiceDescription,
        SubscriptionDescription,
        VersionSetDescription,
    )

_LOCATIONS = {"template": "path", "query": "query", "header": "header"}
HEADER, QUERY = "Ocp-Apim-Subscription-Key", "subscription-key"


@attrs.define
class ServiceParts:
    """The parts of a service by id; `place` is the folder or the file, for messages."""

    place: str
    apis: dict[str, ServiceApi] = attrs.field(factory=dict)
    products: dict[str, ServiceProduct] = attrs.field(factory=dict)
    workspaces: dict[str, ServiceWorkspace] = attrs.field(factory=dict)
    subscriptions: dict[str, ServiceSubscription] = attrs.field(factory=dict)
    named_values: dict[str, str] = attrs.field(factory=dict)
    secret_names: set[str] = attrs.field(factory=set)
    fragments: dict[str, Any] = attrs.field(factory=dict)
    backends: dict[str, Backend | BackendPool] = attrs.field(factory=dict)
    policy: AnyPolicy | None = None
    unknown: frozenset[str] = frozenset()
    """The ids of fragments that represent unknown policies: requests run without them."""

    @property
    def made_up(self) -> dict[str, frozenset[str]]:
        """The names that represent what isn't known: no result may depend on them."""
        fragments = self.unknown | self.unknown_calls
        return {"named_values": frozenset((UNKNOWN_BASE,) if self.unknown else ()), "fragments": fragments}

    @property
    def unknown_calls(self) -> frozenset[str]:
        """The ids of fragments that represent, in proofs, the calls of tools."""
        servers = [each.mcp for each in self.apis.values() if each.mcp is not None and each.mcp.answers]
        texts = [unknown_policies(unknown_calls(tool.name for tool in server.tools)) for server in servers]
        return fragment_ids(Source(text) for text in texts)

    def service(self) -> Service:
        """Make the service. Raises ConfigurationError if parts don't fit together."""
        try:
            return Service(
                self.apis.values(),
                products=self.products.values(),
                subscriptions=self.subscriptions.values(),
                workspaces=self.workspaces.values(),
                policy=self.policy,
            )
        except ConfigurationError as error:
            raise ConfigurationError(f"{self.place}: {error}") from None


def parts_of(description: ServiceDescription, is_lenient: bool = True) -> ServiceParts:
    """Make the parts of a service. The description must have been repaired."""
    parts = ServiceParts(description.place, policy=_policy(description.policy))
    sets = {(each.workspace, each.id.lower()): _version_set(each) for each in description.version_sets}
    policies = {id(api): of_unmodelled(api) for api in description.apis}
    for api in description.apis:
        version_set = sets.get((api.workspace, api.version_set.text().lower()))
        made = _api(api, version_set, _policy(policies[id(api)]))
        parts.apis[api.id] = attrs.evolve(made, is_lenient=is_lenient, mcp=server_of(api))
    for product in description.products:
        parts.products[product.id] = _product(product)
    for workspace in description.workspaces:
        entity = entities.Workspace(workspace.id, workspace.name.known)
        parts.workspaces[workspace.id] = ServiceWorkspace(entity, _policy(workspace.policy))
    for subscription in description.subscriptions:
        parts.subscriptions[subscription.id] = _subscription(subscription)
    for named in description.named_values:
        value = named.value.known
        if named.is_secret.known or named.is_secret.hole is not None or not named.key_vault.is_missing:
            parts.secret_names.add(named.display_name)
            keep_secret([value or ""])
        if value is not None:
            parts.named_values.setdefault(named.display_name, value)
    for fragment in description.fragments:
        if (policy := _policy(fragment.policy)) is not None:
            parts.fragments[fragment.id] = policy
    texts = [policy for _, policy in description.policies()] + [each for each in policies.values() if each is not None]
    parts.unknown = unknown_fragments(texts)
    if parts.unknown:
        parts.fragments |= dict.fromkeys(parts.unknown, "<fragment />")
        parts.named_values[UNKNOWN_BASE] = "true"
    for backend in description.backends:
        if backend.backend is not None:
            parts.backends[backend.id] = backend.backend
    return parts


def _policy(given: PolicyText | None) -> AnyPolicy | None:
    if given is None:
        return None
    return given.source if given.path is None else Path(given.path)


def _version_set(given: VersionSetDescription) -> VersionSet:
    scheme = (given.scheme.known or "Segment").lower()
    name = (given.header if scheme == "header" else given.query).known
    return VersionSet(scheme, name or "api-version")


def _api(given: ApiDescription, version_set: VersionSet | None, policy: AnyPolicy | None) -> ServiceApi:
    kind = (given.kind.known or "http").lower()
    has_names = given.key_header.known is not None or given.key_query.known is not None
    if version_set is None and given.version_set.hole is not None:
        version_set = VersionSet()
    entity = entities.Api(
        given.id,
        given.name.known,
        served_path(given),
        protocols=given.protocols.known or ("https",),
        service_url=served_backend(given),
        subscription_key_parameter_names=entities.SubscriptionKeyParameterNames(
            given.key_header.known or HEADER, given.key_query.known or QUERY
        )
        if has_names
        else None,
        is_current_revision=given.is_current.known is not False,
        revision=given.revision.known or "1",
        version=given.version.known or None,
        kind=kind if kind in entities.KINDS else "http",
    )
    written = [operation for operation in given.operations if operation.method.known is not None]
    described = [operation for operation in given.operations if operation.method.known is None]
    files = {file.format: _file(file) for file in given.files}
    return ServiceApi(
        entity,
        policy=policy,
        operations=[
            ServiceOperation(
                entities.Operation(
                    operation.id,
                    operation.method.known or "GET",
                    operation.name.known or operation.id,
                    operation.template.known or "/*",
                ),
                _policy(operation.policy),
                parameters=tuple(
                    ParameterDefinition(
                        one.name,
                        _LOCATIONS[one.place],
                        one.required.known is True,
                        description=one.description.known or "",
                    )
                    for one in operation.parameters
                ),
                contents=tuple(
                    Content(media_type, {"$ref": f"#/components/schemas/{name}"} if name else None)
                    for media_type, name in operation.bodies
                ),
            )
            for operation in written
        ],
        operation_policies={
            operation.id: policy for operation in described if (policy := _policy(operation.policy)) is not None
        },
        # Azure requires a subscription unless the API says otherwise.
        subscription_required=given.subscription_required.known is not False,
        version_set=version_set,
        workspace=given.workspace,
        openapi=files.get("openapi"),
        wsdl=files.get("wsdl"),
        graphql_schema=files.get("graphql"),
        definitions={"components": {"schemas": given.definitions}} if given.definitions else {},
    )


def _file(given: ApiFile) -> str | Path | None:
    return given.text if given.path is None else Path(given.path)


def _product(given: ProductDescription) -> ServiceProduct:
    product = entities.Product(
        given.id,
        given.name.known,
        state=entities.NOT_PUBLISHED if given.is_published.known is False else entities.PUBLISHED,
        approval_required=given.approval_required.known or False,
        subscription_required=given.subscription_required.known is not False,
        subscriptions_limit=given.subscriptions_limit.known,
        groups=[entities.Group(name) for each in given.groups if (name := each.known) is not None],
    )
    apis = [name for each in given.apis if (name := each.known) is not None]
    return ServiceProduct(product, apis=apis, policy=_policy(given.policy), workspace=given.workspace)


def _subscription(given: SubscriptionDescription) -> ServiceSubscription:
    """Make a subscription; without keys, its id is the primary key (our choice)."""
    owner = given.owner.known
    entity = entities.Subscription(
        given.id,
        given.name.known,
        primary_key=given.primary_key.known or given.id,
        secondary_key=given.secondary_key.known or f"{given.id}-secondary",
    )
    return ServiceSubscription(
        entity,
        given.scope.known or "/apis",
        user=None if owner is None else entities.User(owner),
        state=subscription_state(given),
        allow_tracing=given.allow_tracing.known or False,
    )
