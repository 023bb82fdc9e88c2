"""Contents of a service, by kind of resource: the ids and files of a folder as APIOps extracts it, read when needed.

    service = Inventory("extracted")
    service.resources("backends")                     {"orders": Resource("orders", "extracted/backends/orders", …)}
    service.lists("loggers")                          False: no folder has loggers, so nothing is known of them

Reading never stops at a broken file: what can't be read is left out, and whoever needs the file reports it. Ids ignore
case, display names of named values don't.
"""

from __future__ import annotations

import json
import os
import re
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.errors import ConfigurationError
from apimpolicy.project.layout import folders_of_kinds
from apimpolicy.project.resource_kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MOST_BYTES = 16 * 1024 * 1024
_MOST_YAML = 500_000
"""Characters of a YAML document that is parsed: that takes seconds already."""
_SPECIFICATIONS = ("specification.yaml", "specification.yml", "specification.json")
_OPERATION_ID = re.compile(r"""(?m)["']?\boperationId["']?\s*:\s*(?:"([^"\n]+)"|'([^'\n]+)'|([^\s"',}][^\n,}]*))""")
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_LONGEST_OPERATION = 72
"""Characters of an operation's name that an import keeps in any case: the rest may be cut off, or numbered."""


class Resource(NamedTuple):
    """One resource: its id, its folder, and its information file, if it has one."""

    id: str
    folder: str
    information: str | None


class Inventory:
    """The resources of a service, and of one of its workspaces where `workspace` is given.

    A workspace sees what it has itself and, so that nothing is reported wrongly, what the service around it has.
    """

    def __init__(self, root: str, workspace: str | None = None) -> None:
        self.root = root
        self.workspace = workspace
        self._scopes = [folders_of_kinds(root)]
        if workspace is not None:
            self._scopes.append(folders_of_kinds(os.path.join(self._scopes[0].get("workspaces", root), workspace)))
        self._resources: dict[str, dict[str, Resource]] = {}
        self._operations: dict[str, dict[str, str]] = {}
        self._described: dict[str, set[str] | None] = {}

    def resources(self, kind: str) -> Mapping[str, Resource]:
        """The resources of a kind, by id in lower case."""
        if kind not in self._resources:
            self._resources[kind] = {
                resource.id.lower(): resource
                for scope in self._scopes
                if kind in scope
                for resource in _resources_in(scope[kind], kind)
            }
        return self._resources[kind]

    def lists(self, kind: str) -> bool:
        """Return whether at least one resource of this kind is described, so that the others can be expected to be."""
        return any(resource.information is not None for resource in self.resources(kind).values())

    def names(self, kind: str) -> list[str]:
        """The names by which policies know the resources of a kind, in order."""
        if kind == "named-values":
            return sorted(self.display_names.values())
        return sorted(resource.id for resource in self.resources(kind).values())

    def has(self, kind: str, name: str) -> bool:
        """Return whether a resource of this kind has this name; an API is known by its display name too."""
        if kind == "named-values":
            return name in self.display_names.values()
        if name.lower() in self.resources(kind) or name.lower() in KINDS[kind].built_in:
            return True
        return kind == "apis" and self._api(name) is not None

    @cached_property
    def display_names(self) -> Mapping[str, str]:
        """The display names of named values, by which policies use them, by id in lower case."""
        found: dict[str, str] = {}
        for key, resource in self.resources("named-values").items():
            name = properties_of(resource.information).get("displayName")
            found[key] = name if isinstance(name, str) and name else resource.id
        return found

    def _api(self, name: str) -> Resource | None:
        """The API with an id or, if there is none, with a display name."""
        apis, lowered = self.resources("apis"), name.lower()
        if lowered in apis:
            return apis[lowered]
        for resource in apis.values():
            display = properties_of(resource.information).get("displayName")
            if isinstance(display, str) and display.lower() == lowered:
                return resource
        return None

    def authorizations(self, provider: str) -> list[str]:
        """The authorizations of an authorization provider, in order."""
        resource = self.resources("authorization-providers").get(provider.lower())
        folder = None if resource is None else os.path.join(resource.folder, "authorizations")
        return sorted(os.listdir(folder)) if folder is not None and os.path.isdir(folder) else []

    def has_operation(self, api: str, name: str) -> bool | None:
        """Return whether an API has an operation of this name; None when its description doesn't tell.

        The ids in a description are looked for as text, which is quick. Only where that finds nothing it is parsed:
        pure Python takes seconds for a large YAML document.
        """
        resource = self._api(api)
        if resource is None:
            return None
        if os.path.isfile(os.path.join(resource.folder, "operations", name, "operationInformation.json")):
            return True
        path = next(
            (path for file in _SPECIFICATIONS if os.path.isfile(path := os.path.join(resource.folder, file))), ""
        )
        key = operation_key(name)
        if path not in self._operations:
            self._operations[path] = operation_ids(path)
        if key in self._operations[path]:
            return True
        if path not in self._described:
            self._described[path] = _described_operations(path)
        described = self._described[path]
        return None if described is None else key in described

    def operations(self, api: str) -> list[str]:
        """The ids of an API's operations that `has_operation` has found in its description, in order."""
        resource = self._api(api)
        found = () if resource is None else (os.path.join(resource.folder, file) for file in _SPECIFICATIONS)
        return sorted(id_ for path in found for id_ in self._operations.get(path, {}).values())

    def __repr__(self) -> str:
        """Everything that is known, for caches; what is read of a file only when it matters, by its size and time."""
        kinds = {kind: sorted(self.resources(kind)) for kind in KINDS}
        connections = [self.authorizations(provider) for provider in kinds["authorization-providers"]]
        names = ("apiInformation.json", *_SPECIFICATIONS)
        files = [_state(os.path.join(api.folder, name)) for api in self.resources("apis").values() for name in names]
        values = sorted(self.display_names.values())
        return f"<Inventory {self.root} {self.workspace} {kinds} {connections} {values} {files}>"


