"""Find declarations of a resource outside of a service's folder: in an overlay, another folder, infrastructure code.

A folder need not have all of a service: teams extract a part, keep shared resources beside it, or create backends and
named values with Terraform. This is asked only when something seems to be missing, since it reads the repository.
"""

from __future__ import annotations

import os
import re
from functools import cached_property

from apimpolicy.checkout import entries
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.layout import folders_of_kinds, is_service_folder, subfolders
from apimpolicy.project.overlays import Overlay, overlays_around, read_overlay
from apimpolicy.project.repository import repository_of, scripts_around
from apimpolicy.project.service.description import FileLocation, Gap, ServiceDescription
from apimpolicy.project.service.extract import read_extract
from apimpolicy.project.service.scripts import gap_of_command

_MENTIONS_SERVICE = re.compile(r"api[ _-]?management|apim", re.IGNORECASE)
_NAMES = (
    re.compile(r"""["'`/{]([^"'`/{}\n]{1,256})(?=["'`}])"""),
    re.compile(r"""^[ \t-]*[\w.-]{1,64}:[ \t]*([^\s"'{][^\n]{0,255})$""", re.MULTILINE),
)
"""A name in quotation marks, at the end of a path, in braces, which a script replaces, or in YAML."""
_CREATES = re.compile(
    r"\b(?:az\s+apim\s+([\w-]+)\s+(?:create|import)|New-AzApiManagement(\w+))\b"
    r"(?:[^\n]|[\\`]\r?\n){0,400}?(?:-id|Id|-name)[ =]+[\"']?[$({%]",
    re.IGNORECASE,
)
"""A command that creates a resource whose name is computed; `\\` and `` ` `` continue a line."""
_MODULE = re.compile(
    r"""^\s*(?:source\s*=\s*"(?!\.)|module\s+\w+\s+'(?:br|ts)[/:])"""
    r"""([^"'\n]{0,200}?(?:api[-_ ]?m(?:anagement|gmt)|apim)[^"'\n]{0,200})["']""",
    re.IGNORECASE | re.MULTILINE,
)
"""A module of API Management that isn't in the repository."""
_SCRIPTS = (".sh", ".bash", ".ps1", ".psm1", ".yml", ".yaml")
_CODE = (".tf", ".tofu", ".bicep")
_VALUES = (".tfvars", ".bicepparam", ".parameters.json", ".tfvars.json")
_MOST_FOLDERS = 5_000


class Elsewhere:
    """The surroundings of one service's folder; each kind of place is read once, when needed."""

    def __init__(self, root: str, read: frozenset[str] = frozenset()) -> None:
        self.root = os.path.abspath(root)
        self._read = read
        """The files of infrastructure code that describe the service; others in its folder may add to it."""

    def gap(self, kind: str) -> Gap | None:
        """Return the script that creates resources of a kind, whose names may be computed, or a module that may."""
        return self._created.get(kind) or self._module

    def declares(self, kind: str, name: str, *, overlays: bool = True) -> bool:
        """Return whether a resource of this kind is declared outside of the folder, as far as names tell.

        Overlays count where any environment does.
        """
        return (
            (overlays and any(_is_in(overlay, kind, name) for overlay in self._overlays))
            or name.lower() in self._ids(kind)
            or name.lower() in self._names
        )

    def has(self, kind: str) -> bool:
        """Return whether another folder, which may be a part of this service, has resources of a kind."""
        return any(each.resources(kind) for each in self._services)

    @cached_property
    def _overlays(self) -> list[Overlay]:
        found: list[Overlay] = []
        for path in overlays_around(self.root).values():
            try:
                found.append(read_overlay(path))
            except ConfigurationError:
                continue
        return found

    @cached_property
    def _roots(self) -> tuple[str, ...]:
        repository = repository_of(self.root)
        return (self.root, *(() if repository is None else filter(is_service_folder, _service_roots(repository))))

    @cached_property
    def _services(self) -> list[ServiceDescription]:
        """The other folders of the repository that may be a part of this service.

        One that has an API of the same name is the service of another environment.
        """
        own = {name.lower() for name, _ in subfolders(folders_of_kinds(self.root).get("apis"))}
        others = (read_extract(root) for root in self._roots if root != self.root)
        return [other for other in others if own.isdisjoint(each.id.lower() for each in other.resources("apis"))]

    def _ids(self, kind: str) -> set[str]:
        found = [each for other in self._services for each in other.resources(kind)]
        names = {name for each in found if (name := getattr(each, "display_name", None)) is not None}
        return {name.lower() for name in (*names, *(each.id for each in found))}

    @cached_property
    def _names(self) -> frozenset[str]:
        """The names in what creates resources: Terraform, Bicep, ARM, scripts and pipelines, but no extracts."""
        return frozenset(
            name.strip().lower() for _, text in self._code for pattern in _NAMES for name in pattern.findall(text)
        )

    @cached_property
    def _module(self) -> Gap | None:
        """The first module of API Management beside an extract; of code, the description has its gaps."""
        for path, text in [] if self._read else self._code:
            if path.endswith(_CODE) and (found := _MODULE.search(text)) is not None:
                line = text.count("\n", 0, found.start(1)) + 1
                return Gap(f"the module {found[1]} isn't read", FileLocation(path, line))
        return None

    @cached_property
    def _created(self) -> dict[str, Gap]:
        """The kinds of resources that scripts create."""
        found: dict[str, Gap] = {}
        for path, text in self._code:
            for match in _CREATES.finditer(text) if path.lower().endswith(_SCRIPTS) else ():
                gap = gap_of_command(match, path, match[1] or f"{match[2]}s")
                if gap is not None:
                    found.setdefault(gap.kind, gap)
        return found

    @cached_property
    def _code(self) -> list[tuple[str, str]]:
        """The code, scripts and pipelines of the repository that may create resources of the service."""
        is_code = bool(self._read)
        inside = tuple(os.path.join(root, "") for root in self._roots if not is_code or root != self.root)
        overlays = overlays_around(self.root).values()
        return [
            (path, text)
            for path, text in scripts_around(self.root)
            if path not in overlays
            and not path.startswith(inside)
            and os.path.realpath(path) not in self._read
            and (path.lower().endswith(_VALUES) or _MENTIONS_SERVICE.search(text) is not None)
        ]


def _is_in(overlay: Overlay, kind: str, name: str) -> bool:
    if kind == "named-values":
        return any(
            name in (display, resource) or name.lower() == resource
            for resource, display, _ in overlay.all_named_values()
        )
    return name.lower() in overlay.names(kind)


def _service_roots(repository: str) -> tuple[str, ...]:
    """Return the folders of a repository that have folders of several kinds of resources."""
    found: list[str] = []
    waiting = [repository]
    for _ in range(_MOST_FOLDERS):
        if not waiting:
            break
        folder = waiting.pop()
        if len(folders_of_kinds(folder)) > 1:
            found.append(folder)
            continue
        try:
            names = [entry.name for entry in entries(folder) if entry.is_dir(follow_symlinks=False)]
        except OSError:
            continue
        waiting += (os.path.join(folder, name) for name in names if not name.startswith(".") and name != "node_modules")
    return tuple(found)
