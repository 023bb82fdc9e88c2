"""The description of a service from resources as Azure Resource Manager has them (`infrastructure.resources`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from apimpolicy.diagnostics import Severity
from apimpolicy.infrastructure.resources import Resource, names_in, segments
from apimpolicy.infrastructure.values import Text, TooLarge, Unknown, Value, is_fully_known, is_known, json_text, shown
from apimpolicy.project.service.description import (
    ApiDescription,
    ApiFile,
    BackendDescription,
    CertificateDescription,
    Field,
    FragmentDescription,
    Hole,
    IdentityDescription,
    LoggerDescription,
    NamedValueDescription,
    OperationDescription,
    Origin,
    ParameterDescription,
    PolicyText,
    Problem,
    ProductDescription,
    ServiceDescription,
    SubscriptionDescription,
    VersionSetDescription,
    WorkspaceDescription,
)
from apimpolicy.project.service.policy_sources import UnknownValues, slug

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
            if _below_workspace(each)[0] == type_:
                builder.add(each)
    for each in listed:
        if _below_workspace(each)[0] not in _ORDER:
            builder.add(each)
    service.named_values += builder.unknown.described


def _below_workspace(resource: Resource) -> tuple[str, list[Value], str | None]:
    """Return type and names without those of the workspace, and the workspace's id."""
    names = list(resource.names)
    if resource.type.startswith("workspaces/"):
        return resource.type.partition("/")[2], names[1:], _id(names[0])
    return resource.type, names, None


