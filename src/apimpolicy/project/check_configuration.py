"""Settings of `check`, from the table `[check]` of the configuration.

    [check]
    select = ["CS", "POL3"]                 # look for these only: codes, beginnings of codes, names of rules
    extend-select = ["plain-http"]          # look for these too, which are off by default
    ignore = ["POL409"]
    exclude = ["legacy/", "*.generated.xml"]  # leave these files out; patterns as in .gitignore
    respect-gitignore = true                # what git ignores is left out; false looks at it too
    strict = false                          # true: warnings fail the check too
    placeholders = ["#{…}#", "__…__"]       # what a deployment replaces, with … for the name
    tier = "consumption"                    # or: developer, basic, standard, premium, basicv2, standardv2, premiumv2
    gateway = "self-hosted"                 # or: classic, v2, consumption, workspace
    baseline = "apimpolicy-baseline.json"   # findings that are known and wait
    rules-file = "contoso-rules.toml"       # rules of your own; also [[check.rules]], see project/rule_tables.py

    [check.severity]
    POL306 = "warning"                      # error, warning or info

    [[check.files]]                         # for some files: the last entry that fits counts
    paths = ["policies/global.xml", "shared/*.xml"]
    scope = "global"                        # global, workspace, product, api or operation
    url-template = "/orders/{id}"           # of the operation
    method = "GET"                          # of the operation
    subscription-required = false           # of the API
    ignore = ["POL127"]                     # besides those above; also: extend-select, severity
    strict = true                           # also: tier, gateway, placeholders, which replace those above

In the layout that APIOps extracts the scope is known from the folders, and whether an API requires a subscription from
its information file, unless an entry says otherwise.
"""

from __future__ import annotations

import os
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.checks.subject import Settings
from apimpolicy.diagnostics import Severity
from apimpolicy.gateway.policies.placement import GATEWAYS, SCOPES, TIERS
from apimpolicy.project.layout import place_of

if TYPE_CHECKING:
    from apimpolicy.checks.rule import Rule
    from apimpolicy.project.known_service import ServiceView
    from apimpolicy.project.toml_table import Table

    Rules = tuple[type[Rule], ...] | None
    """The rules besides the catalogue's, whose codes a setting may name; None does not look at codes."""

_INSTEAD = ("scope", "url_template", "method", "requires_subscription", "tier", "gateway", "placeholders")


class FileEntry(NamedTuple):
    """Settings for the files that a pattern fits. What is None is as for all files."""

    patterns: tuple[str, ...]
    scope: str | None
    url_template: str | None
    method: str | None
    requires_subscription: bool | None
    tier: str | None
    gateway: str | None
    placeholders: tuple[str, ...] | None
    strict: bool | None
    ignore: tuple[str, ...]
    extend: tuple[str, ...]
    severities: dict[str, Severity]

    def fits(self, path: str) -> bool:
        """Return whether a path matches; a pattern without a slash matches names, others the path from here."""
        path = os.path.abspath(path).replace(os.sep, "/")
        return any(fnmatch(path, pattern) for pattern in self.patterns)


class CheckConfiguration(NamedTuple):
    settings: Settings = Settings()
    files: tuple[FileEntry, ...] = ()
    baseline: str | None = None
    fragments: tuple[tuple[str, str], ...] = ()
    """Ids and paths, from the table `[fragments]`; a folder in APIOps' layout has its own."""
    strict: bool = False
    exclude: tuple[str, ...] = ()
    respects_gitignore: bool = True

    def is_strict(self, path: str) -> bool:
        entry = self._entry(path)
        return self.strict if entry is None or entry.strict is None else entry.strict

    def settings_for(self, path: str, service: ServiceView | None = None) -> Settings:
        """Return the settings for one file: its entry, or else its scope by its folder or service."""
        settings = self.settings
        entry = self._entry(path)
        changes: dict[str, Any] = {}
        if entry is not None:
            changes = {name: value for name in _INSTEAD if (value := getattr(entry, name)) is not None}
            changes["ignore"] = (*settings.ignore, *entry.ignore)
            changes["extend"] = (*settings.extend, *entry.extend)
            changes["severities"] = {**settings.severities, **entry.severities}
        place = place_of(path) if service is None else service.place_of(path)
        if "scope" not in changes and settings.scope is None and place.scope is not None:
            changes["scope"] = place.scope
        changes |= {"fragment": place.fragment, "api": place.api, "operation": place.operation}
        if "requires_subscription" not in changes and service is not None and place.scope in ("api", "operation"):
            changes["requires_subscription"] = service.requires_subscription(place.api or "")
        if service is not None:
            changes["mcp"] = service.mcp_kind(place)
        return settings._replace(**changes)

    def _entry(self, path: str) -> FileEntry | None:
        return next((entry for entry in reversed(self.files) if entry.fits(path)), None)


