"""Checking the information files of services."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.configuration_files import shown_path
from apimpolicy.project.files import read_data, source_of
from apimpolicy.project.findings import Checked, Findings, merged, to_findings
from apimpolicy.project.information_checks import check_information
from apimpolicy.project.mcp_checks import server_diagnostics
from apimpolicy.project.service_limits import exceeded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from apimpolicy.project.check_projects import CheckProjects
    from apimpolicy.project.check_services import CheckServices
    from apimpolicy.project.service.description import PolicyText

NOT_CHECKED = "POL165"


class InformationRun:
    """One run over information files; it needs nothing of policies."""

    def __init__(self, projects: CheckProjects, services: CheckServices) -> None:
        self.projects = projects
        self.services = services

    def all(self, roots: Mapping[str, str], paths: Sequence[str]) -> Iterator[Checked]:
        """Yield findings below paths, file by file; `roots` are folders of services, each with a policy in it."""
        tops = [os.path.join(os.path.abspath(path), "") for path in paths]
        for root, policy in sorted(roots.items()):
            environments = self.services.environments_of(policy)
            services = [self.services.at(root, None, policy, environment) for environment in environments]
            described = {path for each in services for path in (*each.references, *each.problems)}
            wanted = sorted(path for path in described if os.path.isfile(path) and path.startswith(tuple(tops)))
            for path in wanted:
                if not self.projects.is_excluded(path):
                    yield from self._one(shown_path(path), root, policy, environments)

    def of_services(self, files: Iterable[str], paths: Sequence[str]) -> Iterator[Checked]:
        """Yield findings about the services around files: limits of their tiers, and their MCP servers."""
        tops = tuple(os.path.join(os.path.abspath(path), "") for path in paths)
        seen: set[str] = set()
        for path in files:
            try:
                service = self.services.of(path)
            except ConfigurationError:
                continue
            if service is None or service.description.place in seen:
                continue
            seen.add(service.description.place)
            settings = self.projects.of(path).check.settings_for(path)
            found = exceeded(service.description, settings)
            for file, own in server_diagnostics(service.description, settings).items():
                found.setdefault(file, []).extend(own)
            for file, own in found.items():
                if os.path.abspath(file).startswith(tops):
                    yield Checked(shown_path(file), to_findings(own))

    def not_checked(self, files: Iterable[str], paths: Sequence[str]) -> Iterator[Checked]:
        """Yield notes about the policies that the code around files sets, and that aren't known."""
        tops = tuple(os.path.join(os.path.abspath(path), "") for path in paths)
        found: dict[str, list[PolicyText]] = {}
        for path in files:
            try:
                service = self.services.of(path)
            except ConfigurationError:
                continue
            found |= {} if service is None else service.unknown_policies
        for path, policies in sorted(found.items()):
            settings = self.projects.of(path).check.settings_for(path)
            if not os.path.abspath(path).startswith(tops) or not settings.wants(NOT_CHECKED):
                continue
            severity = settings.severities.get(NOT_CHECKED, Severity.INFO)
            source, _ = source_of(*read_data(path))
            notes = []
            for each in policies:
                start = source.line_starts[each.origin.line - 1] + each.origin.column - 1
                message = f"this policy isn't checked: {each.unknown}"
                notes.append(Diagnostic(NOT_CHECKED, message, source, start, start, severity))
            yield Checked(shown_path(path), to_findings(notes))

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
