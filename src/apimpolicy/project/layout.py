"""The scope of a policy by its file's place in a folder, in the layout that APIOps extracts.

    policy.xml                                   global, beside a folder `apis`, `products` or `named values`
    workspaces/<workspace>/policy.xml            workspace
    products/<product>/policy.xml                product
    apis/<api>/policy.xml                        api
    apis/<api>/operations/<operation>/policy.xml operation
    policy fragments/<fragment>/policy.xml       a fragment

Source: https://azure.github.io/apiops/

The kinds of resources of a service: the folders and information files that APIOps gives them, and their names.

The spelling of a folder depends on the tool: `named values` (APIOps Toolkit) is `namedValues` for `apiops`. Both count,
as do `named-values` and other letter cases: `plain` is what they have in common.

Sources: https://azure.github.io/apiops/, https://github.com/Azure/apiops-cli/blob/main/docs/reference/artifact-format.md;
for names https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftapimanagement
and the patterns of https://learn.microsoft.com/rest/api/apimanagement/.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from apimpolicy.checkout import entries, listing

SKIPPED_DIRECTORIES = frozenset(
    (
        *("node_modules", "__pycache__", ".git", ".hg", ".svn", ".jj", ".terraform", ".terragrunt-cache", ".venv"),
        *(".tox", ".nox", ".eggs", ".cache", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".idea"),
        *(".vs", ".vscode-test", ".history", ".gradle", ".m2", ".npm", ".nuget", ".yarn", ".pnpm-store", ".next"),
        *(".ipynb_checkpoints", ".bundle", ".serverless", ".terraform.d", ".worktrees"),
    )
)
"""Folders that tools keep for themselves, old versions, and copies of other people's files. Others are read."""


class NameRule(NamedTuple):
    """A pattern for characters that a name can't contain, and the sentence for messages."""

    refused: str
    sentence: str


_NAME = NameRule(r"[*#&+:<>?]", "A name can't contain any of * # & + : < > ?")
_IDENTIFIER = NameRule(r"[^A-Za-z0-9_-]", "A name has only letters, digits, hyphens and underscores.")
DISPLAY_NAME = NameRule(
    r"[^A-Za-z0-9._-]|^$", "A display name has only letters, digits, periods, hyphens and underscores."
)
"""Names by which policies use named values."""


class Kind(NamedTuple):
    """A kind of resource. `id` is how messages and settings write it, `noun` what one of them is called.

    - `folders`: the names of its folder, as `plain` gives them, where `id` is not the only one
    - `information`: its information file; a folder of a resource has it, unless it is `policy.xml` that counts
    - `built_in`: names that every service knows
    - `longest`, `names`: how many characters a name has at most, and which
    """

    id: str
    noun: str
    information: str
    folders: tuple[str, ...] = ()
    built_in: tuple[str, ...] = ()
    longest: int = 80
    names: NameRule = _NAME

    @property
    def files(self) -> tuple[str, ...]:
        """The names that the information file may have; older tools write another one for version sets."""
        return (self.information, *(("apiVersionSetInformation.json",) if self.id == "version-sets" else ()))


KINDS: dict[str, Kind] = {
    kind.id: kind
    for kind in (
        Kind("apis", "API", "apiInformation.json", longest=256),
        # Azure makes these two with a new service.
        Kind("products", "product", "productInformation.json", built_in=("starter", "unlimited"), longest=256),
        # `dapr` is the sidecar of a self-hosted gateway.
        Kind("backends", "backend", "backendInformation.json", built_in=("dapr",)),
        Kind("named-values", "named value", "namedValueInformation.json", longest=256),
        Kind("fragments", "fragment", "policyFragmentInformation.json", ("policyfragments",), names=_IDENTIFIER),
        # Azure makes this logger itself when a diagnostic setting of the service is saved.
        Kind("loggers", "logger", "loggerInformation.json", built_in=("azuremonitor",), longest=256),
        Kind("diagnostics", "diagnostic", "diagnosticInformation.json"),
        Kind("version-sets", "version set", "versionSetInformation.json", ("versionsets", "apiversionsets")),
        Kind(
            "groups", "group", "groupInformation.json", built_in=("administrators", "developers", "guests"), longest=256
        ),
        Kind("tags", "tag", "tagInformation.json", names=_IDENTIFIER),
        Kind("gateways", "gateway", "gatewayInformation.json", built_in=("managed",)),
        Kind("subscriptions", "subscription", "subscriptionInformation.json", built_in=("master",), longest=256),
        Kind("schemas", "schema", "schemaInformation.json"),
        Kind("certificates", "certificate", "certificateInformation.json"),
        Kind("caches", "cache", "cacheInformation.json", built_in=("default",)),
        Kind("authorization-providers", "authorization provider", "authorizationProviderInformation.json"),
        Kind("workspaces", "workspace", "workspaceInformation.json"),
    )
}
"""By id."""


def plain(name: str) -> str:
    """Return a kind's name without spelling differences: `named values` and `namedValues` are equal."""
    return "".join(character for character in name.lower() if character.isalnum())


_BY_FOLDER = {name: kind for kind in KINDS.values() for name in kind.folders or (plain(kind.id),)}
_BY_FILE = {file: kind for kind in KINDS.values() for file in kind.files}


def kind_of_folder(name: str) -> Kind | None:
    """Return the kind whose resources a folder of this name has."""
    return _BY_FOLDER.get(plain(name))


