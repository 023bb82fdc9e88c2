"""The kinds of resources of a service: the folders and information files that APIOps gives them, and their names.

The spelling of a folder depends on the tool: `named values` (APIOps Toolkit) is `namedValues` for `apiops`. Both count,
as do `named-values` and other letter cases: `plain` is what they have in common.

Sources: https://azure.github.io/apiops/, https://github.com/Azure/apiops-cli/blob/main/docs/reference/artifact-format.md;
for names https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftapimanagement
and the patterns of https://learn.microsoft.com/rest/api/apimanagement/.
"""

from __future__ import annotations

from typing import NamedTuple


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
    """Return the kind of resource that an information file of this name describes."""
    return _BY_FILE.get(name)
