"""The description of a service from resources as Azure Resource Manager has them (`infrastructure.resources`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from apimpolicy.diagnostics import Severity
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.folder_backends import backend_of
from apimpolicy.project.infrastructure.resources import Note, Resource, segments
from apimpolicy.project.infrastructure.values import (
    SourcedText,
    Unknown,
    Value,
    ValueTooLarge,
    blocks_in,
    can_equal,
    is_fully_known,
    is_known,
    shown,
)
from apimpolicy.project.layout import KINDS, kind_of_folder
from apimpolicy.project.service.described import (
    Entity,
    ReadingContext,
    api_of,
    below_workspace,
    json_of,
    logs_responses,
    names_of,
    tool_of,
)
from apimpolicy.project.service.description import (
    ApiDescription,
    ApiFile,
    BackendDescription,
    Described,
    FileLocation,
    FragmentDescription,
    Gap,
    OperationDescription,
    OtherResource,
    ParameterDescription,
    Problem,
    ProductDescription,
    ServiceDescription,
    Sourced,
    TagLink,
    WorkspaceDescription,
)
from apimpolicy.project.service.fields import (
    WHOLLY_READ,
    Fields,
    base_id,
    fields_of,
    first_block,
    hole_of,
    id_of,
    record_of,
    text_of,
)
from apimpolicy.project.service.policy_sources import unknown_policy
from apimpolicy.project.service.repair import built_in_product

if TYPE_CHECKING:
    from apimpolicy.project.infrastructure.files import Files
    from apimpolicy.project.service.description import PolicyText

_FIRST = ("", "workspaces", "apiversionsets", "apis", "apis/operations", "products")
"""Types that others refer to, in the order in which they are added."""
GLOBAL = "the global policy"
_GRAPHQL = "application/vnd.ms-azure-apim.graphql.schema"


def describe_resources(
    service: ServiceDescription, resources: Iterable[Resource], unread: Iterable[Note], files: Files
) -> None:
    context = ReadingContext(files, service.problems)
    builder = _Builder(service)
    order = {type_: place for place, type_ in enumerate(_FIRST)}
    for resource in sorted(resources, key=lambda resource: order.get(below_workspace(resource)[0], len(order))):
        type_, names, workspace = below_workspace(resource)
        entity = Entity(resource, [id_of(name) for name in names], workspace, context)
        method = "" if "_" in type_ else f"add_{type_.replace('/', '_') or 'service'}"
        make: Callable[[Entity], None] | None = getattr(builder, method, None)
        if make is not None:
            make(entity)
        elif (record := WHOLLY_READ.get(kind_id := _kind_of(type_))) is not None:
            service.own(kind_id).append(record_of(record, entity.id, entity))
        elif kind_id:
            if kind_id == "diagnostics" and logs_responses(resource.properties):
                service.logged_responses.append(entity.origin)
            within = entity.ids[0] if kind_id == "authorizations" else ""
            other = OtherResource(entity.id, entity.origin, workspace=workspace, kind=kind_id, within=within)
            service.others.append(other)
    builder.finish(unread)
    service.named_values += context.unknown.described
    service.problems += _of_links(context)


_KINDS = {
    "properties": "named-values",  # until 2019
    "authorizationproviders/authorizations": "authorizations",
}
"""Kinds by type of resource where that isn't the name of a folder."""


def _kind_of(type_: str) -> str:
    """Return the kind of a type of resource; an empty text for what the gateway needs nothing of."""
    kind = kind_of_folder(type_)
    return _KINDS.get(type_, "" if kind is None else kind.id)


def _of_links(context: ReadingContext) -> list[Problem]:
    """Report in one line which files are read instead of links."""
    if not context.linked:
        return []
    url, source = context.linked[0]
    more = f" (and {len(context.linked) - 1} more)" if len(context.linked) > 1 else ""
    message = f"the file of the same path in this repository is read instead of the link to {url}{more}"
    return [Problem(message, FileLocation(source.path), severity=Severity.WARNING)]


def _set_of_operations(api: ApiDescription, policy: PolicyText) -> bool:
    """Give operations without a policy this one; return whether the API may have others, which its file describes."""
    for operation in api.operations:
        operation.policy = operation.policy or policy
    return not api.operations or bool(api.files)


def _text_of(policy: PolicyText) -> str:
    try:
        return policy.read().text
    except ConfigurationError as error:
        return str(error)


