"""The description of a service from resources as Azure Resource Manager has them (`infrastructure.resources`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from apimpolicy.infrastructure.resources import Resource, segments
from apimpolicy.infrastructure.values import Text, TooLarge, Unknown, Value, is_known, shown
from apimpolicy.project.service.description import (
    ApiDescription,
    ApiFile,
    BackendDescription,
    CertificateDescription,
    Field,
    FragmentDescription,
    IdentityDescription,
    LoggerDescription,
    NamedValueDescription,
    OperationDescription,
    ParameterDescription,
    ProductDescription,
    ServiceDescription,
    SubscriptionDescription,
    VersionSetDescription,
    WorkspaceDescription,
)
from apimpolicy.project.service.policy_sources import UnknownValues
from apimpolicy.project.service.resource_entities import (
    Entity,
    base_id,
    below_workspace,
    first_block,
    flag_of,
    id_of,
    json_of,
    last_name_of,
    scope_of,
    text_of,
    whole_number_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")

_ORDER = ("", "workspaces", "apiversionsets", "apis", "apis/operations", "products")
"""Types that others refer to come first."""


def describe_resources(service: ServiceDescription, resources: Iterable[Resource]) -> None:
    """Add what resources describe to a service."""
    builder = _Builder(service)
    listed = list(resources)
    for type_ in _ORDER:
        for each in listed:
            if below_workspace(each)[0] == type_:
                builder.add(each)
    for each in listed:
        if below_workspace(each)[0] not in _ORDER:
            builder.add(each)
    service.named_values += builder.unknown.described


class _Builder:
    def __init__(self, service: ServiceDescription) -> None:
        self.service = service
        self.unknown = UnknownValues()
        self.apis: dict[str, ApiDescription] = {}
        self.operations: dict[tuple[str, str], OperationDescription] = {}
        self.products: dict[str, ProductDescription] = {}

    def add(self, resource: Resource) -> None:
        """Add one resource; of types that don't matter nothing is added."""
        type_, names, workspace = below_workspace(resource)
        make: Callable[[Entity], None] | None = getattr(self, f"_{type_.replace('/', '_') or 'service'}", None)
        if make is not None:
            make(Entity(resource, [id_of(each) for each in names], workspace, self.unknown, self.service.problems))

    # The service

    def _service(self, entity: Entity) -> None:
        identity = entity.resource.properties.get("identity")
        blocks = identity if isinstance(identity, list) else [identity]
        for each in (block for block in blocks if isinstance(block, dict)):
            kind = str(each.get("type", "")).lower()
            if "system" in kind:
                self.service.identities.append(IdentityDescription("system-assigned", entity.origin))
            users = each.get("userAssignedIdentities") or each.get("identity_ids") or ()
            for one in users if isinstance(users, list | dict) else ():
                name = id_of(segments(one)[-1]) if segments(one) else "identity"
                self.service.identities.append(IdentityDescription(name, entity.origin))
        hosts = entity.resource.properties.get("hostnameConfigurations")
        for each in hosts if isinstance(hosts, list) else ():
            if isinstance(each, dict) and each.get("type") == "Proxy":
                self.service.hosts.append(text_of(each.get("hostName"), entity.origin))
        proxies = first_block(entity.resource.properties.get("hosts")).get("proxy")
        self._host_names(entity, proxies)
        legacy = first_block(entity.resource.properties.get("legacyPolicy")).get("xml_content")
        if legacy is not None:
            self.service.policy = entity.policy_of(legacy, "the global policy")

    def _hosts(self, entity: Entity) -> None:
        self._host_names(entity, entity.resource.properties.get("gateway"))

    def _host_names(self, entity: Entity, blocks: Value) -> None:
        for each in blocks if isinstance(blocks, list) else ():
            if isinstance(each, dict) and each.get("host_name") is not None:
                self.service.hosts.append(text_of(each["host_name"], entity.origin))

    def _workspaces(self, entity: Entity) -> None:
        self.service.workspaces.append(WorkspaceDescription(entity.id, entity.origin, entity.text("displayName")))

    # APIs

    def _apiversionsets(self, entity: Entity) -> None:
        scheme, header, query = (
            entity.text(name) for name in ("versioningScheme", "versionHeaderName", "versionQueryName")
        )
        made = VersionSetDescription(entity.id, entity.origin, scheme, header, query, entity.workspace)
        self.service.version_sets.append(made)

    def _apis(self, entity: Entity) -> None:
        get = entity.resource.properties.get
        keys = get("subscriptionKeyParameterNames")
        keys = keys if isinstance(keys, dict) else {}
        kind = entity.text("apiType") if entity.text("type").is_missing else entity.text("type")
        revision = entity.text("apiRevision")
        id_ = entity.id
        is_current = entity.flag("isCurrent")
        if id_.lower() in self.apis and revision.known:
            id_ = f"{id_};rev={revision.known}"
        if is_current.is_missing:
            is_current = Field(";rev=" not in id_)
        made = ApiDescription(
            id_,
            entity.origin,
            name=entity.text("displayName"),
            path=entity.text("path"),
            protocols=entity.texts("protocols"),
            service_url=entity.text("serviceUrl"),
            kind=kind,
            revision=revision,
            is_current=is_current,
            version=entity.text("apiVersion"),
            version_set=last_name_of(get("apiVersionSetId"), entity.place("apiVersionSetId")),
            subscription_required=entity.flag("subscriptionRequired"),
            key_header=text_of(keys.get("header"), entity.origin),
            key_query=text_of(keys.get("query"), entity.origin),
            workspace=entity.workspace,
        )
        self.service.apis.append(made)
        self.apis.setdefault(id_.lower(), made)
        self._file(entity, made)

    def _file(self, entity: Entity, api: ApiDescription) -> None:
        """Add the document that an API is imported from."""
        form, value = entity.resource.properties.get("format"), entity.resource.properties.get("value")
        if value is None:
            return
        if isinstance(value, dict):
            value = json_of(value)
        kind = str(form or "openapi").lower()
        known = "wsdl" if kind.startswith("wsdl") else "graphql" if kind.startswith("graphql") else "openapi"
        origin = entity.place("value")
        url = value if isinstance(value, str) and is_known(value) and "link" in kind else None
        if url is not None or not isinstance(value, str) or not is_known(value):
            written = url or (
                value.text
                if isinstance(value, Unknown)
                else shown(value)[:200]
                if isinstance(value, str)
                else "a document"
            )
            api.files.append(ApiFile(known, origin, url=written))
            message = f"the operations of the API '{api.id}' aren't known: they are imported from {written}"
            entity.problem(message, f"the API '{api.id}'", "It takes every request below its path.")
            return
        parts = value.parts if isinstance(value, Text) else ()
        whole = parts[0].source if len(parts) == 1 and parts[0].text == parts[0].source.text else None
        path = None if whole is None else whole.path
        api.files.append(ApiFile(known, origin, path, None if path is not None else str(value)))

    def _apis_operations(self, entity: Entity) -> None:
        api = self._api(entity, "operation")
        if api is None:
            return
        made = OperationDescription(
            entity.id,
            entity.origin,
            name=entity.text("displayName"),
            method=entity.text("method"),
            template=entity.text("urlTemplate"),
        )
        request = entity.resource.properties.get("request")
        queries = request.get("queryParameters") if isinstance(request, dict) else None
        for place, given in (("template", entity.resource.properties.get("templateParameters")), ("query", queries)):
            for each in given if isinstance(given, list) else ():
                if isinstance(each, dict) and isinstance(each.get("name"), str):
                    type_, required = (
                        text_of(each.get("type"), entity.origin),
                        flag_of(each.get("required"), entity.origin),
                    )
                    made.parameters.append(ParameterDescription(each["name"], entity.origin, place, type_, required))
        api.operations.append(made)
        self.operations.setdefault((api.id, made.id.lower()), made)

    def _api(self, entity: Entity, what: str) -> ApiDescription | None:
        """Return the API that an entity is in; where there is none, that is a problem."""
        id_ = entity.ids[0].lower()
        api = self.apis.get(id_) or self.apis.get(id_.removesuffix(";rev=1"))
        if api is None:
            message = f"the {what} {entity.resource.address} is of the API '{entity.ids[0]}', which isn't in this code"
            entity.problem(message, f"the {what} '{entity.id}'")
        return api

    # Policies

    def _policies(self, entity: Entity) -> None:
        if entity.workspace is None:
            self.service.policy = entity.policy("the global policy")
            return
        for each in self.service.workspaces:
            if each.id == entity.workspace:
                each.policy = entity.policy(f"the policy of the workspace '{each.id}'")

    def _apis_policies(self, entity: Entity) -> None:
        if (api := self._api(entity, "policy")) is not None:
            api.policy = entity.policy(f"the policy of the API '{api.id}'")

    def _apis_operations_policies(self, entity: Entity) -> None:
        api = self._api(entity, "policy")
        if api is None:
            return
        id_ = entity.ids[1]
        key = (api.id, id_.lower())
        operation = self.operations.get(key)
        if operation is None:
            operation = self.operations[key] = OperationDescription(id_, entity.origin)
            api.operations.append(operation)
        operation.policy = entity.policy(f"the policy of the operation '{id_}' of the API '{api.id}'")

    def _products_policies(self, entity: Entity) -> None:
        if (product := self._product(entity)) is not None:
            product.policy = entity.policy(f"the policy of the product '{product.id}'")

    def _policyfragments(self, entity: Entity) -> None:
        policy = entity.policy(f"the fragment '{entity.id}'")
        if policy is not None:
            self.service.fragments.append(FragmentDescription(entity.id, policy.origin, policy, entity.workspace))

    # Products and subscriptions

    def _products(self, entity: Entity) -> None:
        state = entity.text("state")
        is_published = (state.known or "published").lower() != "notpublished"
        made = ProductDescription(
            entity.id,
            entity.origin,
            name=entity.text("displayName"),
            is_published=Field() if state.known is None else Field(is_published, state.origin),
            subscription_required=entity.flag("subscriptionRequired"),
            approval_required=entity.flag("approvalRequired"),
            subscriptions_limit=whole_number_of(entity.resource.properties.get("subscriptionsLimit"), entity.origin),
            workspace=entity.workspace,
        )
        self.service.products.append(made)
        self.products.setdefault(entity.id.lower(), made)

    def _product(self, entity: Entity) -> ProductDescription | None:
        found = self.products.get(entity.ids[0].lower())
        if found is None:
            message = f"{entity.resource.address} is of the product '{entity.ids[0]}', which isn't in this code"
            entity.problem(message, f"the product '{entity.ids[0]}'")
        return found

    def _products_apis(self, entity: Entity) -> None:
        if (product := self._product(entity)) is not None:
            product.apis.append(Field(base_id(entity.ids[1]), entity.origin))

    def _products_apilinks(self, entity: Entity) -> None:
        if (product := self._product(entity)) is not None:
            product.apis.append(last_name_of(entity.resource.properties.get("apiId"), entity.origin))

    def _products_groups(self, entity: Entity) -> None:
        if (product := self._product(entity)) is not None:
            product.groups.append(Field(entity.ids[1], entity.origin))

    def _products_grouplinks(self, entity: Entity) -> None:
        if (product := self._product(entity)) is not None:
            product.groups.append(last_name_of(entity.resource.properties.get("groupId"), entity.origin))

    def _subscriptions(self, entity: Entity) -> None:
        self.service.subscriptions.append(
            SubscriptionDescription(
                entity.id,
                entity.origin,
                name=entity.text("displayName"),
                scope=scope_of(entity.resource.properties.get("scope"), entity.place("scope")),
                state=entity.text("state"),
                owner=last_name_of(entity.resource.properties.get("ownerId"), entity.origin),
                primary_key=entity.text("primaryKey"),
                secondary_key=entity.text("secondaryKey"),
                allow_tracing=entity.flag("allowTracing"),
            )
        )

    # What policies name

    def _namedvalues(self, entity: Entity) -> None:
        vault = first_block(entity.resource.properties.get("keyVault")).get("secretIdentifier")
        self.service.named_values.append(
            NamedValueDescription(
                entity.id,
                entity.origin,
                name=entity.text("displayName"),
                value=entity.text("value"),
                is_secret=entity.flag("secret"),
                key_vault=text_of(vault, entity.origin),
                workspace=entity.workspace,
            )
        )

    def _backends(self, entity: Entity) -> None:
        from apimpolicy.errors import ConfigurationError
        from apimpolicy.project.folder_backends import backend_of

        made = BackendDescription(entity.id, entity.origin, entity.text("url"), workspace=entity.workspace)
        self.service.backends.append(made)
        properties = dict(entity.resource.properties)
        if isinstance(properties.get("url"), Unknown):
            return
        try:
            made.backend = backend_of(entity.origin.file, self.unknown.filled_deeply(properties, entity.origin))
        except (ConfigurationError, TooLarge) as error:
            entity.problem(f"the backend '{entity.id}' can't be used: {error}", f"the backend '{entity.id}'")

    def _loggers(self, entity: Entity) -> None:
        made = LoggerDescription(entity.id, entity.origin, entity.text("loggerType"), entity.workspace)
        self.service.loggers.append(made)

    def _certificates(self, entity: Entity) -> None:
        vault = first_block(entity.resource.properties.get("keyVault")).get("secretIdentifier")
        made = CertificateDescription(entity.id, entity.origin, key_vault=text_of(vault, entity.origin))
        self.service.certificates.append(made)
