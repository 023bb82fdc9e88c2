"""Checking the information files of services."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from apimpolicy.checks.rules.value_redacted import REDACTED, ValueRedacted
from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.embedded.shapes import has_placeholder
from apimpolicy.project.environments import selected_service, shown_path
from apimpolicy.project.files import read_data, source_of
from apimpolicy.project.findings import Checked, Findings, merged, to_findings
from apimpolicy.project.layout import DISPLAY_NAME, kind_of_file, kind_of_folder
from apimpolicy.project.mcp_checks import server_diagnostics

if TYPE_CHECKING:
    from apimpolicy.checks.subject import Settings
    from apimpolicy.project.check_projects import CheckProjects, CheckServices
    from apimpolicy.project.known_service import ServiceView
    from apimpolicy.project.service.description import PolicyText, ServiceDescription
    from apimpolicy.text.source import Source

NOT_CHECKED = "POL165"


class InformationRun:
    """One run over information files; it needs nothing of policies."""

    def __init__(self, projects: CheckProjects, services: CheckServices) -> None:
        self.projects = projects
        self.services = services

    def all(self, roots: Mapping[str, str], paths: Sequence[str]) -> Iterator[Checked]:
        """Yield findings below paths, file by file; `roots` are folders of services, each with a policy in it."""
        tops = _tops(paths)
        for root, policy in sorted(roots.items()):
            environments = self.services.environments_of(policy)
            services = [self.services.at(root, None, policy, environment) for environment in environments]
            described = {path for each in services for path in (*each.references, *each.problems)}
            wanted = sorted(path for path in described if os.path.isfile(path) and path.startswith(tops))
            for path in wanted:
                if not self.projects.is_excluded(path):
                    yield from self._one(shown_path(path), root, policy, environments)

    def of_services(self, files: Iterable[str], paths: Sequence[str]) -> Iterator[Checked]:
        """Yield findings about the services around files: limits of their tiers, MCP servers, rules about resources."""
        tops = _tops(paths)
        seen: set[int] = set()
        by_file: dict[str, dict[str | None, Findings]] = {}
        environments: set[str | None] = set()
        for path, environment, service in self._services_of(files, in_environments=True):
            if id(service.description) in seen:
                continue
            seen.add(id(service.description))
            environments.add(environment)
            settings = self.projects.of(path, environment).check.settings_for(path)
            try:
                own = self._about(service.description, settings)
            except ConfigurationError as error:
                yield Checked(path, [], problem=str(error))
                continue
            for file, diagnostics in own.items():
                if os.path.abspath(file).startswith(tops) and not self.projects.is_excluded(file):
                    rows = by_file.setdefault(file, {}).setdefault(environment, Findings([])).rows
                    rows += (row for row in to_findings(diagnostics) if row not in rows)
        for file, by_environment in by_file.items():
            rows = merged({name: by_environment.get(name, Findings([])) for name in environments}).rows
            yield Checked(shown_path(file), rows)

    def _about(self, service: ServiceDescription, settings: Settings) -> dict[str, list[Diagnostic]]:
        found = exceeded(service, settings)
        for more in (server_diagnostics(service, settings), self._about_resources(service, settings)):
            for file, diagnostics in more.items():
                found.setdefault(file, []).extend(diagnostics)
        return found

    def _about_resources(self, service: ServiceDescription, settings: Settings) -> dict[str, list[Diagnostic]]:
        """Return the findings of an organisation's rules, if there are any. Raises ConfigurationError."""
        if not settings.rules:
            return {}
        from apimpolicy.project.resource_rules import resource_diagnostics

        since = self.projects.options.since
        return resource_diagnostics(service, settings, None if since is None else partial(_changed, since))

    def not_checked(self, files: Iterable[str], paths: Sequence[str]) -> Iterator[Checked]:
        """Yield notes about the policies that the code around files sets, and that aren't known."""
        tops = _tops(paths)
        found: dict[str, list[PolicyText]] = {}
        for _, _, service in self._services_of(files):
            for file, policies in service.unknown_policies.items():
                known = found.setdefault(file, [])
                known += (each for each in policies if each not in known)
        for path, policies in sorted(found.items()):
            settings = self.projects.of(path).check.settings_for(path)
            if not os.path.abspath(path).startswith(tops) or not settings.wants(NOT_CHECKED):
                continue
            severity = settings.severities.get(NOT_CHECKED, Severity.INFO)
            source, _ = source_of(*read_data(path))
            reasons = dict.fromkeys((each.origin.offset_in(source), each.unknown) for each in policies)
            notes = [
                Diagnostic(NOT_CHECKED, f"this policy isn't checked: {reason}", source, start, start, severity)
                for start, reason in reasons
            ]
            yield Checked(shown_path(path), to_findings(notes))

    def _services_of(
        self, files: Iterable[str], *, in_environments: bool = False
    ) -> Iterator[tuple[str, str | None, ServiceView]]:
        for path in files:
            for environment in self.services.environments_of(path) if in_environments else (None,):
                for name in self.services.names_of(path, environment):
                    with suppress(ConfigurationError), selected_service(name):
                        if (service := self.services.of(path, environment)) is not None:
                            yield path, environment, service

    def _one(self, path: str, root: str, policy: str, environments: Sequence[str | None]) -> Iterator[Checked]:
        try:
            each = {environment: self._findings(path, root, policy, environment) for environment in environments}
        except ConfigurationError as error:
            yield Checked(path, [], problem=str(error))
            return
        found = merged(each) if len(each) > 1 else next(iter(each.values()))
        if found.rows:
            yield Checked(path, found.rows)

    def _findings(self, path: str, root: str, policy: str, environment: str | None) -> Findings:
        data, name = read_data(path)
        source, problems = source_of(data, name)
        if problems:
            return Findings([])
        parts = os.path.relpath(os.path.abspath(path), root).split(os.sep)
        workspace = parts[1] if parts[0].lower() == "workspaces" else None
        service = self.services.at(root, workspace, policy, environment)
        settings = self.projects.of(path, environment).check.settings_for(path)
        kept: list[Diagnostic] = []
        for diagnostic in check_information(os.path.abspath(path), source, service):
            if settings.wants(diagnostic.code):
                diagnostic.severity = settings.severities.get(diagnostic.code, diagnostic.severity)
                kept.append(diagnostic)
        return Findings(to_findings(kept))