class _Builder:
    def __init__(self, service: ServiceDescription) -> None:
        self.service = service
        self.unknown = UnknownValues()
        self.apis: dict[str, ApiDescription] = {}
        self.operations: dict[tuple[str, str], OperationDescription] = {}
        self.products: dict[str, ProductDescription] = {}

    def add(self, resource: Resource) -> None:
        """Add one resource; of types that don't matter nothing is added."""
        type_, names, workspace = _below_workspace(resource)
        make: Callable[[_Entity], None] | None = getattr(self, f"_{type_.replace('/', '_') or 'service'}", None)
        if make is not None:
            make(_Entity(self, resource, [_id(each) for each in names], workspace))

    def problem(self, entity: _Entity, message: str, part: str = "", help: str = "") -> None:
        made = Problem(message, entity.origin, part, help, severity=Severity.WARNING)
        self.service.problems.append(made)

    # The service

    def _service(self, entity: _Entity) -> None:
        identity = entity.resource.properties.get("identity")
        blocks = identity if isinstance(identity, list) else [identity]
        for each in (block for block in blocks if isinstance(block, dict)):
            kind = str(each.get("type", "")).lower()
            if "system" in kind:
                self.service.identities.append(IdentityDescription("system-assigned", entity.origin))
            users = each.get("userAssignedIdentities") or each.get("identity_ids") or ()
            for one in users if isinstance(users, list | dict) else ():
                name = _id(segments(one)[-1]) if segments(one) else "identity"
                self.service.identities.append(IdentityDescription(name, entity.origin))
        hosts = entity.resource.properties.get("hostnameConfigurations")
        for each in hosts if isinstance(hosts, list) else ():
            if isinstance(each, dict) and each.get("type") == "Proxy":
                self.service.hosts.append(_text(each.get("hostName"), entity.origin))
        proxies = _first(entity.resource.properties.get("hosts")).get("proxy")
        self._host_names(entity, proxies)
        legacy = _first(entity.resource.properties.get("legacyPolicy")).get("xml_content")
        if legacy is not None:
            self.service.policy = entity.policy_of(legacy, "the global policy")

    def _hosts(self, entity: _Entity) -> None:
        self._host_names(entity, entity.resource.properties.get("gateway"))

    def _host_names(self, entity: _Entity, blocks: Value) -> None:
        for each in blocks if isinstance(blocks, list) else ():
            if isinstance(each, dict) and each.get("host_name") is not None:
                self.service.hosts.append(_text(each["host_name"], entity.origin))

    def _workspaces(self, entity: _Entity) -> None:
        self.service.workspaces.append(WorkspaceDescription(entity.id, entity.origin, entity.text("displayName")))

    # APIs

    def _apiversionsets(self, entity: _Entity) -> None:
        scheme, header, query = (
            entity.text(name) for name in ("versioningScheme", "versionHeaderName", "versionQueryName")
        )
        made = VersionSetDescription(entity.id, entity.origin, scheme, header, query, entity.workspace)
        self.service.version_sets.append(made)

    def _apis(self, entity: _Entity) -> None:
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
            version_set=_last(get("apiVersionSetId"), entity.place("apiVersionSetId")),
            subscription_required=entity.flag("subscriptionRequired"),
            key_header=_text(keys.get("header"), entity.origin),
            key_query=_text(keys.get("query"), entity.origin),
            workspace=entity.workspace,
        )
        self.service.apis.append(made)
        self.apis.setdefault(id_.lower(), made)
        self._file(entity, made)

    def _file(self, entity: _Entity, api: ApiDescription) -> None:
        """Add the document that an API is imported from."""
        form, value = entity.resource.properties.get("format"), entity.resource.properties.get("value")
        if value is None:
            return
        if isinstance(value, dict):
            value = _json(value)
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
            self.problem(entity, message, f"the API '{api.id}'", "It takes every request below its path.")
            return
        parts = value.parts if isinstance(value, Text) else ()
        whole = parts[0].source if len(parts) == 1 and parts[0].text == parts[0].source.text else None
        path = None if whole is None else whole.path
        api.files.append(ApiFile(known, origin, path, None if path is not None else str(value)))

    def _apis_operations(self, entity: _Entity) -> None:
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
                    type_, required = _text(each.get("type"), entity.origin), _flag(each.get("required"), entity.origin)
                    made.parameters.append(ParameterDescription(each["name"], entity.origin, place, type_, required))
        api.operations.append(made)
        self.operations.setdefault((api.id, made.id.lower()), made)

    def _api(self, entity: _Entity, what: str) -> ApiDescription | None:
        """Return the API that an entity is in; where there is none, that is a problem."""
        id_ = entity.ids[0].lower()
        api = self.apis.get(id_) or self.apis.get(id_.removesuffix(";rev=1"))
        if api is None:
            message = f"the {what} {entity.resource.address} is of the API '{entity.ids[0]}', which isn't in this code"
            self.problem(entity, message, f"the {what} '{entity.id}'")
        return api

    # Policies

    def _policies(self, entity: _Entity) -> None:
        if entity.workspace is None:
            self.service.policy = entity.policy("the global policy")
            return
        for each in self.service.workspaces:
            if each.id == entity.workspace:
                each.policy = entity.policy(f"the policy of the workspace '{each.id}'")

    def _apis_policies(self, entity: _Entity) -> None:
        if (api := self._api(entity, "policy")) is not None:
            api.policy = entity.policy(f"the policy of the API '{api.id}'")

    def _apis_operations_policies(self, entity: _Entity) -> None:
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

    def _products_policies(self, entity: _Entity) -> None:
        if (product := self._product(entity)) is not None:
            product.policy = entity.policy(f"the policy of the product '{product.id}'")

    def _policyfragments(self, entity: _Entity) -> None:
        policy = entity.policy(f"the fragment '{entity.id}'")
        if policy is not None:
            self.service.fragments.append(FragmentDescription(entity.id, policy.origin, policy, entity.workspace))

    # Products and subscriptions

    def _products(self, entity: _Entity) -> None:
        state = entity.text("state")
        is_published = (state.known or "published").lower() != "notpublished"
        made = ProductDescription(
            entity.id,
            entity.origin,
            name=entity.text("displayName"),
            is_published=Field() if state.known is None else Field(is_published, state.origin),
            subscription_required=entity.flag("subscriptionRequired"),
            approval_required=entity.flag("approvalRequired"),
            subscriptions_limit=_whole(entity.resource.properties.get("subscriptionsLimit"), entity.origin),
            workspace=entity.workspace,
        )
        self.service.products.append(made)
        self.products.setdefault(entity.id.lower(), made)

    def _product(self, entity: _Entity) -> ProductDescription | None:
        found = self.products.get(entity.ids[0].lower())
        if found is None:
            message = f"{entity.resource.address} is of the product '{entity.ids[0]}', which isn't in this code"
            self.problem(entity, message, f"the product '{entity.ids[0]}'")
        return found

    def _products_apis(self, entity: _Entity) -> None:
        if (product := self._product(entity)) is not None:
            product.apis.append(Field(_base(entity.ids[1]), entity.origin))

    def _products_apilinks(self, entity: _Entity) -> None:
        if (product := self._product(entity)) is not None:
            product.apis.append(_last(entity.resource.properties.get("apiId"), entity.origin))

    def _products_groups(self, entity: _Entity) -> None:
        if (product := self._product(entity)) is not None:
            product.groups.append(Field(entity.ids[1], entity.origin))

    def _products_grouplinks(self, entity: _Entity) -> None:
        if (product := self._product(entity)) is not None:
            product.groups.append(_last(entity.resource.properties.get("groupId"), entity.origin))

    def _subscriptions(self, entity: _Entity) -> None:
        self.service.subscriptions.append(
            SubscriptionDescription(
                entity.id,
                entity.origin,
                name=entity.text("displayName"),
                scope=_scope(entity.resource.properties.get("scope"), entity.place("scope")),
                state=entity.text("state"),
                owner=_last(entity.resource.properties.get("ownerId"), entity.origin),
                primary_key=entity.text("primaryKey"),
                secondary_key=entity.text("secondaryKey"),
                allow_tracing=entity.flag("allowTracing"),
            )
        )

    # What policies name

    def _namedvalues(self, entity: _Entity) -> None:
        vault = _first(entity.resource.properties.get("keyVault")).get("secretIdentifier")
        self.service.named_values.append(
            NamedValueDescription(
                entity.id,
                entity.origin,
                name=entity.text("displayName"),
                value=entity.text("value"),
                is_secret=entity.flag("secret"),
                key_vault=_text(vault, entity.origin),
                workspace=entity.workspace,
            )
        )

    def _backends(self, entity: _Entity) -> None:
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
            self.problem(entity, f"the backend '{entity.id}' can't be used: {error}", f"the backend '{entity.id}'")

    def _loggers(self, entity: _Entity) -> None:
        made = LoggerDescription(entity.id, entity.origin, entity.text("loggerType"), entity.workspace)
        self.service.loggers.append(made)

    def _certificates(self, entity: _Entity) -> None:
        vault = _first(entity.resource.properties.get("keyVault")).get("secretIdentifier")
        made = CertificateDescription(entity.id, entity.origin, key_vault=_text(vault, entity.origin))
        self.service.certificates.append(made)


