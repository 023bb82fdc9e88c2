"""The tables of a configuration that describe a service, for `Gateway.send` and `apimpolicy run FOLDER`.

    service = "extracted"                       # a folder in the layout of APIOps; what follows comes on top
    global-policy = "global.xml"                # "none": the one of a new service

    [apis.orders]                               # also: name, service-url, protocols, revision, is-current-revision
    path = "orders"
    policy = "orders.xml"
    openapi = "orders.yaml"                     # also: wsdl, graphql-schema, schemas
    subscription-required = true
    subscription-key-header = "X-Key"           # also: subscription-key-query
    version = "v2"
    versioning = "segment"                      # or "header" or "query", with version-name
    workspace = "sales"

    [apis.orders.operations.get]                # also: name
    method = "GET"
    url-template = "/{id}"
    policy = "get.xml"

    [apis.orders-mcp]                           # an MCP server: with tools, or with backend-id of one elsewhere
    kind = "mcp"
    path = "orders-mcp"

    [apis.orders-mcp.tools.getOrder]            # also: description
    api = "orders"
    operation = "get"

    [products.starter]                          # also: name, subscription-required, state, groups …
    apis = ["orders"]
    policy = "starter.xml"

    [subscriptions.partner]                     # also: name, secondary-key, state, allow-tracing
    primary-key = "k1"
    product = "starter"                         # or: api, or scope = "/apis"
    user = "zoe"

    [users.zoe]
    groups = ["Developers"]

    [workspaces.sales]                          # also: name
    policy = "sales.xml"

For a service in parts, a table `[service]` replaces the first two keys: `path`, `global-policy`, `modules`, which are
folders in the place of modules that aren't read, and `[[service.policies]]`, what scripts attach (`api` with or without
`operation`, or `product`; `policy`).

A policy is the path of a file, or the document itself: a text that begins with `<`.

A subscription of the folder that is named here keeps its scope and its user unless these are set.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apimpolicy.diagnostics import Severity
from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.context import entities
from apimpolicy.gateway.context.entities import Workspace
from apimpolicy.project.declared import NOTHING, Declared
from apimpolicy.project.environments import environment_tables, overlay_path, selected, service_name
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.mcp.servers import McpServer
    from apimpolicy.gateway.engine.service import ServiceApi, ServiceProduct, ServiceSubscription
    from apimpolicy.project.overlays import Overlay
    from apimpolicy.project.service.building import ServiceParts
    from apimpolicy.project.service.description import PolicyText, ServiceDescription
    from apimpolicy.project.toml_table import Table

_KINDS = ("apis", "products", "subscriptions", "users", "workspaces")


class ServiceTables:
    """The tables, taken out of a configuration; other files are read when `described` and `parts` are called."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._parts = table.table("service") if isinstance(table.take("service", object), dict) else None
        parts = self._parts
        folder = table.take("service", str) if parts is None else parts.take("path", str)
        self.folder = None if folder is None else table.path(folder)
        policy = table.take("global-policy", str)
        if policy is None and parts is not None:
            policy = parts.take("global-policy", str)
        self._has_no_policy = policy == "none"
        if self._has_no_policy:
            policy = None
        self._policy = policy if policy is None or is_document(policy) else Path(table.path(policy))
        self._attached = [] if parts is None else [_attached(each) for each in parts.tables("policies")]
        if parts is not None and (modules := parts.table("modules")) is not None:  # `service.from_code` reads them
            for part, path in modules.items():
                if not os.path.exists(modules.path(modules.checked(path, str, part))):
                    raise modules.mistake(f"names {path}, which doesn't exist", part)
        if parts is not None:
            parts.finish(("global-policy",))
        self._named = {kind: table.named_tables(kind) for kind in _KINDS}

    @property
    def is_empty(self) -> bool:
        return self.folder is None and self._policy is None and not any(self._named.values())

    def described(self, folder: str | None = None, declared: Declared = NOTHING) -> ServiceDescription | None:
        """Describe the service of the folder in the selected environment, without the parts that don't fit.

        A reference to something that may be elsewhere, as `check` sees it with what is `declared`, is no error. Raises
        ConfigurationError.
        """
        found = self.as_written(folder)
        if found is None:
            return None
        from apimpolicy.project.service.operations import settle_operations
        from apimpolicy.project.service.repair import DeclaredIds, repair

        ids = {kind: [id_ for id_, _ in self._named[kind]] for kind in ("apis", "products")}
        repair(found, DeclaredIds(ids["apis"], ids["products"]))
        if any(each.missing is not None for each in found.problems):
            _settle_references(found, declared)
        settle_operations(found)
        return found

    def as_written(self, folder: str | None = None) -> ServiceDescription | None:
        """Describe the service of the folder with the parts that don't fit. Raises ConfigurationError."""
        root = folder or self.folder
        if root is None:
            return None
        from apimpolicy.project.service.reading import describe

        return self.completed(describe(root, self._overlay(root)))

    def completed(self, service: ServiceDescription) -> ServiceDescription:
        """Add to a description what the table `service` has. Raises ConfigurationError."""
        if self._has_no_policy:
            service.policy = None
        elif self._policy is not None:
            service.policy = _text_of(self._policy, self._table.file)
        for table, names, path in self._attached:
            if (owner := _owner(service, table, names)) is not None:
                owner.policy = _text_of(Path(path), self._table.file)
        return service

    def parts(self, description: ServiceDescription | None = None, *, is_lenient: bool = False) -> ServiceParts:
        """Make the parts of a description and of the tables. Raises ConfigurationError."""
        from apimpolicy.gateway.engine.service import ServiceWorkspace
        from apimpolicy.project.service.building import ServiceParts, parts_of

        parts = ServiceParts(self._table.file) if description is None else parts_of(description, is_lenient)
        if description is None:
            parts.policy = self._policy
        for id_, table in self._named["workspaces"]:
            workspace = Workspace(id_, table.take("name", str))
            parts.workspaces[id_] = ServiceWorkspace(workspace, _policy(table))
            table.finish()
        for id_, table in self._named["apis"]:
            parts.apis[id_] = _checked(table, _api, id_)
        for id_, table in self._named["products"]:
            parts.products[id_] = _checked(table, _product, id_)
        users = {id_: entity_of("user", table, id_) for id_, table in self._named["users"]}
        for id_, table in self._named["subscriptions"]:
            parts.subscriptions[id_] = _subscription(id_, table, users, parts.subscriptions.get(id_))
        return parts

    def _overlay(self, root: str) -> Overlay:
        from apimpolicy.project.overlays import NO_CHANGES, read_overlay

        name = selected()
        if name is None:
            return NO_CHANGES
        own = environment_tables(self._table.values).get(name, {})
        path = overlay_path(root, name, own, self._table.directory)
        return NO_CHANGES if path is None else read_overlay(path)


