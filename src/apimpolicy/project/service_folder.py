"""A service from a folder, in the layout that APIOps extracts; `layout` has the places of policies.

    apis/<api>/apiInformation.json, specification.{yaml,json,wsdl,graphql}, policy.xml,
               operations/<operation>/policy.xml
    products/<product>/productInformation.json, policy.xml, apis.json or apis/<api>/, groups.json or groups/<group>/
    subscriptions/<subscription>/subscriptionInformation.json
    named values/<id>/namedValueInformation.json           backends/<backend>/backendInformation.json
    version sets/<id>/versionSetInformation.json           policy fragments/<fragment>/policy.xml
    workspaces/<workspace>/                                the same again, without subscriptions

Nothing secret is in such a folder: named values without a value, and the keys of subscriptions, come from the
configuration or the overlay of an environment. A subscription without keys there has its own id as its primary key,
which is our choice. What a workspace has is the gateway's, as if it were not in the workspace; two of one id are a
mistake. Diagnostics, loggers, tags, gateways, releases and WADL are not read. Raises ConfigurationError, with file and
key.

Source: https://azure.github.io/apiops/
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from apimpolicy.context.entities import (
    NOT_PUBLISHED,
    PUBLISHED,
    Api,
    Group,
    Product,
    Subscription,
    SubscriptionKeyParameterNames,
    User,
    Workspace,
)
from apimpolicy.engine.service import (
    Service,
    ServiceApi,
    ServiceProduct,
    ServiceSubscription,
    ServiceWorkspace,
    VersionSet,
)
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.folder_backends import read_backend
from apimpolicy.project.information_files import file_in, folders, read_json, read_properties, whole
from apimpolicy.project.layout import folders_of_kinds, fragments_of
from apimpolicy.project.overlays import NO_CHANGES, TOKEN
from apimpolicy.text.secrets import keep_secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apimpolicy.engine.backends import Backend, BackendPool
    from apimpolicy.project.overlays import Overlay
    from apimpolicy.project.toml_table import Table

_KINDS = ("apis", "products", "backends", "named-values", "fragments", "workspaces", "subscriptions")


def is_service_folder(path: str) -> bool:
    """Whether a folder is laid out as APIOps does."""
    return os.path.isdir(path) and any(kind in _KINDS for kind in folders_of_kinds(path))


@attrs.define
class ServiceParts:
    """What was read so far; `place` is the folder or the file, for messages."""

    place: str
    apis: dict[str, ServiceApi] = attrs.field(factory=dict)
    products: dict[str, ServiceProduct] = attrs.field(factory=dict)
    workspaces: dict[str, ServiceWorkspace] = attrs.field(factory=dict)
    subscriptions: dict[str, ServiceSubscription] = attrs.field(factory=dict)
    named_values: dict[str, str] = attrs.field(factory=dict)
    secret_names: set[str] = attrs.field(factory=set)
    fragments: dict[str, Any] = attrs.field(factory=dict)
    backends: dict[str, Backend | BackendPool] = attrs.field(factory=dict)
    policy: str | Path | None = None

    def service(self) -> Service:
        """Raises ConfigurationError for what does not fit together."""
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


def read_service_folder(root: str, overlay: Overlay = NO_CHANGES) -> ServiceParts:
    """Everything that a folder says of a service, with what the overlay of an environment changes.

    Raises ConfigurationError.
    """
    if not is_service_folder(root):
        kinds = "apis, products, backends, named values, policy fragments, workspaces, subscriptions"
        raise ConfigurationError(
            f"{root} is a directory, not a file, and no service: none of the folders {kinds} is there"
        )
    parts = ServiceParts(root, policy=overlay.policy() or _policy(root))
    _read_scope(root, parts, None, overlay)
    for workspace, folder in folders(root, "workspaces"):
        information = file_in(folder, "workspaceInformation.json")
        name = read_properties(information).take("displayName", str) if information is not None else None
        parts.workspaces[workspace] = ServiceWorkspace(Workspace(workspace, name), _policy(folder))
        _read_scope(folder, parts, workspace, overlay)
    for id_, folder in folders(root, "subscriptions"):
        parts.subscriptions[id_] = _subscription(id_, folder, overlay.properties("subscriptions", id_))
    return parts


def _read_scope(root: str, parts: ServiceParts, workspace: str | None, overlay: Overlay) -> None:
    """What a service and a workspace both have."""

    def changes(kind: str, id_: str) -> Mapping[str, Any]:
        return overlay.properties(kind, id_, workspace)

    versions = {
        id_: _version_set(folder, changes("version-sets", id_))
        for id_, folder in folders(root, "version sets", "version-sets", "versionSets")
    }
    for id_, folder in folders(root, "apis"):
        if os.path.isfile(os.path.join(folder, "apiInformation.json")):
            _add(parts.apis, id_, _api(id_, folder, versions, workspace, overlay), folder)
    for id_, folder in folders(root, "products"):
        _add(parts.products, id_, _product(id_, folder, workspace, overlay), folder)
    for id_, folder in folders(root, "backends"):
        path = os.path.join(folder, "backendInformation.json")
        _add(parts.backends, id_, read_backend(path, changes("backends", id_)), folder)
    for id_, path in fragments_of(root).items():
        _add(parts.fragments, id_, Path(path), path)
    _read_named_values(root, parts, workspace, overlay)


def _read_named_values(root: str, parts: ServiceParts, workspace: str | None, overlay: Overlay) -> None:
    """The named values of a folder, and those that only the overlay has.

    A value that a pipeline puts into the overlay is not known, and neither is the one that it replaces.
    """
    changed = {id_: (display, value) for id_, display, value in overlay.named_values(workspace)}
    for id_, folder in folders(root, "named values", "named-values", "namedValues"):
        path = os.path.join(folder, "namedValueInformation.json")
        changes = overlay.properties("named-values", id_, workspace)
        properties = read_properties(path, changes)
        value = properties.take("value", str)
        if "keyVault" in changes or TOKEN.search(value or ""):
            value = None
        changed.pop(id_.lower(), None)
        name = properties.take("displayName", str) or id_
        if properties.take("secret", bool):
            parts.secret_names.add(name)
            keep_secret([value or ""])
        if value is not None:
            _add(parts.named_values, name, value, folder)
    for id_, (display, value) in changed.items():
        if value is not None:
            parts.named_values.setdefault(display or id_, value)


def _add(known: dict[str, Any], id_: str, found: object, place: str) -> None:
    if id_ in known:
        raise ConfigurationError(f"{place}: there is another '{id_}' in the service; workspaces are read into one")
    known[id_] = found


def _policy(folder: str) -> Path | None:
    return _file(folder, "policy.xml")


def _file(folder: str, *names: str) -> Path | None:
    path = file_in(folder, *names)
    return None if path is None else Path(path)


def _version_set(folder: str, changes: Mapping[str, Any]) -> VersionSet:
    path = file_in(folder, "versionSetInformation.json", "apiVersionSetInformation.json")
    if path is None:
        raise ConfigurationError(f"{folder} has no versionSetInformation.json")
    properties = read_properties(path, changes)
    scheme = (properties.take("versioningScheme", str) or "Segment").lower()
    if scheme not in ("segment", "header", "query"):
        raise properties.mistake(f"is Segment, Header or Query, not '{scheme}'", "versioningScheme")
    name = properties.take("versionHeaderName" if scheme == "header" else "versionQueryName", str)
    return VersionSet(scheme, name or "api-version")


def _api(
    id_: str, folder: str, versions: Mapping[str, VersionSet], workspace: str | None, overlay: Overlay
) -> ServiceApi:
    path = os.path.join(folder, "apiInformation.json")
    properties = read_properties(path, overlay.properties("apis", id_, workspace))
    names = properties.table("subscriptionKeyParameterNames")
    version_set = properties.take("apiVersionSetId", str)
    chosen = None
    if version_set is not None:
        chosen = versions.get(version_set.rstrip("/").rpartition("/")[2])
        if chosen is None:
            raise properties.mistake(f"names the version set '{version_set}', which is not there", "apiVersionSetId")
    is_current = properties.take("isCurrent", bool)
    api = Api(
        id_,
        properties.take("displayName", str),
        properties.take("path", str) or "",
        protocols=properties.texts("protocols") or ("https",),
        service_url=properties.take("serviceUrl", str) or None,
        subscription_key_parameter_names=None
        if names is None
        else SubscriptionKeyParameterNames(
            names.take("header", str) or "Ocp-Apim-Subscription-Key", names.take("query", str) or "subscription-key"
        ),
        is_current_revision=";rev=" not in id_ if is_current is None else is_current,
        revision=properties.take("apiRevision", str) or "1",
        version=properties.take("apiVersion", str) or None,
        kind=_kind(properties),
    )
    return ServiceApi(
        api,
        policy=overlay.policy("apis", id_, workspace=workspace) or _policy(folder),
        operation_policies={
            name: policy
            for name, inside in folders(folder, "operations")
            if (policy := overlay.policy("apis", id_, name, workspace) or _policy(inside)) is not None
        },
        subscription_required=False if properties.take("subscriptionRequired", bool) is False else None,
        version_set=chosen,
        workspace=workspace,
        openapi=_file(folder, "specification.yaml", "specification.yml", "specification.json"),
        wsdl=_file(folder, "specification.wsdl"),
        graphql_schema=_file(folder, "specification.graphql"),
    )


def _kind(properties: Table) -> str:
    """The type of an API; one that is not known here is an HTTP API like any other."""
    from apimpolicy.context.entities import KINDS

    kind = (properties.take("type", str) or properties.take("apiType", str) or "http").lower()
    return kind if kind in KINDS else "http"


def _product(id_: str, folder: str, workspace: str | None, overlay: Overlay) -> ServiceProduct:
    path = os.path.join(folder, "productInformation.json")
    properties = read_properties(path, overlay.properties("products", id_, workspace))
    state = properties.take("state", str)
    product = Product(
        id_,
        properties.take("displayName", str),
        state=NOT_PUBLISHED if state is not None and state.lower() == "notpublished" else PUBLISHED,
        approval_required=properties.take("approvalRequired", bool) or False,
        subscription_required=properties.take("subscriptionRequired", bool) is not False,
        subscriptions_limit=whole(properties, "subscriptionsLimit"),
        groups=[Group(name) for name in _linked(folder, "groups")],
    )
    policy = overlay.policy("products", id_, workspace=workspace) or _policy(folder)
    return ServiceProduct(product, apis=_linked(folder, "apis"), policy=policy, workspace=workspace)


def _linked(folder: str, kind: str) -> list[str]:
    """What a product is linked with: `apis.json`, a list of names, or a folder for each."""
    path = file_in(folder, f"{kind}.json")
    if path is None:
        return [name for name, _ in folders(folder, kind)]
    found = read_json(path)
    items = found if isinstance(found, list) else [None]
    names = [item.get("name") if isinstance(item, dict) else item for item in items]
    linked = [name for name in names if isinstance(name, str)]
    if len(linked) < len(names):
        raise ConfigurationError(f"{path} is a list of objects with a 'name'")
    return linked


def _subscription(id_: str, folder: str, changes: Mapping[str, Any]) -> ServiceSubscription:
    path = os.path.join(folder, "subscriptionInformation.json")
    properties = read_properties(path, changes)
    owner = properties.take("ownerId", str)
    subscription = Subscription(
        id_,
        properties.take("displayName", str),
        primary_key=properties.take("primaryKey", str) or id_,
        secondary_key=properties.take("secondaryKey", str) or f"{id_}-secondary",
    )
    try:
        return ServiceSubscription(
            subscription,
            properties.take("scope", str) or "/apis",
            user=None if owner is None else User(owner.rstrip("/").rpartition("/")[2]),
            state=(properties.take("state", str) or "active").lower(),
            allow_tracing=properties.take("allowTracing", bool) or False,
        )
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from None
