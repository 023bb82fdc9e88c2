"""The resources of a service and their fields, as rules of an organisation ask for them (`resource_rules`).

    resource = next(resources_of("backend", service, ServiceFiles(service)))
    resource.value("url")   # ("https://orders.internal",), or a Hole where it isn't known, or None without one

Fields have the names of Azure Resource Manager; a few more follow from others (`host`) or from files (`changed`). Each
is a row of `KINDS`. Nothing else here knows the shapes of descriptions.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.context.description import operation_key
from apimpolicy.project.service.description import (
    OPERATIONS,
    ApiDescription,
    FileLocation,
    Hole,
    OperationDescription,
    ServiceDescription,
    Sourced,
)
from apimpolicy.project.service.operations import KnownOperations

if TYPE_CHECKING:
    from apimpolicy.project.service.description import PolicyText
    from apimpolicy.text.document import Document

Texts = tuple[str, ...]
Known = Texts | Hole | None
"""The texts of a field: none where the resource has none by its nature; a Hole isn't known, None isn't written."""

_DEFAULT = Hole("it isn't written, so that Azure's default applies")
_ONLY_ID = Hole("only its id is known")
_WITHOUT_SPECIFICATION = ("websocket", "mcp", "a2a")
"""Types of APIs that are described by their settings alone."""
_NAMED_VALUE = re.compile(r"\{\{\s*([^{}\s]+)\s*\}\}")


class ServiceFiles:
    """The facts that follow from the files of a service.

    `changed` returns the files below a folder that differ from a revision, where one is given.
    """

    def __init__(self, service: ServiceDescription, changed: Callable[[str], frozenset[str]] | None = None) -> None:
        self.service = service
        self.operations = KnownOperations()
        self._changed = changed

    @cached_property
    def changed(self) -> frozenset[str] | None:
        """Return the files that have changed; None without a revision. Raises ConfigurationError."""
        return None if self._changed is None else self._changed(self.service.place)

    @cached_property
    def fragments(self) -> Mapping[str, Document]:
        found: dict[str, Document] = {}
        for each in self.service.fragments:
            with suppress(ConfigurationError):
                if each.policy is not None and not each.policy.unknown:
                    found[each.id] = document_of(each.policy)
        return found

    def place(self, *places: FileLocation | None) -> FileLocation | None:
        """Return the first of these places, or else of the service's, that is in a file; None without any."""
        listed = (self.service.apis, self.service.products, self.service.backends, self.service.named_values)
        others = (policy.origin for _, policy in self.service.policies())
        known = (*places, self.service.sku.origin, *others, *(each.origin for group in listed for each in group))
        return next((each for each in known if each is not None and os.path.isfile(each.file)), None)


def document_of(policy: PolicyText) -> Document:
    """Read a policy. Raises ConfigurationError."""
    from apimpolicy.text.markup import read

    return read(policy.read())


class Resource:
    """A resource that a rule may be about; of an operation, `api` is the API."""

    def __init__(self, kind: str, described: Any, files: ServiceFiles, api: ApiDescription | None = None) -> None:
        self.kind = kind
        self.described = described
        self.files = files
        self.api = api

    @property
    def service(self) -> ServiceDescription:
        return self.files.service

    @property
    def id(self) -> str:
        return "" if self.kind == "service" else str(self.described.id)

    @property
    def origin(self) -> FileLocation | None:
        return self.files.place(getattr(self.described, "origin", None), None if self.api is None else self.api.origin)

    def value(self, name: str) -> Known:
        """Return the texts of a field; without a value, Azure's default."""
        field = KINDS[self.kind].fields[name]
        found = texts_of(field.get(self))
        return field.default if found is None else found

    def documents(self) -> list[Document | None]:
        """Return the policy and those of wider scopes, nearest first; None for one that isn't known."""
        own = [self.described] if self.kind == "service" else [self.described, *([self.api] if self.api else [])]
        owners = own if self.described is self.service else [*own, self.service]
        return [self._document(each) for each in owners]

    def _document(self, owner: Any) -> Document | None:
        from apimpolicy.text.markup import read
        from apimpolicy.text.source import Source

        policy: PolicyText | None = getattr(owner, "policy", None)
        if policy is None:
            may_be_elsewhere = owner is self.service and any(not each.kind for each in self.service.gaps)
            return None if may_be_elsewhere else read(Source(NO_POLICY, ""))
        try:
            return None if policy.unknown else document_of(policy)
        except ConfigurationError:
            return None


