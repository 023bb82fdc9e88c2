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
as if it were not in the workspace. Of other kinds (`resource_kinds`) only ids and references are read.

Source: https://azure.github.io/apiops/
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from functools import partial
from typing import Any

from apimpolicy.checkout import listing, walk
from apimpolicy.diagnostics import Severity
from apimpolicy.errors import ConfigurationError
from apimpolicy.project import layout
from apimpolicy.project.overlays import NO_CHANGES, TOKEN, Overlay
from apimpolicy.project.service.described import SERVERS, api_of, logs_responses
from apimpolicy.project.service.description import (
    OPERATIONS,
    ApiDescription,
    ApiFile,
    BackendDescription,
    Described,
    EntityReference,
    FileLocation,
    FragmentDescription,
    Gap,
    Hole,
    NamedValueDescription,
    OperationDescription,
    OtherResource,
    PolicyText,
    Problem,
    ProductDescription,
    ServiceDescription,
    Sourced,
    TagLink,
    WorkspaceDescription,
)
from apimpolicy.project.service.fields import WHOLLY_READ, base_id, record_of
from apimpolicy.project.service.information import Properties, names_in, problem_at_key, properties_of, references_in
from apimpolicy.text.source import Source

_FILES = {
    "openapi": ("specification.yaml", "specification.yml", "specification.json"),
    "wsdl": ("specification.wsdl",),
    "graphql": ("specification.graphql",),
}
_READ = frozenset(("apis", "products", "subscriptions", "backends", "named-values", "fragments", "loggers")) | {
    *("version-sets", "certificates", "workspaces")
}
_MOVE_IT = "Move it beside the information file of its resource, or into apis/API/operations/OPERATION."
_LINKED = ("apis", "groups", "products", "tags")
"""Kinds that have a folder, or a list, below resources of another kind for the links with them."""


def read_extract(root: str, overlay: Overlay = NO_CHANGES) -> ServiceDescription:
    """Describe the service in a folder, with what the overlay of an environment changes.

    Raises ConfigurationError when the folder has none of the folders of an extract.
    """
    if not layout.is_service_folder(root):
        raise ConfigurationError(
            f"there is no service in the folder {root}: name a policy file, infrastructure code, or a folder with "
            "'apis', 'products' or 'backends', as APIOps extracts it"
        )
    service = ServiceDescription(root)
    is_apiops = layout.has_information(root)
    scope = _Scope(service, root, overlay, is_apiops=is_apiops)
    service.policy = scope.policy(root, "the global policy")
    for id_, path, properties in scope.resources("workspaces", is_needed=False):
        name = Sourced[str]() if properties is None else properties.plain_text("displayName")
        folder = path if properties is None else os.path.dirname(path)
        service.workspaces.append(WorkspaceDescription(id_, FileLocation(path), name=name, policy=_policy(folder)))
    scope.read()
    for workspace in service.workspaces:
        folder = os.path.join(scope.folders["workspaces"], workspace.id)
        _Scope(service, folder, overlay, workspace.id, is_apiops=is_apiops).read()
    if is_apiops:
        service.problems += _unread_policies(root)
    service.gaps += _gaps(service)
    return service


def _gaps(service: ServiceDescription) -> Iterator[Gap]:
    """Yield the signs of an extract that has one API's part of a shared service, and of one without MCP servers."""
    if not any(each.is_server for each in service.apis):
        message = "an extract by the older APIOps, or with a stable API version, lacks the MCP servers"
        yield Gap(message, FileLocation(service.place), SERVERS)
    if service.policy is None and not service.loggers and not service.resources("diagnostics"):
        message = "the folder has no global policy, loggers and diagnostics, so it may be a part of a shared service"
        yield Gap(message, FileLocation(service.place))
    for each in service.others:
        if each.kind == "apis" and each.is_described is False and each.workspace is None:
            yield Gap(f"the API '{each.id}' has no apiInformation.json, so it is made elsewhere", each.origin)


