"""A service from a folder as APIOps extracts it; `layout` has the places of policies.

    apis/<api>/apiInformation.json, specification.{yaml,json,wsdl,graphql}, policy.xml,
               operations/<operation>/policy.xml, operationInformation.json
    products/<product>/productInformation.json, policy.xml, apis.json or apis/<api>/, groups.json or groups/<group>/
    subscriptions/<subscription>/subscriptionInformation.json
    named values/<id>/namedValueInformation.json           backends/<backend>/backendInformation.json
    version sets/<id>/versionSetInformation.json           policy fragments/<fragment>/policy.xml
    loggers/<logger>/loggerInformation.json                certificates/<certificate>/certificateInformation.json
    workspaces/<workspace>/                                the same again, without subscriptions

Reading never stops: what can't be read is a problem, and its part is left out. What a workspace has is the gateway's,
as if it were not in the workspace. Diagnostics, tags, gateways, releases and WADL are not read.

Source: https://azure.github.io/apiops/
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from apimpolicy.errors import ConfigurationError
from apimpolicy.project.folder_backends import read_backend
from apimpolicy.project.information_files import file_in, folders
from apimpolicy.project.layout import fragments_of, is_service_folder
from apimpolicy.project.overlays import NO_CHANGES, TOKEN
from apimpolicy.project.service.description import (
    ApiDescription,
    ApiFile,
    BackendDescription,
    CertificateDescription,
    Field,
    FragmentDescription,
    Hole,
    LoggerDescription,
    NamedValueDescription,
    OperationDescription,
    Origin,
    PolicyText,
    Problem,
    ProductDescription,
    ServiceDescription,
    SubscriptionDescription,
    VersionSetDescription,
    WorkspaceDescription,
)
from apimpolicy.project.service.information import links_in, problem_at_key, properties_of
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.project.overlays import Overlay
    from apimpolicy.project.service.information import Properties

_FILES = {
    "openapi": ("specification.yaml", "specification.yml", "specification.json"),
    "wsdl": ("specification.wsdl",),
    "graphql": ("specification.graphql",),
}


def read_extract(root: str, overlay: Overlay = NO_CHANGES) -> ServiceDescription:
    """Describe the service in a folder, with what the overlay of an environment changes.

    Raises ConfigurationError when the folder has none of the folders of an extract.
    """
    if not is_service_folder(root):
        raise ConfigurationError(
            f"there is no service in the folder {root}: name a policy file, infrastructure code, or a folder with "
            "'apis', 'products' or 'backends', as APIOps extracts it"
        )
    service = ServiceDescription(root)
    _Scope(service, root, overlay).read()
    service.policy = _overlaid(overlay, "the global policy") or _policy(root)
    for id_, folder in folders(root, "workspaces"):
        scope = _Scope(service, folder, overlay, id_)
        path = file_in(folder, "workspaceInformation.json")
        properties = None if path is None else properties_of(path, f"the workspace '{id_}'", service.problems)
        name = Field[str]() if properties is None else properties.plain_text("displayName")
        service.workspaces.append(WorkspaceDescription(id_, Origin(path or folder), name, _policy(folder)))
        scope.read()
    return service


class _Scope:
    """A service or one of its workspaces, which have the same folders."""

    def __init__(self, service: ServiceDescription, root: str, overlay: Overlay, workspace: str | None = None) -> None:
        self.service = service
        self.root = root
        self.overlay = overlay
        self.workspace = workspace

    def read(self) -> None:
        service = self.service
        service.version_sets += self._version_sets()
        service.apis += self._apis()
        service.products += self._products()
        service.backends += self._backends()
        service.named_values += self._named_values()
        for id_, path in fragments_of(self.root).items():
            text = PolicyText(Origin(path), path)
            service.fragments.append(FragmentDescription(id_, text.origin, text, self.workspace))
        for id_, path, properties in self._resources("loggers", "loggerInformation.json", "logger", "loggers"):
            kind = properties.plain_text("loggerType")
            service.loggers.append(LoggerDescription(id_, Origin(path), kind, self.workspace))
        if self.workspace is None:
            service.subscriptions += self._subscriptions()
            for id_, folder in folders(self.root, "certificates"):
                path = file_in(folder, "certificateInformation.json") or folder
                service.certificates.append(CertificateDescription(id_, Origin(path)))

    def _resources(self, kind: str, file: str, noun: str, *names: str) -> Iterator[tuple[str, str, Properties]]:
        """The resources of a kind: id, file and properties."""
        for id_, folder in folders(self.root, *names):
            found = self._properties(os.path.join(folder, file), f"the {noun} '{id_}'", kind, id_)
            if found is not None:
                yield id_, found.file.path, found

    def _properties(self, path: str, part: str, kind: str, id_: str) -> Properties | None:
        changes = self.overlay.properties(kind, id_, self.workspace)
        return properties_of(path, part, self.service.problems, self.overlay.path, changes)

    def _version_sets(self) -> Iterator[VersionSetDescription]:
        for id_, folder in folders(self.root, "version sets", "version-sets", "versionSets"):
            part = f"the version set '{id_}'"
            path = file_in(folder, "versionSetInformation.json", "apiVersionSetInformation.json")
            if path is None:
                message = f"{part} has no versionSetInformation.json"
                self.service.problems.append(Problem(message, Origin(folder), part))
                continue
            found = self._properties(path, part, "version-sets", id_)
            if found is not None:
                header, query = found.text("versionHeaderName"), found.text("versionQueryName")
                scheme = found.text("versioningScheme")
                yield VersionSetDescription(id_, Origin(path), scheme, header, query, self.workspace)

    def _apis(self) -> Iterator[ApiDescription]:
        for id_, folder in folders(self.root, "apis"):
            part = f"the API '{id_}'"
            path = os.path.join(folder, "apiInformation.json")
            if not os.path.isfile(path):
                if file_in(folder, "policy.xml", *_FILES["openapi"]) is not None:
                    message = f"{part} has no apiInformation.json, so its path isn't known"
                    self.service.problems.append(Problem(message, Origin(folder), part, api=id_))
                continue
            found = self._properties(path, part, "apis", id_)
            if found is not None:
                yield self._api(id_, folder, found)

    def _api(self, id_: str, folder: str, found: Properties) -> ApiDescription:
        keys = found.inner("subscriptionKeyParameterNames")
        is_current = found.flag("isCurrent")
        kind = found.text("type")
        return ApiDescription(
            id_,
            Origin(found.file.path),
            name=found.plain_text("displayName"),
            path=found.text("path"),
            protocols=found.texts("protocols"),
            service_url=found.text("serviceUrl"),
            kind=found.text("apiType") if kind.is_missing else kind,
            revision=found.text("apiRevision"),
            is_current=Field(";rev=" not in id_) if is_current.is_missing else is_current,
            version=found.text("apiVersion"),
            version_set=_last(found.text("apiVersionSetId")),
            subscription_required=found.flag("subscriptionRequired"),
            key_header=keys.text("header"),
            key_query=keys.text("query"),
            policy=self._policy(folder, f"the API '{id_}'", "apis", id_),
            operations=list(self._operations(id_, folder)),
            files=list(_api_files(folder)),
            workspace=self.workspace,
        )

    def _operations(self, api: str, folder: str) -> Iterator[OperationDescription]:
        for id_, inside in folders(folder, "operations"):
            part = f"the operation '{id_}' of the API '{api}'"
            document = self.overlay.policy("apis", api, id_, self.workspace)
            policy = _policy(inside) if document is None else _text(document, self.overlay, part)
            made = OperationDescription(id_, Origin(inside), policy=policy)
            path = file_in(inside, "operationInformation.json")
            found = None if path is None else properties_of(path, part, self.service.problems)
            if found is not None:
                made.origin = Origin(found.file.path)
                made.name, made.method = found.plain_text("displayName"), found.plain_text("method")
                made.template = found.plain_text("urlTemplate")
            if policy is not None or made.method.known is not None:
                yield made

    def _products(self) -> Iterator[ProductDescription]:
        for id_, path, found in self._resources("products", "productInformation.json", "product", "products"):
            folder, part = os.path.dirname(path), f"the product '{id_}'"
            state = found.text("state")
            is_published = (state.known or "published").lower() != "notpublished"
            yield ProductDescription(
                id_,
                Origin(path),
                name=found.plain_text("displayName"),
                is_published=Field() if state.is_missing else Field(is_published, state.origin),
                subscription_required=found.flag("subscriptionRequired"),
                approval_required=found.flag("approvalRequired"),
                subscriptions_limit=found.whole("subscriptionsLimit"),
                apis=self._linked(folder, "apis", part),
                groups=self._linked(folder, "groups", part),
                policy=self._policy(folder, part, "products", id_),
                workspace=self.workspace,
            )

    def _linked(self, folder: str, kind: str, part: str) -> list[Field[str]]:
        """Return what a product is linked with: a list in a file, or a folder for each."""
        path = file_in(folder, f"{kind}.json")
        if path is not None:
            return list(links_in(path, part, self.service.problems))
        return [Field(name, Origin(inside)) for name, inside in folders(folder, kind)]

    def _backends(self) -> Iterator[BackendDescription]:
        for id_, path, found in self._resources("backends", "backendInformation.json", "backend", "backends"):
            made = BackendDescription(id_, Origin(path), found.text("url"), workspace=self.workspace)
            try:
                made.backend = read_backend(path, self.overlay.properties("backends", id_, self.workspace))
            except ConfigurationError as error:
                self.service.problems.append(problem_at_key(error, found, f"the backend '{id_}'"))
            yield made

    def _named_values(self) -> Iterator[NamedValueDescription]:
        """The named values of a folder, and those that only the overlay has."""
        changed = {id_: (display, value) for id_, display, value in self.overlay.named_values(self.workspace)}
        names = ("named values", "named-values", "namedValues")
        for id_, path, found in self._resources("named-values", "namedValueInformation.json", "named value", *names):
            changed.pop(id_.lower(), None)
            value = found.plain_text("value")
            changes = self.overlay.properties("named-values", id_, self.workspace)
            if value.known is not None and TOKEN.search(value.known):
                value = Field(Hole(value.known), value.origin)
            if "keyVault" in changes:
                value = Field()
            vault = found.inner("keyVault").plain_text("secretIdentifier")
            name, is_secret = found.plain_text("displayName"), found.flag("secret")
            yield NamedValueDescription(id_, Origin(path), name, value, is_secret, vault, self.workspace)
        for id_, (display, given) in changed.items():
            origin = Origin(self.overlay.path)
            yield NamedValueDescription(id_, origin, Field(display), Field(given, origin), workspace=self.workspace)

    def _subscriptions(self) -> Iterator[SubscriptionDescription]:
        files = ("subscriptions", "subscriptionInformation.json", "subscription", "subscriptions")
        for id_, path, found in self._resources(*files):
            yield SubscriptionDescription(
                id_,
                Origin(path),
                name=found.plain_text("displayName"),
                scope=found.text("scope"),
                state=found.text("state"),
                owner=_last(found.text("ownerId")),
                primary_key=found.text("primaryKey"),
                secondary_key=found.text("secondaryKey"),
                allow_tracing=found.flag("allowTracing"),
            )

    def _policy(self, folder: str, part: str, kind: str, id_: str) -> PolicyText | None:
        document = self.overlay.policy(kind, id_, workspace=self.workspace)
        return _policy(folder) if document is None else _text(document, self.overlay, part)


def _overlaid(overlay: Overlay, part: str) -> PolicyText | None:
    document = overlay.policy()
    return None if document is None else _text(document, overlay, part)


def _text(document: str, overlay: Overlay, part: str) -> PolicyText:
    return PolicyText(Origin(overlay.path), source=Source(document, f"{overlay.path} ({part})"))


def _policy(folder: str) -> PolicyText | None:
    path = file_in(folder, "policy.xml")
    return None if path is None else PolicyText(Origin(path), path)


def _api_files(folder: str) -> Iterator[ApiFile]:
    for form, names in _FILES.items():
        path = file_in(folder, *names)
        if path is not None:
            yield ApiFile(form, Origin(path), path)


def _last(field: Field[str]) -> Field[str]:
    """The last part of a resource id; a hole stays one."""
    known = field.known
    if known is not None:
        return Field(known.rstrip("/").rpartition("/")[2], field.origin)
    if field.hole is not None:
        return Field(Hole(field.hole.text.rstrip("/").rpartition("/")[2]), field.origin)
    return field