_SECTIONS = ("inbound", "backend", "outbound", "on-error")
NO_POLICY = f"<policies>{''.join(f'<{name}><base /></{name}>' for name in _SECTIONS)}</policies>"
"""The document that runs for a scope without a policy."""


class Example(Resource):
    """A resource as the example of a rule writes it; a field that follows from others need not be written."""

    def __init__(self, kind: str, values: Mapping[str, Texts]) -> None:
        super().__init__(kind, None, ServiceFiles(ServiceDescription("")))
        self.values = values

    @property
    def id(self) -> str:
        return next(iter(self.values.get("name", ())), "")

    def value(self, name: str) -> Known:
        field = KINDS[self.kind].fields[name]
        found = self.values.get(name, texts_of(field.get(self)) if field.is_derived else None)
        return field.default if found is None else found

    def documents(self) -> list[Document | None]:
        from apimpolicy.text.markup import read
        from apimpolicy.text.source import Source

        return [read(Source(text, "")) for text in self.values.get("policy", (NO_POLICY,))]


def texts_of(value: Any) -> Known:
    """Return a value of a description as texts, as rules write them: `true`, `5`."""
    value = value.value if isinstance(value, Sourced) else value
    if value is None or value == "" or isinstance(value, Hole):
        return value or None
    if isinstance(value, list | tuple):
        texts: list[str] = []
        for each in map(texts_of, value):
            if isinstance(each, Hole):
                return each
            texts += each or ()
        return tuple(texts)
    return (str(value).lower() if isinstance(value, bool) else str(value),)


class Field(NamedTuple):
    """A field: what it is, for `apimpolicy rule --fields`, where its value is, and Azure's default."""

    words: str
    get: Callable[[Resource], Any]
    default: Texts | Hole | None = None
    is_derived: bool = False


class ResourceKind(NamedTuple):
    noun: str
    collection: str
    """The list of a description that has them, as `ServiceDescription.resources` names it; empty for others."""
    fields: dict[str, Field]
    has_policy: bool = False


def _plain(words: str, attribute: str, default: str | Hole | None = None) -> Field:
    texts = (default,) if isinstance(default, str) else default
    return Field(words, lambda resource: getattr(resource.described, attribute, _ONLY_ID), texts)


def _derived(words: str, name: str, make: Callable[[Resource, str], Known]) -> Field:
    """Return a field that follows from the texts of another."""

    def get(resource: Resource) -> Known:
        found = resource.value(name)
        if found is None or isinstance(found, Hole):
            return found
        texts: list[str] = []
        for each in found:
            made = make(resource, each)
            if isinstance(made, Hole):
                return made
            texts += made or ()
        return tuple(texts)

    return Field(words, get, is_derived=True)


def _host(resource: Resource, url: str) -> Known:
    """Return the host of a URL, in which named values may be."""
    values = {each.display_name: each.value.known for each in resource.service.named_values}
    for name in _NAMED_VALUE.findall(url):
        if values.get(name) is None:
            return Hole(url)
    filled = _NAMED_VALUE.sub(lambda match: values[match[1]] or "", url)
    try:
        return ((urlsplit(filled).hostname or "").rstrip("."),)
    except ValueError:
        return Hole(url)


def _changed(resource: Resource) -> Known:
    """Return whether a file of the resource has changed: in an extract, one of its folder."""
    changed = resource.files.changed
    if changed is None:
        return Hole("--since says from which revision on")
    place = getattr(resource.described, "origin", None)
    if place is None:
        return (str(bool(changed)).lower(),)
    own = os.path.abspath(place.file)
    if not resource.service.read:
        own = own if os.path.isdir(own) else os.path.dirname(own)
    policy = getattr(resource.described, "policy", None)
    also = "" if policy is None or policy.path is None else os.path.abspath(policy.path)
    is_changed = any(each in (own, also) or each.startswith(f"{own}{os.sep}") for each in changed)
    return (str(is_changed).lower(),)


