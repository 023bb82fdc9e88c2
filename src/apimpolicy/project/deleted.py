"""The resources of a service that a change deletes: those that a revision still had."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from apimpolicy.errors import ConfigurationError
from apimpolicy.project.known_service import Deleted, Service
from apimpolicy.project.resource_kinds import Kind, kind_of_folder
from apimpolicy.project.revisions import Revision, revision_of

if TYPE_CHECKING:
    from apimpolicy.project.service.description import ServiceDescription

_POLICY = "policy.xml"


def deleted_since(service: ServiceDescription, workspace: str | None, name: str) -> Deleted:
    """Return the resources that a service, or one of its workspaces, has no more since a revision.

    Raises ConfigurationError for an unknown revision.
    """
    root, now = service.place, Service(service, workspace)
    revision = revision_of(name, root)
    if revision is None:
        raise ConfigurationError(f"git has no revision '{name}' of {root}")
    files = revision.files_below(root)
    paths = [path for path in files if _parts(path)[0] in ("", workspace)]
    found: dict[str, set[str]] = {}
    for kind, resource in dict.fromkeys(_resources(paths)):
        if kind.id != "named-values" and resource.lower() not in now.resources(kind.id):
            found.setdefault(kind.id, set()).add(resource.lower())
    values = set(_named_values(revision, root, paths)).difference(now.names("named-values"))
    if values:
        found["named-values"] = {value.lower() for value in values}
    return Deleted(name, {kind: frozenset(names) for kind, names in sorted(found.items())})


def _resources(paths: Sequence[str]) -> Iterator[tuple[Kind, str]]:
    """Yield the resources that files belong to: kind and id."""
    for path in paths:
        _, kind, resource, file = _parts(path)
        if kind is not None and (file == kind.information or (kind.id == "fragments" and file == _POLICY)):
            yield kind, resource


def _parts(path: str) -> tuple[str, Kind | None, str, str]:
    """Return workspace, kind, id and file of a path such as `backends/orders/backendInformation.json`."""
    parts, workspace = path.split("/"), ""
    if len(parts) == 5 and parts[0].lower() == "workspaces":
        workspace, parts = parts[1], parts[2:]
    return (workspace, kind_of_folder(parts[0]), parts[1], parts[2]) if len(parts) == 3 else (workspace, None, "", "")


def _named_values(revision: Revision, root: str, paths: Sequence[str]) -> Iterator[str]:
    """Yield the display names of a revision's named values."""
    files = [path for path in paths if _parts(path)[3] == "namedValueInformation.json"]
    for path, content in zip(files, revision.contents_below(root, files), strict=True):
        try:
            properties = json.loads(content.decode("utf-8-sig"))["properties"]
            name = properties.get("displayName")
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            name = None
        yield name if isinstance(name, str) and name else _parts(path)[2]