def kind_named(name: str) -> Kind | None:
    """Return the kind that a person means: its id in any spelling, or the name of its folder."""
    return next((kind for kind in KINDS.values() if plain(kind.id) == plain(name)), None) or kind_of_folder(name)


def kind_of_file(name: str) -> Kind | None:
    return _BY_FILE.get(name)


_SCOPES = {"workspaces": "workspace", "products": "product", "apis": "api", "operations": "operation"}
_MOST_LEVELS = 6
_MOST_LEVELS_BELOW = 3
_MOST_FOLDERS = 200
_SIBLINGS = ("apis", "products", "named-values", "backends", "fragments")
_OF_SERVICES = (*_SIBLINGS, "workspaces", "subscriptions")


class Place(NamedTuple):
    """The scope, where the place tells; `fragment` is the id of a fragment; `root` is the layout's folder.

    `workspace` is the id of the workspace around the file, if it is in one; `api` and `operation` are those that the
    policy belongs to.
    """

    scope: str | None = None
    fragment: str | None = None
    root: str | None = None
    workspace: str | None = None
    api: str | None = None
    operation: str | None = None


def place_of(path: str) -> Place:
    """Return scope, ids and service folder of a policy file, by its path."""
    directory, name = os.path.split(os.path.abspath(path))
    if name.lower() != "policy.xml":
        return Place()
    parent, identifier = os.path.split(directory)
    folder = os.path.basename(parent)
    if (kind := kind_of_folder(folder)) is not None and kind.id == "fragments":
        return Place(None, identifier, *_root(os.path.dirname(parent)))
    scope = _SCOPES.get(folder.lower())
    if scope == "workspace":
        return Place(scope, None, os.path.dirname(parent), identifier)
    if scope == "operation":
        api = os.path.dirname(parent)
        if os.path.basename(os.path.dirname(api)).lower() != "apis":
            return Place()
        return Place(scope, None, *_root(os.path.dirname(os.path.dirname(api))), os.path.basename(api), identifier)
    if scope is not None:
        return Place(scope, None, *_root(os.path.dirname(parent)), identifier if scope == "api" else None)
    if any(kind in _SIBLINGS for kind in folders_of_kinds(directory)):
        return Place("global", None, directory)
    return Place()


def _root(folder: str) -> tuple[str, str | None]:
    """Return the service's folder, and the id of the workspace if `folder` is a workspace's."""
    above, identifier = os.path.split(folder)
    if os.path.basename(above).lower() == "workspaces":
        return os.path.dirname(above), identifier
    return folder, None


def root_of_information(path: str) -> str | None:
    """Return the service folder of an information file, if it is in one."""
    folder = os.path.dirname(os.path.abspath(path))
    for _ in range(_MOST_LEVELS):
        above, name = os.path.split(folder)
        if kind_of_folder(name) is not None and "apis" in folders_of_kinds(above):
            return _root(above)[0]
        folder = above
    return None


def is_service_folder(path: str) -> bool:
    return os.path.isdir(path) and any(kind in _OF_SERVICES for kind in folders_of_kinds(path))


def has_information(path: str) -> bool:
    """Return whether a folder has information files, which every extract of APIOps has."""
    return any(
        os.path.isfile(os.path.join(each, KINDS[kind].information))
        for kind, folder in folders_of_kinds(path).items()
        for each in _folders(folder)
    )


def extracts_in(folder: str) -> list[str]:
    """Return the extracts in a folder: itself, or else the folders up to three levels below."""
    if is_service_folder(folder):
        return [folder]
    level, found = [folder], list[str]()
    for _ in range(_MOST_LEVELS_BELOW):
        below = [path for each in level for path in _folders(each)]
        found += [path for path in below if is_service_folder(path)]
        level = [path for path in below if path not in found][:_MOST_FOLDERS]
    return found


def _folders(folder: str) -> list[str]:
    """Return the folders in a folder that tools don't keep for themselves."""
    try:
        names = sorted(each.name for each in entries(folder) if each.is_dir(follow_symlinks=False))
    except OSError:
        return []
    return [os.path.join(folder, name) for name in names if name not in SKIPPED_DIRECTORIES]


def folders_of_kinds(folder: str) -> dict[str, str]:
    """Return the paths of the folders of kinds of resources, by the kind's id."""
    try:
        names = sorted(each.name for each in entries(folder) if each.is_dir())
    except OSError:
        return {}
    found: dict[str, str] = {}
    for name in names:
        if (kind := kind_of_folder(name)) is not None:
            found.setdefault(kind.id, os.path.join(folder, name))
    return found


def subfolders(folder: str | None) -> list[tuple[str, str]]:
    """Return the folders in a folder: name and path, in order; nothing without the folder."""
    try:
        names = [] if folder is None else listing(folder)
    except OSError:
        return []
    return [(name, path) for name in names if os.path.isdir(path := os.path.join(folder or "", name))]


def file_in(folder: str, *names: str) -> str | None:
    """Return the path of the first of these files that a folder has."""
    return next((path for name in names if os.path.isfile(path := os.path.join(folder, name))), None)


def fragments_of(root: str) -> dict[str, str]:
    folders = subfolders(folders_of_kinds(root).get("fragments"))
    return {id_: path for id_, folder in folders if (path := file_in(folder, "policy.xml")) is not None}