def _changed(since: str, folder: str) -> frozenset[str]:
    """Return the files below a folder that differ from a revision. Raises ConfigurationError."""
    from apimpolicy.project.revisions import changed_since

    return changed_since(folder, since)


def _tops(paths: Iterable[str]) -> tuple[str, ...]:
    return tuple(os.path.join(os.path.abspath(path), "") for path in paths)


# Findings of `check` in the information files of a service.
#
# POL162  a reference to a resource that the service doesn't have      POL163  a name that Azure refuses
# POL164  a file that can't be published, or that publishing leaves out
# POL145  a named value whose value is the text that an extractor writes in the place of a secret

LINK_UNKNOWN = "POL162"
NAME_REFUSED = "POL163"
UNPUBLISHED = "POL164"

_REVISION = ";rev="


def check_information(path: str, source: Source, service: ServiceView) -> Iterator[Diagnostic]:
    """Yield findings about an information file: its problems, the resource's name and its references.

    Of kinds of which only a part is described, only misspelt names are reported. What an overlay refers to is not
    checked: it often names what only the service of its environment has.
    """
    for problem in service.problems.get(path, ()):
        start = problem.origin.offset_in(source)
        # A pipeline may change the file before it publishes the folder, so that nothing is certain.
        yield Diagnostic(UNPUBLISHED, problem.message, source, start, start, Severity.WARNING, help=problem.help)
    yield from _refused_name(path, source, service)
    yield from _refused_backend(path, source, service)
    yield from _redacted(path, source, service)
    for reference in service.references.get(path, ()):
        if service.has_id(reference.kind, reference.name):
            continue
        missing = service.missing(reference.kind, reference.name)
        is_partial = reference.kind in service.partial_kinds
        if missing is not None and (missing.near or missing.deleted or not is_partial):
            is_error = reference.is_certain and service.is_certainly_missing(reference.kind, reference.name)
            start = reference.origin.offset_in(source)
            end = start + len(reference.name) * source.text.startswith(reference.name, start)
            severity = Severity.ERROR if is_error else Severity.WARNING
            yield Diagnostic(LINK_UNKNOWN, missing.message, source, start, end, severity, missing.label, missing.help)


def _refused_backend(path: str, source: Source, service: ServiceView) -> Iterator[Diagnostic]:
    """Yield a finding for a backend that Azure refuses since 2024-06 (a query) and 2022-06 (the id `dapr`)."""
    for each in service.description.backends:
        if each.origin.file != path:
            continue
        if "?" in (each.url.known or ""):
            message, help = "the URL of a backend must not have a query", "Set it with set-query-parameter."
            start = each.url.origin.offset_in(source)
            yield Diagnostic(UNPUBLISHED, message, source, start, start, Severity.WARNING, help=help)
        if each.id.lower() == "dapr":
            message, help = f"the backend id '{each.id}' is reserved", "Choose another id."
            yield Diagnostic(UNPUBLISHED, message, source, 0, 0, Severity.WARNING, help=help)