def _state(path: str) -> tuple[int, int] | None:
    """The size and the time of a file; None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def _resources_in(folder: str, kind: str) -> Iterator[Resource]:
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    for name in names:
        path = os.path.join(folder, name)
        if os.path.isdir(path):
            yield Resource(name, path, _information_in(path, kind))


def _information_in(folder: str, kind: str) -> str | None:
    files = [KINDS[kind].information]
    if kind == "version-sets":
        files.append("apiVersionSetInformation.json")
    elif kind == "fragments":
        files.append("policy.xml")
    return next((path for name in files if os.path.isfile(path := os.path.join(folder, name))), None)


def properties_of(path: str | None) -> dict[str, Any]:
    """The properties in an information file; nothing where they can't be read."""
    found = json_of(path)
    properties = found.get("properties") if isinstance(found, dict) else None
    return properties if isinstance(properties, dict) else {}


def json_of(path: str | None) -> Any:
    """The content of a JSON file; None where it can't be read."""
    text = None if path is None or not path.endswith(".json") else text_of(path)
    try:
        return None if text is None else json.loads(text)
    except (ValueError, RecursionError):
        return None


def text_of(path: str) -> str | None:
    """The text of a file; None where it can't be read, or is too large to be meant."""
    try:
        if not os.path.isfile(path) or os.path.getsize(path) > _MOST_BYTES:
            return None
        with open(path, encoding="utf-8-sig", errors="replace") as file:
            return file.read()
    except OSError:
        return None


def operation_ids(path: str) -> dict[str, str]:
    """The ids of operations in an OpenAPI document, by their keys, looked for as text."""
    text = (path and text_of(path)) or ""
    ids = ((match[1] or match[2] or match[3]).strip() for match in _OPERATION_ID.finditer(text))
    return {operation_key(id_): id_ for id_ in ids}


def _described_operations(path: str) -> set[str] | None:
    """The keys of the operations in an OpenAPI document; None when it isn't one, or when Azure makes an id up."""
    from apimpolicy.engine.data_files import parse_json_or_yaml

    text = text_of(path) if path else None
    if text is not None and not path.endswith(".json") and len(text) > _MOST_YAML:
        return None
    try:
        data = parse_json_or_yaml(text.encode("utf-8", "surrogatepass"), path) if text else None
    except ConfigurationError:
        return None
    if not isinstance(data, dict) or not ("openapi" in data or "swagger" in data):
        return None
    paths = data.get("paths")
    items: list[Any] = list(paths.values()) if isinstance(paths, dict) else [None]
    if not all(isinstance(item, dict) and "$ref" not in item for item in items):
        return None
    ids: list[Any] = [
        operation.get("operationId") if isinstance(operation, dict) else None
        for item in items
        for method, operation in item.items()
        if method in _METHODS
    ]
    return {operation_key(each) for each in ids} if ids and all(isinstance(each, str) for each in ids) else None


def operation_key(name: str) -> str:
    """Return what names of an operation have in common before and after an import, which rewrites them.

    Source: https://learn.microsoft.com/azure/api-management/api-management-api-import-restrictions#operationid
    """
    return re.sub(r"[\W_]+", "-", name.lower()).strip("-")[:_LONGEST_OPERATION]