def _urls(resource: Resource) -> Known:
    """Return the URL of a backend. A pool has none of its own: its members are backends."""
    from apimpolicy.gateway.engine.backends import BackendPool

    is_pool = isinstance(getattr(resource.described, "backend", None), BackendPool)
    return () if is_pool else texts_of(getattr(resource.described, "url", _ONLY_ID))


def _operations(resource: Resource) -> Known:
    api = resource.described
    if not isinstance(api, ApiDescription):
        return _ONLY_ID
    if (api.kind.known or "").lower() in (*_WITHOUT_SPECIFICATION, "graphql"):
        return ()
    if names := resource.files.operations.names(api):
        return tuple(names)
    if api.files or api.operations:
        return Hole("the description of its operations isn't read")
    gap = next((each for each in resource.service.gaps if each.kind == OPERATIONS and _is_of(each.name, api)), None)
    return None if gap is None else Hole(gap.reason)


def _is_of(name: str, api: ApiDescription) -> bool:
    return not name or name.lower().startswith(f"{api.id.lower()}/") or not name[0].isalnum()


def _formats(resource: Resource) -> Known:
    api = resource.described
    if not isinstance(api, ApiDescription):
        return _ONLY_ID
    if (api.kind.known or "").lower() in _WITHOUT_SPECIFICATION:
        return ()
    return tuple(each.format for each in api.files) or None


def _state(resource: Resource) -> Known:
    found: Any = getattr(resource.described, "is_published", _ONLY_ID)
    value = found.value if isinstance(found, Sourced) else found
    return ("published" if value else "notPublished",) if isinstance(value, bool) else texts_of(value)


_COMMON = {
    "name": Field("its id", lambda resource: resource.id),
    "workspace": Field("the id of its workspace", lambda resource: getattr(resource.described, "workspace", None)),
    "changed": Field("true if its files have changed since the revision of --since", _changed),
}
_DISPLAY_NAME = _plain("the name that people see", "name")


def _fields(**own: Field) -> dict[str, Field]:
    return {**_COMMON, **{name.replace("__", "."): field for name, field in own.items()}}


KINDS: dict[str, ResourceKind] = {
    "api": ResourceKind(
        "API",
        "apis",
        _fields(
            displayName=_DISPLAY_NAME,
            path=_plain("the path, before that of operations", "path"),
            protocols=_plain("http, https, ws, wss", "protocols", _DEFAULT),
            serviceUrl=_plain("the URL of the backend", "service_url"),
            host=_derived("the host of serviceUrl", "serviceUrl", _host),
            type=_plain("http, soap, graphql, websocket, mcp, …", "kind", "http"),
            apiRevision=_plain("the number of the revision", "revision", "1"),
            isCurrent=_plain("true for the current revision", "is_current", "true"),
            apiVersion=_plain("the version", "version"),
            apiVersionSetId=_plain("the id of the version set", "version_set"),
            subscriptionRequired=_plain("true if callers need a key", "subscription_required", "true"),
            subscriptionKeyParameterNames__header=_plain("the header of the key", "key_header"),
            subscriptionKeyParameterNames__query=_plain("the query parameter of the key", "key_query"),
            operations=Field("the ids of all operations", _operations),
            specification=Field("the formats of its descriptions: openapi, wsdl, graphql", _formats),
        ),
        has_policy=True,
    ),
    "operation": ResourceKind(
        "operation",
        "",
        _fields(
            api=Field("the id of the API", lambda resource: resource.api.id if resource.api else None),
            displayName=_DISPLAY_NAME,
            method=_plain("GET, POST, …", "method"),
            urlTemplate=_plain("the path below that of the API", "template"),
        ),
        has_policy=True,
    ),
    "product": ResourceKind(
        "product",
        "products",
        _fields(
            displayName=_DISPLAY_NAME,
            state=Field("published or notPublished", _state, _DEFAULT),
            subscriptionRequired=_plain("true if callers need a key", "subscription_required", "true"),
            approvalRequired=_plain("true if subscriptions need an approval", "approval_required", "false"),
            subscriptionsLimit=_plain("the most subscriptions of one user", "subscriptions_limit"),
            apis=_plain("the ids of its APIs", "apis"),
            groups=_plain("the ids of its groups", "groups"),
        ),
        has_policy=True,
    ),
    "subscription": ResourceKind(
        "subscription",
        "subscriptions",
        _fields(
            displayName=_DISPLAY_NAME,
            scope=_plain("/apis for all APIs, /apis/ID or /products/ID", "scope"),
            state=_plain("active, suspended, …", "state", _DEFAULT),
            ownerId=_plain("the id of the user", "owner"),
            allowTracing=_plain("true if its key allows tracing", "allow_tracing", _DEFAULT),
        ),
    ),
    "backend": ResourceKind(
        "backend",
        "backends",
        _fields(url=Field("the URL; a pool has none", _urls), host=_derived("the host of url", "url", _host)),
    ),
    "named-value": ResourceKind(
        "named value",
        "named-values",
        _fields(
            displayName=_plain("the name that policies use", "name"),
            value=_plain("the value; findings don't show it", "value"),
            secret=_plain("true for a secret", "is_secret", "false"),
            keyVault__secretIdentifier=_plain("the URL of the secret in Key Vault", "key_vault"),
            vault=_derived("the host of keyVault.secretIdentifier", "keyVault.secretIdentifier", _host),
        ),
    ),
    "fragment": ResourceKind("fragment", "fragments", _fields()),
    "logger": ResourceKind(
        "logger", "loggers", _fields(loggerType=_plain("azureEventHub, applicationInsights or azureMonitor", "kind"))
    ),
    "version-set": ResourceKind(
        "version set",
        "version-sets",
        _fields(
            versioningScheme=_plain("Segment, Header or Query", "scheme"),
            versionHeaderName=_plain("the header of the version", "header"),
            versionQueryName=_plain("the query parameter of the version", "query"),
        ),
    ),
    "service": ResourceKind(
        "service",
        "",
        {
            "changed": _COMMON["changed"],
            "sku.name": _plain("the tier: Developer, Premium, …", "sku", Hole("the SKU isn't written here")),
            "hostnames": _plain("the custom domains of the gateway", "hosts"),
        },
        has_policy=True,
    ),
}