def _text_of(policy: str | Path, file: str) -> PolicyText:
    from apimpolicy.project.service.description import FileLocation, PolicyText

    if isinstance(policy, Path):
        return PolicyText(FileLocation(str(policy)), path=str(policy))
    return PolicyText(FileLocation(file), source=Source(policy, file))


def _attached(table: Table) -> tuple[Table, tuple[str | None, ...], str]:
    """Return an entry of `service.policies`: api, operation, product, and the file. Raises ConfigurationError."""
    api, operation, product = (table.take(name, str) for name in ("api", "operation", "product"))
    if (api is None) == (product is None) or (operation is not None and api is None):
        raise table.mistake("needs an 'api', with an 'operation' or without, or a 'product'")
    path = _path(table, "policy")
    table.finish()
    if path is None:
        raise table.mistake("needs a 'policy', the file that a script attaches")
    return table, (api, operation, product), str(path)


def _owner(service: ServiceDescription, table: Table, names: tuple[str | None, ...]) -> Any:
    """Return the API, operation or product that a policy is attached to; None if another service may have it.

    Raises ConfigurationError if there is none.
    """
    api, operation, product = names
    kind, name = ("product", product) if api is None else ("API", api)
    found: Any = service.product(name or "") if api is None else service.api(name or "")
    if found is None and service_name() is not None:
        return None
    if found is None:
        names_there = ", ".join(each.id for each in (service.products if api is None else service.apis)) or "none"
        raise table.mistake(f"names the {kind} '{name}', which the service doesn't have; it has {names_there}")
    if operation is None:
        return found
    from apimpolicy.project.service.description import OperationDescription

    inner = next((each for each in found.operations if each.id.lower() == operation.lower()), None)
    if inner is None:  # its API's document has it, or it is reported
        inner = OperationDescription(operation, found.origin)
        found.operations.append(inner)
    return inner