class _Entity:
    """A resource with the ids in its name."""

    def __init__(self, builder: _Builder, resource: Resource, ids: list[str], workspace: str | None) -> None:
        self.builder = builder
        self.resource = resource
        self.ids = ids
        self.workspace = workspace
        self.origin = Origin(resource.source.path, *resource.source.position(resource.start))

    @property
    def id(self) -> str:
        return self.ids[-1]

    def place(self, name: str) -> Origin:
        """Return where a property is written."""
        found = self.resource.places.get(name)
        return self.origin if found is None else Origin(found[0].path, *found[0].position(found[1]))

    def text(self, name: str) -> Field[str]:
        return _text(self.resource.properties.get(name), self.place(name))

    def flag(self, name: str) -> Field[bool]:
        return _flag(self.resource.properties.get(name), self.place(name))

    def texts(self, name: str) -> Field[tuple[str, ...]]:
        value = self.resource.properties.get(name)
        if value is None:
            return Field()
        if not isinstance(value, list) or not all(isinstance(each, str) and is_known(each) for each in value):
            return Field(_hole(value), self.place(name))
        return Field(tuple(map(str, value)), self.place(name))

    def policy(self, part: str) -> PolicyText | None:
        """Return the policy of the resource; one that isn't known is a problem."""
        form = str(self.resource.properties.get("format") or "").lower()
        link = self.resource.properties.get("link")
        value = self.resource.properties.get("value")
        if link is not None or form.endswith("-link"):
            written = link if link is not None else value
            shown_link = written.text if isinstance(written, Unknown) else written
            self.builder.problem(self, f"{part} isn't known: it comes from {shown_link}", part)
            return None
        return self.policy_of(value, part)

    def policy_of(self, value: Value, part: str) -> PolicyText | None:
        if not isinstance(value, str):
            reason = value.text if isinstance(value, Unknown) else "nothing is written"
            self.builder.problem(self, f"{part} isn't known: {reason}", part)
            return None
        source, start = self.resource.places.get("value", (self.resource.source, self.resource.start))
        return self.builder.unknown.policy(value, source, start)


def _hole(value: Value) -> Hole:
    if isinstance(value, Unknown):
        return Hole(value.text)
    return Hole(shown(value) if isinstance(value, str) else "a value that isn't known")


def _text(value: Value, origin: Origin) -> Field[str]:
    if value is None:
        return Field()
    if isinstance(value, str) and is_known(value):
        return Field(str(value), origin)
    if isinstance(value, int | float):
        return Field(str(value), origin)
    return Field(_hole(value), origin)


def _flag(value: Value, origin: Origin) -> Field[bool]:
    if isinstance(value, str) and value.lower() in ("true", "false"):
        value = value.lower() == "true"
    if value is None or isinstance(value, bool):
        return Field(value, origin)
    return Field(_hole(value), origin)


def _whole(value: Value, origin: Origin) -> Field[int]:
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return Field(value, origin)
    return Field(_hole(value), origin)


def _last(value: Value, origin: Origin) -> Field[str]:
    """Return the last name of a resource's id."""
    if value is None:
        return Field()
    found = segments(value) if isinstance(value, str | Unknown) else []
    return Field(_id(found[-1]), origin) if found else Field(_hole(value), origin)


def _scope(value: Value, origin: Origin) -> Field[str]:
    """Return the scope of a subscription as `/products/starter`, `/apis/orders` or `/apis`."""
    if isinstance(value, Unknown):
        return Field(_hole(value), origin)
    for kind in ("products", "apis"):
        names = names_in(value, [kind])
        if names:
            return Field(f"/{kind}/{_id(names[0])}", origin)
    parts = [str(each) for each in segments(value)] if isinstance(value, str) else []
    return Field("/apis" if not parts or parts[-1] in ("apis", "") or "service" in parts[-2:] else str(value), origin)


def _id(value: Value) -> str:
    """Return a name as an id; what isn't known in it is its text."""
    if isinstance(value, Unknown):
        return slug(value.text)
    text = str(value)
    return text if is_known(text) else slug(shown(text))


def _json(value: dict[str, Any]) -> Value:
    """Return a document that is written as an object as its JSON text; as it is if it isn't known."""
    try:
        return json_text(value) if is_fully_known(value) else value
    except TooLarge:
        return value


def _base(id_: str) -> str:
    return id_.partition(";rev=")[0]


def _first(value: Value) -> dict[str, Any]:
    found = value[0] if isinstance(value, list) and value else value
    return found if isinstance(found, dict) else {}