def resources_of(kind: str, files: ServiceFiles) -> Iterator[Resource]:
    """Yield the resources of a kind that are described, without those that stand for unknown values."""
    service = files.service
    if kind == "service":
        yield Resource(kind, service, files)
    elif kind == "operation":
        for api in service.apis:
            for operation in _all_operations(api, files):
                yield Resource(kind, operation, files, api)
    else:
        for each in service.resources(KINDS[kind].collection):
            if not getattr(each, "is_made_up", False) and getattr(each, "is_described", True):
                yield Resource(kind, each, files)


def _all_operations(api: ApiDescription, files: ServiceFiles) -> Iterator[OperationDescription]:
    """Yield the operations of an API: those that are described, with the methods and paths of its OpenAPI document."""
    read = _of_document(api)
    own = {operation_key(each.id): each for each in api.operations}
    for id_ in dict.fromkeys((*read, *map(operation_key, files.operations.names(api)), *own)):
        found, (name, method, template, origin) = own.get(id_), read.get(id_, (id_, *_UNREAD, api.origin))
        if found is not None and not found.method.is_missing:
            yield found
        else:
            policy = None if found is None else found.policy
            place = origin if found is None else found.origin
            yield OperationDescription(name, place, Sourced(name), Sourced(method), Sourced(template), policy=policy)


_UNREAD = (Hole("the description of the API isn't read"), Hole("the description of the API isn't read"))


def _of_document(api: ApiDescription) -> dict[str, tuple[str, Any, Any, FileLocation]]:
    """Return name, method, template and place of the operations in an OpenAPI document, by `operation_key`."""
    from pathlib import Path

    from apimpolicy.csharp.dotnet.values import from_utf16
    from apimpolicy.gateway.engine.openapi import load_openapi

    found: dict[str, tuple[str, Any, Any, FileLocation]] = {}
    for file in api.files:
        given = Path(file.path) if file.path is not None else (file.text or "").encode()
        if file.format != "openapi" or not given:
            continue
        with suppress(ConfigurationError):
            for each in load_openapi(given).operations:
                entity = each.operation
                place = FileLocation(file.path) if file.path is not None else file.origin
                texts = map(from_utf16, (entity.id, entity.method, entity.url_template))
                found.setdefault(operation_key(entity.id), (*texts, place))  # type: ignore[arg-type]
    return found