class _Builder:
    """Adds resources: `add_apis_operations` is for resources of the type `apis/operations`."""

    def __init__(self, description: ServiceDescription) -> None:
        self.service = description
        self.apis: dict[str, ApiDescription] = {}
        self.operations: dict[tuple[str, str], OperationDescription] = {}
        self.products: dict[str, ProductDescription] = {}
        self.owners: dict[int, Entity] = {}
        """The resources of APIs, operations and products, by the identity of their descriptions."""
        self.loose: list[Entity] = []
        """Policies of which isn't known what they are the policies of."""

    # APIs

    def add_apis(self, entity: Entity) -> None:
        revision = entity.text("apiRevision")
        id_ = entity.id
        first = self.apis.get(id_.lower())
        if first is not None and revision.known and revision.known != (first.revision.known or "1"):
            id_ = f"{id_};rev={revision.known}"
        made = api_of(id_, entity)
        if ";rev=" not in id_:
            made.is_current = Sourced(True)
        self.service.apis.append(made)
        self.owners[id(made)] = entity
        self.apis.setdefault(id_.lower(), made)
        form = str(entity.get("format") or "openapi").lower()
        form = next((each for each in ("wsdl", "graphql") if form.startswith(each)), "openapi")
        self._add_file(entity, made, form, *entity.document())

    def add_apis_tools(self, entity: Entity) -> None:
        if (api := self._api(entity, "tool")) is not None:
            api.tools.append(tool_of(entity.resource.properties, entity.origin, entity.id))

    def add_apis_tags(self, entity: Entity) -> None:
        tag = text_of(entity.resource.names[-1], entity.origin)
        self.service.tags.append(TagLink(tag, base_id(entity.ids[0]), "" if len(entity.ids) == 2 else entity.ids[1]))

    add_apis_operations_tags = add_apis_tags

    def add_apis_schemas(self, entity: Entity) -> None:
        api = self._api(entity, "schema")
        document = entity.get("document")
        if api is not None and isinstance(document, dict):
            components = first_block(document.get("components")).get("schemas") or document.get("definitions")
            known = components.items() if isinstance(components, dict) else ()
            api.definitions |= {name: value for name, value in known if is_fully_known(value)}
        if api is not None and str(entity.get("contentType")).lower() == _GRAPHQL:
            value = document.get("value") if isinstance(document, dict) else entity.get("value")
            self._add_file(entity, api, "graphql", value, None)

    def _add_file(self, entity: Entity, api: ApiDescription, form: str, value: Value, url: str | None) -> None:
        if value is None and url is None:
            return
        value = json_of(value)
        origin = entity.place("value")
        if not isinstance(value, str) or not is_known(value):
            if url is None:
                url = value.text if isinstance(value, Unknown) else shown(str(value))[:200]
            api.files.append(ApiFile(form, origin, url=url))
            message = f"the operations of the API '{api.id}' aren't known: they are imported from {url}"
            entity.problem(message, f"the API '{api.id}'", "It takes every request below its path.")
            return
        parts = value.parts if isinstance(value, SourcedText) else ()
        is_file = len(parts) == 1 and parts[0].text == parts[0].source.text
        api.files.append(ApiFile(form, origin, *((parts[0].source.path,) if is_file else (None, str(value)))))

    def add_apis_operations(self, entity: Entity) -> None:
        api = self._api(entity, "operation")
        if api is None:
            return
        made = record_of(OperationDescription, entity.id, entity)
        request = first_block(entity.get("request"))
        places = {"template": entity.get("templateParameters"), "query": request.get("queryParameters")}
        for place, given in {**places, "header": request.get("headers")}.items():
            for each in blocks_in(given):
                if isinstance(each.get("name"), str):
                    fields = fields_of(ParameterDescription, Fields(each, entity.origin))
                    made.parameters.append(ParameterDescription(each["name"], entity.origin, place, **fields))
        for each in blocks_in(request.get("representations")):
            made.bodies.append((str(each.get("contentType") or "").lower(), str(each.get("typeName") or "")))
        api.operations.append(made)
        self.owners[id(made)] = entity
        self.operations.setdefault((api.id, made.id.lower()), made)

    def _api(self, entity: Entity, what: str) -> ApiDescription | None:
        """Return the API that an entity is in; where there is none, that is a problem."""
        id_ = entity.ids[0].lower()
        api = self.apis.get(id_) or self.apis.get(base_id(id_))
        if api is None:
            name = shown(names_of(entity)[0])
            message = f"the {what} {entity.resource.address} is of the API '{name}', which isn't in this code"
            entity.problem(message, f"the {what} '{entity.id}'")
            self.service.gaps.append(Gap(f"the API '{name}' isn't in this code", entity.origin))
        return api

    # Policies

    def add_policies(self, entity: Entity) -> None:
        if entity.workspace is None:
            self._set(self.service, entity, GLOBAL)
            return
        for each in self.service.workspaces:
            if each.id == entity.workspace:
                self._set(each, entity, f"the policy of the workspace '{each.id}'")

    def add_apis_policies(self, entity: Entity) -> None:
        api = self._api(entity, "policy")
        if api is None:
            self.loose.append(entity)
        else:
            self._set(api, entity, f"the policy of the API '{api.id}'")

    def add_apis_operations_policies(self, entity: Entity) -> None:
        api = self._api(entity, "policy")
        if api is None:
            self.loose.append(entity)
            return
        id_ = entity.ids[1]
        key = (api.id, id_.lower())
        operation = self.operations.get(key)
        if operation is None and not is_known(names_of(entity)[1]):
            self.loose.append(entity)
            return
        if operation is None:
            operation = self.operations[key] = OperationDescription(id_, entity.origin)
            api.operations.append(operation)
        self._set(operation, entity, f"the policy of the operation '{id_}' of the API '{api.id}'")

    def add_products_policies(self, entity: Entity) -> None:
        product = self._product(entity)
        if product is None:
            self.loose.append(entity)
        else:
            self._set(product, entity, f"the policy of the product '{product.id}'")

    def _set(self, owner: Any, entity: Entity, part: str) -> None:
        """Set the policy of an owner; of two that differ, which one is deployed isn't known."""
        policy, other = self._policy(entity, part, owner), owner.policy
        owner.policy = policy
        if other is None or _text_of(other) == _text_of(policy):
            return
        reason = f"two resources set {part}"  # without places: it is compared with that of another version
        places = f"at {other.origin} and {policy.origin}"
        entity.problem(f"{reason}, {places}", part, "Which of them is deployed last isn't known.")
        scope = "global" if owner is self.service else ""
        owner.policy = unknown_policy(reason, entity.resource.source, entity.resource.start, scope)

    def _policy(self, entity: Entity, part: str, owner: object = None) -> PolicyText:
        """Return a policy. One that isn't deployed for certain where its owner is may be missing."""
        is_global = part == GLOBAL
        policy, around = entity.policy(part, "global" if is_global else ""), self.owners.get(id(owner))
        doubts = entity.resource.doubts - (around.resource.doubts if around is not None else frozenset())
        if policy.unknown or not doubts:
            return policy
        condition = " and ".join(sorted(doubts))
        if is_global:
            reason = f"the global policy depends on {condition}, which isn't known"
            return unknown_policy(reason, entity.resource.source, entity.resource.start, "global")
        try:
            return entity.context.unknown.perhaps(policy, condition, entity.origin)
        except ConfigurationError:
            return policy

    def finish(self, unread: Iterable[Note]) -> None:
        """Make policies unknown that a resource with an unknown name, or code that isn't read, may set."""
        for entity in self.loose:
            names = names_of(entity)
            if all(map(is_known, names)):
                continue  # of something outside of this code
            reason = f"{entity.resource.address} may be the policy: it is of {', '.join(map(shown, names))}"
            policy = unknown_policy(reason, entity.resource.source, entity.resource.start)
            is_product = entity.resource.type.startswith("products")
            owners: list[ApiDescription | ProductDescription] = []
            owners += self.service.products if is_product else self.service.apis
            for owner in owners:
                if not can_equal(names[0], names_of(self.owners[id(owner)])[-1]):
                    continue
                if isinstance(owner, ProductDescription) or "operations" not in entity.resource.type:
                    owner.policy = owner.policy or policy
                elif _set_of_operations(owner, policy):
                    owner.policy = policy
        for note in (placed for placed in unread if placed.source is not None):
            reason = f"the module {note.module} may set it" if note.module else note.message
            for api in self.service.apis:
                name = names_of(self.owners[id(api)])[-1]
                if any(text == name or text.endswith(f"/apis/{name}") for text in note.texts):
                    assert note.source is not None
                    policy = unknown_policy(reason, note.source, note.start)
                    api.policy = api.policy or policy
                    _set_of_operations(api, policy)

    def add_policyfragments(self, entity: Entity) -> None:
        policy = entity.policy(f"the fragment '{entity.id}'", "fragment")
        self.service.fragments.append(FragmentDescription(entity.id, policy.origin, policy, workspace=entity.workspace))

    def add_workspaces(self, entity: Entity) -> None:
        self.service.workspaces.append(record_of(WorkspaceDescription, entity.id, entity))

    # Products

    def add_products(self, entity: Entity) -> None:
        made = record_of(ProductDescription, entity.id, entity)
        self.service.products.append(made)
        self.owners[id(made)] = entity
        self.products.setdefault(entity.id.lower(), made)

    def _product(self, entity: Entity) -> ProductDescription | None:
        id_ = entity.ids[0].lower()
        found = self.products.get(id_)
        if found is None and id_ in KINDS["products"].built_in:
            found = self.products[id_] = built_in_product(id_, entity.origin)
            self.service.products.append(found)
            self.owners[id(found)] = entity
        if found is None:
            message = f"{entity.resource.address} is of the product '{entity.ids[0]}', which isn't in this code"
            entity.problem(message, f"the product '{entity.ids[0]}'")
        return found

    def add_products_apis(self, entity: Entity) -> None:
        if (product := self._product(entity)) is not None:
            product.apis.append(Sourced(base_id(entity.ids[1]), entity.origin))

    def add_products_apilinks(self, entity: Entity) -> None:
        if (product := self._product(entity)) is not None:
            link = entity.last_name("apiId")
            product.apis.append(link if link.known is None else Sourced(base_id(link.known), link.origin))

    def add_products_groups(self, entity: Entity) -> None:
        if (product := self._product(entity)) is not None:
            product.groups.append(Sourced(entity.ids[1], entity.origin))

    def add_products_grouplinks(self, entity: Entity) -> None:
        if (product := self._product(entity)) is not None:
            product.groups.append(entity.last_name("groupId"))

    # What belongs to no API and no product

    def add_service(self, entity: Entity) -> None:
        for each in blocks_in(entity.get("identity")):
            if "system" in str(each.get("type", "")).lower():
                self.service.identities.append(Described("system-assigned", entity.place("identity")))
            users = each.get("userAssignedIdentities") or each.get("identity_ids") or ()
            for one in users if isinstance(users, list | dict) else ():
                name = id_of(segments(one)[-1]) if segments(one) else "identity"
                self.service.identities.append(Described(name, entity.place("identity")))
        for each in blocks_in(entity.get("hostnameConfigurations")):
            if each.get("type") == "Proxy":
                self.service.hosts.append(text_of(each.get("hostName"), entity.origin))
        self._add_host_names(entity, first_block(entity.get("hosts")).get("proxy"))
        sku = entity.within("sku").text("name") if blocks_in(entity.get("sku")) else entity.text("sku")
        if not sku.is_missing:
            self.service.sku = sku
        legacy = first_block(entity.get("legacyPolicy")).get("xml_content")
        if legacy is not None:
            self.service.policy = entity.policy_of(legacy, "the global policy", "global")

    def add_hosts(self, entity: Entity) -> None:
        self._add_host_names(entity, entity.get("gateway"))

    def _add_host_names(self, entity: Entity, blocks: Value) -> None:
        names = (each.get("host_name") for each in blocks_in(blocks))
        self.service.hosts += [text_of(name, entity.origin) for name in names if name is not None]

    def add_backends(self, entity: Entity) -> None:
        backend = record_of(BackendDescription, entity.id, entity)
        self.service.backends.append(backend)
        if isinstance(entity.get("url"), Unknown):
            return
        properties = dict(entity.resource.properties)
        pool = first_block(properties.get("pool"))
        unknown = next(
            (part for part in (properties.get("pool"), pool.get("services")) if isinstance(part, Unknown)), None
        )
        if unknown is not None:  # a pool whose members aren't known is a backend whose URL isn't
            backend.url = Sourced(hole_of(unknown), entity.origin)
            return
        members = blocks_in(pool.get("services"))
        if members and all(member.get("id") is not None for member in members):
            # What is before the last name of a member's id is the service, which needs no stand-in.
            named = [{**member, "id": id_of(segments(member["id"])[-1])} for member in members]
            properties["pool"] = {**pool, "services": named}
        try:
            backend.backend = backend_of(
                entity.origin.file, entity.context.unknown.filled_deeply(properties, entity.origin)
            )
        except (ConfigurationError, ValueTooLarge) as error:
            entity.problem(f"the backend '{entity.id}' can't be used: {error}", f"the backend '{entity.id}'")
