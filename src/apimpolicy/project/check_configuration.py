"""What `check` looks for, from the table `[check]` of the configuration.

    [check]
    select = ["CS", "POL3"]                 # look for these only; also: extend-select, ignore
    ignore = ["POL409"]
    tier = "consumption"                    # or: developer, basic, standard, premium, basicv2, standardv2, premiumv2
    gateway = "self-hosted"                 # or: classic, v2, consumption, workspace
    baseline = "apimpolicy-baseline.json"   # findings that are known and wait

    [check.severity]
    POL306 = "warning"                      # error, warning or info

    [[check.files]]                         # for some files: the last entry that fits counts
    paths = ["policies/global.xml", "shared/*.xml"]
    scope = "global"                        # global, workspace, product, api or operation
    url-template = "/orders/{id}"           # of the operation
    method = "GET"                          # of the operation
    subscription-required = false           # of the API
    ignore = ["POL127"]                     # besides those above

In the layout that APIOps extracts the scope is known from the folders, and whether an API requires a subscription from
its information file, unless an entry says otherwise.
"""

from __future__ import annotations

import os
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.checks.subject import Settings
from apimpolicy.diagnostics import Severity
from apimpolicy.policies.placement import GATEWAYS, SCOPES, TIERS
from apimpolicy.project.layout import place_of, subscription_required

if TYPE_CHECKING:
    from apimpolicy.project.toml_table import Table


class FileEntry(NamedTuple):
    """Settings for the files that a pattern fits."""

    patterns: tuple[str, ...]
    scope: str | None
    url_template: str | None
    method: str | None
    requires_subscription: bool | None
    ignore: tuple[str, ...]

    def fits(self, path: str) -> bool:
        """Whether a path is meant; a pattern without a slash fits the name, another one the path from this folder."""
        path = os.path.abspath(path).replace(os.sep, "/")
        return any(fnmatch(path, pattern) for pattern in self.patterns)


class CheckConfiguration(NamedTuple):
    """The settings for all files, and what differs for some."""

    settings: Settings = Settings()
    files: tuple[FileEntry, ...] = ()
    baseline: str | None = None
    fragments: tuple[tuple[str, str], ...] = ()
    """Ids and paths, from the table `[fragments]`; a folder in APIOps' layout has its own."""

    def settings_for(self, path: str) -> Settings:
        """The settings for one file: its entry, or else what its folder says of the scope."""
        settings = self.settings
        entry = next((entry for entry in reversed(self.files) if entry.fits(path)), None)
        changes: dict[str, Any] = {}
        if entry is not None:
            if entry.ignore:
                changes["ignore"] = (*settings.ignore, *entry.ignore)
            if entry.scope is not None:
                changes["scope"] = entry.scope
            if entry.url_template is not None:
                changes["url_template"] = entry.url_template
            if entry.method is not None:
                changes["method"] = entry.method
            if entry.requires_subscription is not None:
                changes["requires_subscription"] = entry.requires_subscription
        place = place_of(path)
        if "scope" not in changes and settings.scope is None and place.scope is not None:
            changes["scope"] = place.scope
        if place.fragment is not None:
            changes["fragment"] = place.fragment
        if "requires_subscription" not in changes and (needs_key := subscription_required(path)) is not None:
            changes["requires_subscription"] = needs_key
        return settings._replace(**changes)


def check_configuration(table: Table | None) -> CheckConfiguration:
    """What a table `[check]` says. Raises ConfigurationError."""
    if table is None:
        return CheckConfiguration()
    severities = table.table("severity")
    settings = Settings(
        select=tuple(table.texts("select") or ()),
        extend=tuple(table.texts("extend-select") or ()),
        ignore=tuple(table.texts("ignore") or ()),
        severities=_severities(severities) if severities is not None else {},
        tier=_one_of(table, "tier", TIERS),
        gateway=_one_of(table, "gateway", GATEWAYS),
    )
    baseline = table.take("baseline", str)
    files = tuple(_entries(table))
    table.finish()
    return CheckConfiguration(settings, files, None if baseline is None else table.path(baseline))


def _severities(table: Table) -> dict[str, Severity]:
    found: dict[str, Severity] = {}
    for code, _ in table.items():
        value = table.take(code, str)
        if value not in list(Severity):
            raise table.mistake(f"is one of {', '.join(Severity)}", code)
        found[code] = Severity(value)
    return found


def _entries(table: Table) -> list[FileEntry]:
    from apimpolicy.project.toml_table import Table as Inner

    found: list[FileEntry] = []
    for index, values in enumerate(table.take("files", list) or ()):
        entry = Inner(table.file, table.checked(values, dict, f"files[{index}]"), table.full(f"files[{index}]"))
        patterns = entry.texts("paths")
        if not patterns:
            raise entry.mistake("is missing", "paths")
        found.append(
            FileEntry(
                tuple(_absolute(entry, pattern) for pattern in patterns),
                _one_of(entry, "scope", SCOPES),
                entry.take("url-template", str),
                entry.take("method", str),
                entry.take("subscription-required", bool),
                tuple(entry.texts("ignore") or ()),
            )
        )
        entry.finish()
    return found


def _absolute(table: Table, pattern: str) -> str:
    if "/" not in pattern:
        return f"*/{pattern}"
    return os.path.abspath(table.path(pattern)).replace(os.sep, "/")


def _one_of(table: Table, name: str, values: tuple[str, ...]) -> str | None:
    value = table.take(name, str)
    if value is not None and value not in values:
        raise table.mistake(f"is one of {', '.join(values)}", name)
    return value