def _redacted(path: str, source: Source, service: ServiceView) -> Iterator[Diagnostic]:
    """Yield a finding for a named value whose value is the text that the extractor writes instead of a secret."""
    for each in service.description.named_values:
        if each.origin.file == path and each.value.known == REDACTED:
            start = each.value.origin.offset_in(source)
            message = f"the value of the named value '{each.display_name}' is the text in the place of a secret"
            help = "Take the value from a key vault, or let the pipeline set it."
            yield Diagnostic(ValueRedacted.code, message, source, start, start, Severity.WARNING, help=help)


def _refused_name(path: str, source: Source, service: ServiceView) -> Iterator[Diagnostic]:
    kind = kind_of_file(os.path.basename(path))
    folder = os.path.dirname(os.path.abspath(path))
    if kind is None or kind_of_folder(os.path.basename(os.path.dirname(folder))) is not kind:
        return
    name = os.path.basename(folder)
    if kind.id == "apis":
        name = name.partition(_REVISION)[0]
    names = [(f"the {kind.noun}", name, kind.longest, kind.names)]
    if kind.id == "named-values":
        found = next((each for each in service.description.named_values if each.origin.file == path), None)
        if found is not None and found.name.known is not None:
            names.append(("the display name", found.name.known, 256, DISPLAY_NAME))
    for what, each, longest, rule in names:
        sentence = rule.sentence if re.search(rule.refused, each) else ""
        if len(each) > longest:
            sentence = f"A name has at most {longest} characters, this one has {len(each)}."
        if sentence and not has_placeholder(each):
            start = max(source.text.find(f'"{each}"') + 1, 0)
            end = start + len(each) if start else 0
            yield Diagnostic(NAME_REFUSED, f"Azure refuses {what} '{each[:300]}'", source, start, end, help=sentence)


# The documented limits of a tier on the number of resources, and the services that exceed them.
#
# Only what is described counts: operations that an OpenAPI document adds are not counted, so that a service may exceed
# a limit without a finding. A service that exceeded the limits when they took effect keeps higher ones, so that nothing
# is an error.
#
# Source: https://learn.microsoft.com/azure/api-management/service-limits (from March to May 2026)

TOO_MANY = "POL166"
_SOURCE = "https://learn.microsoft.com/azure/api-management/service-limits"
_COLUMNS = ("consumption", "developer", "basic", "standard", "premium")
LIMITS: Mapping[str, tuple[int | None, ...]] = {
    "API operations": (3_000, 3_000, 10_000, 50_000, 75_000),
    "named values": (5_000, 5_000, 5_000, 10_000, 18_000),
    "loggers": (100, 100, 100, 200, 400),
    "products": (100, 100, 200, 500, 2_000),
    "subscriptions": (None, 10_000, 15_000, 25_000, 75_000),
}
"""The v2 tiers have the limits of the classic ones."""


def limit_of(kind: str, tier: str) -> int | None:
    """Return how many resources of a kind a tier allows; None where nothing is documented.

    >>> limit_of("products", "basicv2"), limit_of("products", "premium"), limit_of("subscriptions", "consumption")
    (200, 2000, None)
    """
    column = tier.removesuffix("v2")
    return LIMITS[kind][_COLUMNS.index(column)] if column in _COLUMNS else None


def exceeded(service: ServiceDescription, settings: Settings) -> dict[str, list[Diagnostic]]:
    """Return a finding for each limit that a service exceeds, at the first resource beyond it, by file."""
    tier = settings.tier or (service.sku.known or "").partition("_")[0].lower()
    found: dict[str, list[Diagnostic]] = {}
    if not tier or not settings.wants(TOO_MANY):
        return found
    severity = settings.severities.get(TOO_MANY, Severity.WARNING)
    for kind in LIMITS:
        limit, resources = limit_of(kind, tier), _counted(service, kind)
        if limit is None or len(resources) <= limit:
            continue
        origin = resources[limit].origin
        source, _ = source_of(*read_data(origin.file))
        start = origin.offset_in(source)
        message = f"the service has {len(resources):,} {kind}, and the tier '{tier}' allows {limit:,}"
        help = f"Remove some, or choose another tier ({_SOURCE})."
        found.setdefault(origin.file, []).append(
            Diagnostic(TOO_MANY, message, source, start, start, severity, help=help)
        )
    return found


def _counted(service: ServiceDescription, kind: str) -> list[Any]:
    if kind == "API operations":
        return [operation for api in service.apis for operation in api.operations]
    found = service.resources(kind.replace(" ", "-"))
    return [each for each in found if not each.is_made_up]