def _settle_references(service: ServiceDescription, declared: Declared) -> None:
    """Make errors about missing resources warnings where these may exist elsewhere."""
    import attrs

    from apimpolicy.project.known_service import ServiceView

    view = ServiceView(service, None, declared)
    service.problems = [
        attrs.evolve(each, severity=Severity.WARNING)
        if each.missing is not None and not view.is_certainly_missing(*each.missing)
        else each
        for each in service.problems
    ]


def _checked(table: Table, make: Any, id_: str) -> Any:
    """Call `make` with a table, and add the table's place to its error."""
    try:
        return make(id_, table)
    except ConfigurationError as error:
        raise error if str(error).startswith(table.file) else table.mistake(f"cannot be: {error}") from None


def _policy(table: Table, name: str = "policy") -> Source | Path | None:
    """Return a policy: the file that a key names, or the document itself. Raises ConfigurationError."""
    text = table.take(name, str)
    if text is not None and is_document(text):
        return Source(text, f"{table.file} ({table.full(name)})")
    return _path(table, name)


def is_document(text: str) -> bool:
    return text.lstrip().startswith("<")


def _path(table: Table, name: str) -> Path | None:
    """Return the file that a key names. Raises ConfigurationError if it doesn't exist."""
    text = table.take(name, str)
    if text is None:
        return None
    path = table.path(text)
    if not os.path.isfile(path):
        raise table.mistake(f"names the file {path}, which does not exist", name)
    return Path(path)


def _api(id_: str, table: Table) -> ServiceApi:
    from apimpolicy.gateway.engine.service import ServiceApi, ServiceOperation, VersionSet

    scheme, name = table.take("versioning", str), table.take("version-name", str)
    version_set = None if scheme is None else VersionSet(scheme, name or "api-version")
    operations = []
    for operation_id, inner in table.named_tables("operations"):
        policy = _policy(inner)
        operations.append(ServiceOperation(entity_of("operation", inner, operation_id), policy))
    schemas = table.table("schemas")
    options: dict[str, Any] = {
        "policy": _policy(table),
        "openapi": _path(table, "openapi"),
        "wsdl": _path(table, "wsdl"),
        "graphql_schema": _path(table, "graphql-schema"),
        "schemas": None if schemas is None else {key: _path(schemas, key) for key, _ in schemas.items()},
        "subscription_required": table.take("subscription-required", bool),
        "workspace": table.take("workspace", str),
        "mcp": _server(table),
    }
    return ServiceApi(entity_of("api", table, id_), operations=operations, version_set=version_set, **options)


def _server(table: Table) -> McpServer | None:
    """Return the MCP server that an API is, by its tools or its backend. Raises ConfigurationError."""
    tools, backend = table.named_tables("tools"), table.take("backend-id", str)
    if not tools and backend is None:
        return None
    from apimpolicy.gateway.engine.mcp.servers import McpServer, McpTool

    if table.values.get("kind") != "mcp":
        raise table.mistake('has tools or a backend-id, and no kind = "mcp"')
    if tools and backend is not None:
        raise table.mistake("has both tools and a backend-id; an MCP server has one of them")
    made: list[McpTool] = []
    for name, inner in tools:
        api, operation = (inner.take(key, str) for key in ("api", "operation"))
        if api is None or operation is None:
            raise inner.mistake("needs the 'api' and the 'operation' that the tool calls")
        made.append(McpTool(name, api, operation, inner.take("description", str) or ""))
        inner.finish()
    return McpServer(made, backend)


def _product(id_: str, table: Table) -> ServiceProduct:
    from apimpolicy.gateway.engine.service import ServiceProduct

    apis, policy, workspace = table.texts("apis") or (), _policy(table), table.take("workspace", str)
    return ServiceProduct(entity_of("product", table, id_), apis=apis, policy=policy, workspace=workspace)