def _unread_policies(root: str) -> Iterator[Problem]:
    """Yield a problem for each policy.xml that is not where APIOps looks for policies."""
    for directory, folders, files in walk(root):
        folders[:] = sorted(name for name in folders if name not in layout.SKIPPED_DIRECTORIES)
        for name in files:
            path = os.path.join(directory, name)
            if name.lower() == "policy.xml" and layout.place_of(path).root != os.path.abspath(root):
                message = "APIOps doesn't publish this policy: it isn't in the folder of a resource"
                yield Problem(message, FileLocation(path), help=_MOVE_IT, severity=Severity.WARNING)


class _Scope:
    """A service or one of its workspaces, which have the same folders."""

    def __init__(
        self, service: ServiceDescription, root: str, overlay: Overlay, workspace: str | None = None, *, is_apiops: bool
    ) -> None:
        self.service = service
        self.root = root
        self.overlay = overlay
        self.workspace = workspace
        self.folders = layout.folders_of_kinds(root)
        self.is_apiops = is_apiops

    def read(self) -> None:
        service = self.service
        self._add("version-sets")
        self._add("apis", self._api)
        self._add("products", self._product)
        self._add("backends", self._backend)
        self._add("named-values", self._named_value)
        service.named_values += self._overlaid_named_values()
        service.fragments += self._fragments()
        for kind in ("loggers", "subscriptions", "certificates"):
            self._add(kind)
        for kind in self.folders.keys() - _READ:
            for id_, path, properties in self.resources(kind, is_needed=False):
                if kind == "diagnostics" and properties is not None and logs_responses(properties.values):
                    self.service.logged_responses.append(FileLocation(path))
                self._add_other(kind, id_, path, is_described=properties is not None)
        self._add_overlaid()

    def _add(self, kind: str, make: Callable[[str, Properties], Described] | None = None) -> None:
        make = make or partial(record_of, WHOLLY_READ[kind])
        self.service.own(kind).extend(make(id_, found) for id_, found in self.known(kind))

    def known(self, kind: str) -> Iterator[tuple[str, Properties]]:
        for id_, _, properties in self.resources(kind):
            if properties is not None:
                yield id_, properties

    def resources(self, kind: str, *, is_needed: bool = True) -> Iterator[tuple[str, str, Properties | None]]:
        """Yield the resources of a kind: id, information file and properties; the folder and None without the file.

        References to other resources are added to the description. `is_needed`: without its file a resource is left
        out, which is a problem, and only its id is known.
        """
        declared = layout.KINDS[kind]
        for id_, folder in layout.subfolders(self.folders.get(kind)):
            part = f"the {declared.noun} '{id_}'"
            if kind != "workspaces":
                self._add_links(kind, folder)
            path = layout.file_in(folder, *declared.files)
            properties = None if path is None else self._properties(path, part, kind, id_)
            if path is not None and properties is not None:
                id_ = _name_in(properties) or id_
                self.service.references += references_in(properties, kind, self.workspace)
                yield id_, path, properties
                continue
            if is_needed:
                self._add_other(kind, id_, path or folder, is_described=path is not None)
                if path is None and self.is_apiops:
                    self._report_missing(kind, id_, folder, part)
            yield id_, folder, None

    def _report_missing(self, kind: str, id_: str, folder: str, part: str) -> None:
        """Report a resource without its information file, and a file that was meant as that."""
        names = listing(folder)
        names = [name for name in names if os.path.isfile(os.path.join(folder, name))]
        if not names:
            return
        file = layout.KINDS[kind].information
        stem = file.partition(".")[0].lower()
        near = next((name for name in names if name.lower().partition(".")[0] == stem), None)
        api = id_ if kind == "apis" else None
        origin = FileLocation(os.path.join(folder, near or names[0]))
        message, advice = f"{part} has no {file}", ""
        if near is not None:
            message, advice = f"{message}, only {near}", f"APIOps reads {file} only; rename the file, with JSON in it."
        elif api is not None:
            message = f"{message}, so its path isn't known"
        self.service.problems.append(Problem(message, origin, part, advice, api=api))

    def _add_other(self, kind: str, id_: str, path: str, within: str = "", *, is_described: bool = True) -> None:
        more: dict[str, Any] = {"workspace": self.workspace, "within": within, "is_described": is_described}
        self.service.others.append(OtherResource(id_, FileLocation(path), kind=kind, **more))

    def _add_links(self, owner: str, folder: str) -> None:
        """Add the references beside and below an information file: `apis.json`, `groups/partners/`."""
        for name in listing(folder):
            path = os.path.join(folder, name)
            kind = layout.kind_of_folder(name.removesuffix(".json"))
            if name == "authorizations":
                for id_, below in layout.subfolders(path):
                    self._add_other("authorizations", id_, below, os.path.basename(folder))
            if kind is None or kind.id == owner:
                continue
            if kind.id not in _LINKED:
                for id_, below in layout.subfolders(path):
                    file = layout.file_in(below, *kind.files)
                    part = f"the {kind.noun} '{id_}'"
                    properties = None if file is None else self._properties(file, part, kind.id, id_)
                    if properties is not None:
                        self.service.references += references_in(properties, kind.id, self.workspace)
            elif name.endswith(".json"):
                links = [(link.known, link.origin) for link in names_in(path, "", [])]
                self._refer(kind.id, [(id_, origin) for id_, origin in links if id_ is not None])
            else:
                for id_, below in layout.subfolders(path):
                    files = [file_name for file_name in listing(below) if file_name.endswith("Information.json")]
                    self._refer(kind.id, [(id_, FileLocation(os.path.join(below, each))) for each in files])

    def _refer(self, kind: str, links: list[tuple[str, FileLocation]]) -> None:
        self.service.references += (EntityReference(kind, id_, origin, self.workspace) for id_, origin in links)

    def _add_overlaid(self) -> None:
        """Add what only the overlay has, which may exist in the environment."""
        for kind, id_ in self.overlay.resources(self.workspace):
            known = {each.id.lower() for each in self.service.resources(kind) if each.origin.file != self.overlay.path}
            if id_ in known:
                continue
            if kind != "named-values":
                self._add_other(kind, id_, self.overlay.path, is_described=False)
            near = get_close_matches(id_, sorted(known), 1, 0.7)
            if near or (kind in self.folders and kind != "named-values"):
                part = f"the {layout.KINDS[kind].noun} '{id_}'"
                advice = f"Did you mean '{near[0]}'?" if near else "APIOps ignores names that the folder doesn't have."
                origin = FileLocation(self.overlay.path, self.overlay.line_of(id_))
                message = f"the overlay changes {part}, which the folder doesn't have"
                self.service.problems.append(Problem(message, origin, part, advice, severity=Severity.WARNING))

    def _properties(self, path: str, part: str, kind: str, id_: str) -> Properties | None:
        """Return the properties of a resource; None, and a gap, where its file is broken."""
        changes = self.overlay.properties(kind, id_, self.workspace)
        found = properties_of(path, part, self.service.problems, self.overlay.path, changes, self.workspace)
        if found is None:
            self.service.gaps.append(Gap(f"{part} can't be read", FileLocation(path), kind, id_))
        return found

    def _fragments(self) -> Iterator[FragmentDescription]:
        for id_, path, _ in self.resources("fragments", is_needed=False):
            folder = path if os.path.isdir(path) else os.path.dirname(path)
            if (policy := _policy(folder)) is not None:
                yield FragmentDescription(id_, policy.origin, policy, workspace=self.workspace)
            else:
                self._add_other("fragments", id_, path, is_described=path != folder)

    def _api(self, id_: str, found: Properties) -> ApiDescription:
        folder, made = os.path.dirname(found.origin.file), api_of(id_, found)
        made.policy = self.policy(folder, f"the API '{id_}'", "apis", id_)
        made.operations += self._operations(id_, folder)
        made.files += _api_files(folder)
        tags = self._linked(folder, "tags", f"the API '{id_}'")
        self.service.tags += (TagLink(each, base_id(id_)) for each in tags)
        if (older := layout.file_in(folder, "mcpServerInformation.json")) is not None:
            message = "the older description of an MCP server isn't read: neither Azure nor apiops-cli has it any more"
            problem = Problem(message, FileLocation(older), f"the API '{id_}'", severity=Severity.WARNING)
            self.service.problems.append(problem)
        return made

    def _operations(self, api: str, folder: str) -> Iterator[OperationDescription]:
        for id_, inside in layout.subfolders(os.path.join(folder, "operations")):
            part = f"the operation '{id_}' of the API '{api}'"
            self.service.tags += (TagLink(each, base_id(api), id_) for each in self._linked(inside, "tags", part))
            policy = self.policy(inside, part, "apis", api, id_)
            path = layout.file_in(inside, "operationInformation.json")
            found = None if path is None else properties_of(path, part, self.service.problems)
            if path is not None and found is None:
                gap = Gap(f"{part} can't be read", FileLocation(path), OPERATIONS, f"{api}/{id_}")
                self.service.gaps.append(gap)
            made = OperationDescription(id_, FileLocation(inside))
            made = made if found is None else record_of(OperationDescription, id_, found)
            made.policy = policy
            if policy is not None or made.method.known is not None:
                yield made

    def _product(self, id_: str, found: Properties) -> ProductDescription:
        folder, part = os.path.dirname(found.origin.file), f"the product '{id_}'"
        made = record_of(ProductDescription, id_, found)
        made.apis += self._linked(folder, "apis", part)
        made.groups += self._linked(folder, "groups", part)
        made.policy = self.policy(folder, part, "products", id_)
        return made

    def _linked(self, folder: str, kind: str, part: str) -> list[Sourced[str]]:
        """Return the ids that a resource is linked with: a list in a file, or a folder for each."""
        path = layout.file_in(folder, f"{kind}.json")
        if path is not None:
            return list(names_in(path, part, self.service.problems))
        return [Sourced(name, FileLocation(inside)) for name, inside in layout.subfolders(os.path.join(folder, kind))]

    def _backend(self, id_: str, found: Properties) -> BackendDescription:
        from apimpolicy.project.folder_backends import backend_of

        made = record_of(BackendDescription, id_, found)
        try:
            made.backend = backend_of(found.origin.file, found.values)
        except ConfigurationError as error:
            self.service.problems.append(problem_at_key(error, found, f"the backend '{id_}'"))
        return made

    def _named_value(self, id_: str, found: Properties) -> NamedValueDescription:
        made = record_of(NamedValueDescription, id_, found)
        if made.value.known is not None and TOKEN.search(made.value.known):
            made.value = Sourced(Hole(made.value.known), made.value.origin)
        if "keyVault" in found.changes:
            made.value = Sourced()
        return made

    def _overlaid_named_values(self) -> Iterator[NamedValueDescription]:
        known = {each.id.lower() for each in self.service.named_values if each.workspace == self.workspace}
        changed = {id_: (name, value) for id_, name, value in self.overlay.named_values(self.workspace)}
        origin = FileLocation(self.overlay.path)
        for id_, (name, value) in changed.items():
            if id_ not in known:
                values = Sourced(name), Sourced(value, origin)
                yield NamedValueDescription(id_, origin, *values, workspace=self.workspace)

    def policy(self, folder: str, part: str, kind: str = "", id_: str = "", operation: str = "") -> PolicyText | None:
        """Return the policy in a folder, or the one of the overlay; without a kind, that of the service."""
        document = self.overlay.policy(kind, id_, operation, self.workspace)
        return _policy(folder) if document is None else _text(document, self.overlay, part)


def _name_in(found: Properties) -> str | None:
    """Return the id in an information file of the older layout, whose folder has the display name."""
    name = found.file.content.get("name") if isinstance(found.file.content, dict) else None
    return name if isinstance(name, str) and name.strip() and "/" not in name else None


def _text(document: str, overlay: Overlay, part: str) -> PolicyText:
    return PolicyText(FileLocation(overlay.path), source=Source(document, f"{overlay.path} ({part})"))


def _policy(folder: str) -> PolicyText | None:
    path = layout.file_in(folder, "policy.xml")
    return None if path is None else PolicyText(FileLocation(path), path)


def _api_files(folder: str) -> Iterator[ApiFile]:
    for form, names in _FILES.items():
        path = layout.file_in(folder, *names)
        if path is not None:
            yield ApiFile(form, FileLocation(path), path)
