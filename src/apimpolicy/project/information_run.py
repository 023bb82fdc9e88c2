"""Checking the information files of services."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from apimpolicy.errors import ConfigurationError
from apimpolicy.project.checked import Checked
from apimpolicy.project.configuration_files import shown_path
from apimpolicy.project.files import read_data, source_of
from apimpolicy.project.findings import Findings, merged, to_findings
from apimpolicy.project.information_checks import check_information

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.project.check_projects import CheckProjects
    from apimpolicy.project.check_services import CheckServices


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