def _subscription(
    id_: str, table: Table, users: Mapping[str, Any], below: ServiceSubscription | None
) -> ServiceSubscription:
    from apimpolicy.gateway.engine.service import STATES, ServiceSubscription

    product, api, scope = table.take("product", str), table.take("api", str), table.take("scope", str)
    scopes = [name for name in ("product", "api", "scope") if name in table]
    if len(scopes) > 1:
        raise table.mistake(f"has both '{scopes[0]}' and '{scopes[1]}'; give one")
    if product is not None:
        scope = f"/products/{product}"
    elif api is not None:
        scope = f"/apis/{api}"
    user = table.take("user", str)
    if user is not None and user not in users:
        raise table.mistake(f"names the user '{user}'; add a table [users.{user}]", "user")
    state, tracing = table.choice("state", tuple(STATES)), table.take("allow-tracing", bool)
    if "secondary-key" not in table:
        table = table.with_values({"secondary-key": f"{id_}-secondary"})
    if "primary-key" not in table:
        table = table.with_values({"primary-key": id_})
    import attrs

    subscription = ServiceSubscription(entity_of("subscription", table, id_))
    if below is not None:
        subscription = attrs.evolve(below, subscription=subscription.subscription)
    changes: dict[str, Any] = {"scope": scope, "state": state, "allow_tracing": tracing}
    if user is not None:
        changes["user"] = users[user]
    return attrs.evolve(subscription, **{name: value for name, value in changes.items() if value is not None})


# The tables `api`, `operation`, `product`, `subscription`, `user`, `deployment` of a configuration as entities.

_STATES = {"published": entities.PUBLISHED, "not-published": entities.NOT_PUBLISHED}

_PLAIN: dict[str, dict[str, type]] = {
    "api": {
        "id": str,
        "name": str,
        "path": str,
        "service-url": str,
        "is-current-revision": bool,
        "revision": str,
        "version": str,
        "kind": str,
    },
    "operation": {"id": str, "name": str, "method": str, "url-template": str},
    "product": {
        "id": str,
        "name": str,
        "approval-required": bool,
        "subscription-required": bool,
        "subscriptions-limit": int,
    },
    "subscription": {
        "id": str,
        "name": str,
        "key": str,
        "primary-key": str,
        "secondary-key": str,
        "created-date": datetime.datetime,
        "start-date": datetime.datetime,
        "end-date": datetime.datetime,
    },
    "user": {
        "id": str,
        "email": str,
        "first-name": str,
        "last-name": str,
        "note": str,
        "registration-date": datetime.datetime,
    },
    "deployment": {"service-name": str, "service-id": str, "region": str, "gateway-id": str},
}


def entity_of(name: str, table: Table, id_: str | None = None) -> Any:
    """Return the entity of a table, whose keys are the constructor's with hyphens. Raises ConfigurationError.

    `id_` is the id when it is the table's name, which then has no key of its own for it.
    """
    options: dict[str, Any] = {} if id_ is None else {"id": id_}
    kind: type[Any]
    for key, kind in _PLAIN[name].items():
        if key == "id" and id_ is not None:
            continue
        if (value := table.take(key, kind)) is not None:
            options[key.replace("-", "_")] = value
    options |= _special(name, table)
    table.finish()
    return getattr(entities, name.title())(**options)


def _special(name: str, table: Table) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if name == "api":
        if (protocols := table.texts("protocols")) is not None:
            values["protocols"] = protocols
        header, query = table.take("subscription-key-header", str), table.take("subscription-key-query", str)
        if header or query:
            values["subscription_key_parameter_names"] = entities.SubscriptionKeyParameterNames(
                header or "Ocp-Apim-Subscription-Key", query or "subscription-key"
            )
    elif name == "product":
        values["groups"] = _groups(table)
        if (state := table.choice("state", tuple(_STATES))) is not None:
            values["state"] = _STATES[state]
    elif name == "user":
        values["groups"] = _groups(table)
        identities = table.take("identities", dict) or {}
        values["identities"] = [
            entities.UserIdentity(table.checked(id_, str, f"identities.{provider}"), provider)
            for provider, id_ in identities.items()
        ]
    return values


def _groups(table: Table) -> list[entities.Group]:
    """Groups are given by their names, and the id is the name in lower case; or as tables with `id` and `name`."""
    value = table.take("groups", object)
    listed = [value] if isinstance(value, str) else table.checked(value or [], list, "groups")
    return [_group(table, each, f"groups[{index}]") for index, each in enumerate(listed)]


def _group(table: Table, given: Any, place: str) -> entities.Group:
    if not isinstance(given, dict):
        name = table.checked(given, str, place)
        return entities.Group(name.lower(), name)
    inner = table.within(given, place)
    id_, named = inner.take("id", str), inner.take("name", str)
    inner.finish()
    if id_ is None and named is None:
        raise inner.mistake("a group has an 'id' or a 'name'")
    return entities.Group(id_ or (named or "").lower(), named or id_ or "")
