"""The services of checked files in the selected environments; each is read once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from apimpolicy.project.environments import (
    ALL,
    environments_at,
    is_environment,
    overlay_path,
    unknown_environment,
    variables_of,
)
from apimpolicy.project.layout import place_of
from apimpolicy.project.repository import code_around

if TYPE_CHECKING:
    from apimpolicy.project.check_projects import CheckProjects
    from apimpolicy.project.known_service import Deleted, Service
    from apimpolicy.project.overlays import Overlay
    from apimpolicy.project.service.description import ServiceDescription


class CheckServices:
    """Finds the service around a file, and its environments."""

    def __init__(self, projects: CheckProjects) -> None:
        self._projects = projects
        self._services: dict[tuple[str, str | None, str | None, str | None], Service] = {}
        self._deleted_resources: dict[tuple[str, str | None], Deleted] = {}
        self._descriptions: dict[tuple[str, str | None, str | None], ServiceDescription] = {}
        self._overlays: dict[str, Overlay] = {}
        self._are_services: dict[str, bool] = {}
        self._environments: dict[str, list[str]] = {}
        self._values: dict[tuple[str, str], dict[str, str]] = {}

    def environments_of(self, path: str) -> tuple[str | None, ...]:
        """Return the environments in which a file is checked; None is no particular one.

        A file of a service that doesn't have the environment is checked without one: another service may have it.
        """
        wanted = self._projects.options.environment
        if wanted is None:
            return (None,)
        known = self._known(path)
        if wanted == ALL:
            return tuple(known) or (None,)
        return (wanted,) if is_environment(wanted, known) else (None,)

    def check_options(self, paths: Sequence[str]) -> None:
        """Raises ConfigurationError for an environment that none of the files has, and for an unknown revision."""
        options = self._projects.options
        if options.environment is not None:
            self._check_environment(options.environment, paths)
        if options.since is not None:
            for root in {place_of(path).root or os.path.dirname(os.path.abspath(path)) for path in paths}:
                self._deleted(self._described(root), None)

    def _check_environment(self, wanted: str, paths: Iterable[str]) -> None:
        known: set[str] = set()
        for path in paths:
            known.update(self._known(path))
            if known and (wanted == ALL or is_environment(wanted, known)):
                return
        raise unknown_environment(wanted, known)

    def _known(self, path: str) -> list[str]:
        folder = self._folder(path)
        if folder not in self._environments:
            tables = self._projects.of(path).environments
            self._environments[folder] = environments_at(folder, {"environments": tables})
        return self._environments[folder]

    @staticmethod
    def _folder(path: str) -> str:
        return place_of(path).root or os.path.dirname(os.path.abspath(path))

    def values_of(self, path: str, environment: str | None) -> dict[str, str]:
        """Return the texts for placeholders of templates in an environment. Raises ConfigurationError."""
        if environment is None:
            return {}
        key = self._folder(path), environment
        if key not in self._values:
            project = self._projects.of(path)
            own = project.environments.get(environment, {})
            self._values[key] = variables_of(key[0], environment, own, project.directory)
        return self._values[key]

    def replaces(self, path: str, environment: str) -> bool:
        """Return whether the overlay of an environment replaces a policy file."""
        place = place_of(path)
        overlay = None if place.root is None else self._overlay(place.root, path, environment)
        if overlay is None or place.scope is None:
            return False
        kind = {"product": "products", "api": "apis", "operation": "apis"}.get(place.scope, "")
        name = place.api or (os.path.basename(os.path.dirname(os.path.abspath(path))) if kind else "")
        return overlay.policy(kind, name, place.operation or "", place.workspace) is not None

    def overlays(self, root: str, path: str) -> Iterator[tuple[str, Overlay]]:
        """Yield the environments in which a file of a service is checked, with their overlays."""
        for environment in self.environments_of(path):
            if environment is not None and (overlay := self._overlay(root, path, environment)) is not None:
                yield environment, overlay

    def of(self, path: str, environment: str | None = None) -> Service | None:
        """Return the service around a file: of its extract, or of infrastructure code. Raises ConfigurationError."""
        place = place_of(path)
        if place.root is not None:
            return self.at(place.root, place.workspace, path, environment)
        folder = code_around(path)
        if folder is None or not self._is_service(folder):
            return None
        return self.at(folder, None, path, environment)

    def _is_service(self, folder: str) -> bool:
        """Return whether the code in a folder is that of a service."""
        if folder not in self._are_services:
            from apimpolicy.project.service.infrastructure import is_infrastructure

            self._are_services[folder] = is_infrastructure(folder)
        return self._are_services[folder]

    def at(self, root: str, workspace: str | None, path: str, environment: str | None) -> Service:
        """Return the service in a folder, with the configuration of a file in it. Raises ConfigurationError."""
        project = self._projects.of(path, environment)
        key = root, workspace, project.path, environment
        if key not in self._services:
            from apimpolicy.project.known_service import Environment, Service

            overlay = None if environment is None else self._overlay(root, path, environment)
            description = self._described(root, overlay, environment)
            file = None if overlay is None else overlay.path
            around = None if environment is None else Environment(environment, file)
            deleted = self._deleted(description, workspace)
            self._services[key] = Service(description, workspace, project.declared, around, deleted)
        return self._services[key]

    def _overlay(self, root: str, path: str, environment: str) -> Overlay | None:
        from apimpolicy.project.overlays import read_overlay

        project = self._projects.of(path)
        found = overlay_path(root, environment, project.environments.get(environment, {}), project.directory)
        if found is not None and found not in self._overlays:
            self._overlays[found] = read_overlay(found)
        return None if found is None else self._overlays[found]

    def _described(
        self, root: str, overlay: Overlay | None = None, environment: str | None = None
    ) -> ServiceDescription:
        key = root, None if overlay is None else overlay.path, environment
        if key not in self._descriptions:
            from apimpolicy.project.overlays import NO_CHANGES
            from apimpolicy.project.service.reading import describe

            self._descriptions[key] = describe(root, overlay or NO_CHANGES, environment)
        return self._descriptions[key]

    def _deleted(self, description: ServiceDescription, workspace: str | None) -> Deleted | None:
        since = self._projects.options.since
        if since is None:
            return None
        key = description.place, workspace
        if key not in self._deleted_resources:
            from apimpolicy.project.deleted import deleted_since

            self._deleted_resources[key] = deleted_since(description, workspace, since)
        return self._deleted_resources[key]