def check_configuration(table: Table | None, rules: Rules = None) -> CheckConfiguration:
    """Read a table `[check]`. Raises ConfigurationError."""
    if table is None:
        return CheckConfiguration()
    own = _own_rules(table)
    rules = None if rules is None else (*rules, *own)
    settings = Settings(
        rules=own,
        select=_codes(table, "select", rules),
        extend=_codes(table, "extend-select", rules),
        ignore=_codes(table, "ignore", rules),
        severities=_severities(table, rules),
        tier=table.choice("tier", TIERS),
        gateway=table.choice("gateway", GATEWAYS),
        placeholders=_placeholders(table) or (),
    )
    exclude = tuple(table.texts("exclude") or ())
    respects_gitignore = table.take("respect-gitignore", bool)
    strict = table.take("strict", bool) or False
    baseline = table.take("baseline", str)
    files = tuple(_entries(table, rules))
    table.finish()
    return CheckConfiguration(
        settings,
        files,
        None if baseline is None else table.path(baseline, may_be_hidden=True),
        strict=strict,
        exclude=exclude,
        respects_gitignore=respects_gitignore is not False,
    )


def _own_rules(table: Table) -> tuple[type[Rule], ...]:
    file = table.take("rules-file", str)
    if "rules" not in table and file is None:
        return ()
    from apimpolicy.project.rule_tables import rules_of_table, rules_of_toml

    return (*rules_of_table(table), *(rules_of_toml(table.path(file)) if file is not None else ()))


def _codes(table: Table, name: str, rules: Rules) -> tuple[str, ...]:
    return tuple(_code(table, text, name, rules) for text in table.texts(name) or ())


def _code(table: Table, text: str, name: str, rules: Rules) -> str:
    if rules is None:
        return text
    from apimpolicy.checks.pages import UnknownCodeError, code_of

    try:
        return code_of(text, rules, foreign=True)
    except UnknownCodeError as error:
        raise table.mistake(f"has an unknown code: {error}", name) from None


def _severities(table: Table, rules: Rules) -> dict[str, Severity]:
    severities = table.table("severity")
    found: dict[str, Severity] = {}
    for code, _ in severities.items() if severities is not None else ():
        assert severities is not None
        found[_code(severities, code, code, rules)] = Severity(severities.choice(code, tuple(Severity)) or "")
    return found


def _placeholders(table: Table) -> tuple[str, ...] | None:
    """Read patterns with text before and after one `…` (or three dots), and plain words."""
    texts = table.texts("placeholders")
    if texts is None:
        return None
    found = tuple(text.replace("...", "…") for text in texts)
    for text in found:
        before, dots, behind = text.partition("…")
        is_pattern = before.strip() and behind.strip() and "…" not in behind
        if not (is_pattern if dots else len(text.strip()) > 1):
            sentence = f"has the pattern '{text}'; write what surrounds a name, such as '#{{…}}#', or a whole word"
            raise table.mistake(sentence, "placeholders")
    return found


def _entries(table: Table, rules: Rules) -> list[FileEntry]:
    entries: list[FileEntry] = []
    for entry in table.tables("files"):
        patterns = entry.texts("paths")
        if not patterns:
            raise entry.mistake("is missing", "paths")
        entries.append(
            FileEntry(
                tuple(_absolute(entry, pattern) for pattern in patterns),
                entry.choice("scope", SCOPES),
                entry.take("url-template", str),
                entry.take("method", str),
                entry.take("subscription-required", bool),
                entry.choice("tier", TIERS),
                entry.choice("gateway", GATEWAYS),
                _placeholders(entry),
                entry.take("strict", bool),
                _codes(entry, "ignore", rules),
                _codes(entry, "extend-select", rules),
                _severities(entry, rules),
            )
        )
        entry.finish()
    return entries


def _absolute(table: Table, pattern: str) -> str:
    if "/" not in pattern:
        return f"*/{pattern}"
    return os.path.abspath(os.path.join(table.directory, pattern)).replace(os.sep, "/")
