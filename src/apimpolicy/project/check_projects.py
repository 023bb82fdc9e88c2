"""The settings of `check` for each file: of the configuration above it, with what the command line adds."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.errors import ConfigurationError
from apimpolicy.project.check_configuration import CheckConfiguration
from apimpolicy.project.declared import NOTHING, Declared
from apimpolicy.project.environments import (
    ALL,
    ConfigurationFinder,
    environments_at,
    is_environment,
    overlay_path,
    selected_service,
    service_name,
    unknown_environment,
    variables_of,
)
from apimpolicy.project.format_settings import LayoutStyle
from apimpolicy.project.layout import place_of
from apimpolicy.project.repository import IgnorePatterns, code_around, repository_of

if TYPE_CHECKING:
    from apimpolicy.checks.proofs import Proofs
    from apimpolicy.checks.rule import Rule
    from apimpolicy.project.known_service import Deleted, ServiceView
    from apimpolicy.project.overlays import Overlay
    from apimpolicy.project.service.description import ServiceDescription
    from apimpolicy.project.service.reading import FoundService


class Project(NamedTuple):
    """The settings of one configuration file; `path` is the file, None without one."""

    path: str | None
    check: CheckConfiguration
    named_values: dict[str, str] | None
    exclude: IgnorePatterns
    declared: Declared
    environments: dict[str, dict[str, Any]]
    """The tables of its environments, by name."""
    style: LayoutStyle = LayoutStyle()
    """The layout that `format` writes."""
    completed: Callable[[ServiceDescription], ServiceDescription] = lambda service: service
    """Adds to a service what the configuration says about it."""

    @property
    def directory(self) -> str:
        """The folder from which its paths are meant."""
        return (os.path.dirname(self.path) if self.path is not None else "") or os.curdir


class CheckOptions(NamedTuple):
    """Settings before those of the configuration, for all files. `select` replaces them, the others are added."""

    config: str | None = None
    named_values: dict[str, str] | None = None
    values: dict[str, str] | None = None
    """Texts for placeholders of templates, by name."""
    select: tuple[str, ...] = ()
    extend: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    tier: str | None = None
    release: str | None = None
    """The release whose changes are listed, as `2026-06`."""
    gateway: str | None = None
    scope: str | None = None
    environment: str | None = None
    """The environment in which files are checked, or `all` of them."""
    since: str | None = None
    """The revision since which resources may have been deleted."""
    strict: bool = False
    rule_files: tuple[str, ...] = ()
    proofs: Callable[[str], Proofs] | None = None
    """Proves facts about a policy file, with `check --prove`."""


class CheckProjects:
    """The projects that files belong to, each read once. Raises ConfigurationError for what is wrong in one."""

    def __init__(self, options: CheckOptions) -> None:
        self.options = options
        self._finder = ConfigurationFinder()
        self._projects: dict[tuple[str | None, str | None], Project] = {}
        self._rules: tuple[type[Rule], ...] | None = None
        self._exclude = IgnorePatterns(os.curdir, options.exclude)
        self._check_codes()

    def __getstate__(self) -> dict[str, Any]:
        """Another process reads rules and configurations itself: rules have no module that it could import."""
        return {**self.__dict__, "_rules": None, "_projects": {}}

    @property
    def rules(self) -> tuple[type[Rule], ...]:
        """The rules besides the catalogue's: of installed packages, and of the files that were named."""
        if self._rules is None:
            from apimpolicy.checks.catalogue import rules_of_files, rules_of_packages

            tables = [file for file in self.options.rule_files if file.endswith(".toml")]
            files = [file for file in self.options.rule_files if file not in tables]
            self._rules = (*rules_of_packages(), *rules_of_files(files), *_rules_of_tables(tables))
        return self._rules

    @property
    def all_rules(self) -> tuple[type[Rule], ...]:
        """The rules besides the catalogue's, those of the configurations that were read included."""
        own = (rule for project in self._projects.values() for rule in project.check.settings.rules)
        return tuple(dict.fromkeys((*self.rules, *own)))

    def of(self, path: str, environment: str | None = None) -> Project:
        config = self.options.config if self.options.config is not None else self._finder.for_file(path)
        key = config, environment
        if key not in self._projects:
            self._projects[key] = self._read(config, environment)
        return self._projects[key]

    def is_excluded(self, path: str) -> bool:
        """Return whether a setting or an option leaves a file out, by itself or with a directory above it."""
        return self._exclude.leaves_out(path) or self.of(path).exclude.leaves_out(path)

    def excludes(self, project: Project, path: str, is_directory: bool) -> bool:
        """Return whether a setting or an option leaves out an entry of a directory that is not left out itself."""
        return bool(self._exclude.verdict(path, is_directory) or project.exclude.verdict(path, is_directory))

    def _check_codes(self) -> None:
        """Raises ConfigurationError for a code on the command line that no finding has."""
        options = self.options
        if not (options.select or options.extend or options.ignore):
            return
        from apimpolicy.checks.pages import UnknownCodeError, code_of

        resolved: dict[str, Any] = {}
        rules = (*self.rules, *self._rules_here())
        for name in ("select", "extend", "ignore"):
            try:
                resolved[name] = tuple(code_of(text, rules) for text in getattr(options, name))
            except UnknownCodeError as error:
                option = "extend-select" if name == "extend" else name
                raise ConfigurationError(f"--{option}: {error}") from None
        self.options = options._replace(**resolved)

    def _rules_here(self) -> tuple[type[Rule], ...]:
        """Return the rules of the configuration that the current directory belongs to."""
        path = self.options.config or self._finder.for_file(os.curdir)
        if path is None:
            return ()
        from apimpolicy.project.configuration import load_configuration

        return load_configuration(path).check(()).settings.rules

    def _read(self, path: str | None, environment: str | None) -> Project:
        check, values, style, declared = CheckConfiguration(), None, LayoutStyle(), NOTHING
        environments: dict[str, dict[str, Any]] = {}
        completed = Project._field_defaults["completed"]
        if path is not None:
            from apimpolicy.project.configuration import load_configuration

            loaded = load_configuration(path, environment)
            values, environments, style = loaded.named_values, loaded.environments, loaded.style
            completed = loaded.completed
            # Without an environment, what one of them declares exists.
            others = environments.values() if environment is None else ()
            declared = loaded.declared(*others)
            fragments = tuple(loaded.fragment_paths().items())
            check = loaded.check(self.rules)._replace(fragments=fragments)
            if loaded.negotiate_client_certificate is False and loaded.says_negotiation:
                check = check._replace(settings=check.settings._replace(negotiates=False))
        if self.options.named_values is not None:
            values = self.options.named_values
        directory = os.path.dirname(path) if path is not None else os.curdir
        exclude = IgnorePatterns(directory or os.curdir, check.exclude)
        return Project(path, self._with_options(check), values, exclude, declared, environments, style, completed)

    def _with_options(self, check: CheckConfiguration) -> CheckConfiguration:
        options, settings = self.options, check.settings
        given = {name: getattr(options, name) for name in ("tier", "release", "gateway", "scope")}
        changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        if options.select:
            changes["select"] = options.select
        changes["extend"] = (*settings.extend, *options.extend)
        changes["ignore"] = (*settings.ignore, *options.ignore)
        changes["rules"] = (*self.rules, *settings.rules)
        return check._replace(settings=settings._replace(**changes), strict=check.strict or options.strict)


def _rules_of_tables(paths: list[str]) -> list[type[Rule]]:
    if not paths:
        return []
    from apimpolicy.project.rule_tables import rules_of_toml

    return [rule for path in paths for rule in rules_of_toml(path)]


_MOST_FOLDERS = 1_000
"""A project that isn't in a repository has fewer folders."""


class CheckServices:
    """Finds the service around a file, and its environments."""

    def __init__(self, projects: CheckProjects) -> None:
        self._projects = projects
        self._services: dict[tuple[str | None, ...], ServiceView] = {}
        self._deleted_resources: dict[tuple[str, str | None], Deleted] = {}
        self._descriptions: dict[tuple[str, str | None, str | None, str | None], ServiceDescription] = {}
        self._found: dict[tuple[str, str | None], list[FoundService]] = {}
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

    def all_environments(self, paths: Iterable[str]) -> list[str]:
        """Return the environments in which files are checked, sorted; none unless that is `all` of them."""
        if self._projects.options.environment != ALL:
            return []
        return sorted({name for path in paths for name in self.environments_of(path) if name is not None})

    def check_options(self, paths: Sequence[str]) -> None:
        """Raises ConfigurationError for an environment that none of the files has, and for an unknown revision."""
        options = self._projects.options
        if options.environment is not None:
            self._check_environment(options.environment, paths)
        if options.since is not None:
            from apimpolicy.project.revisions import known_revision

            alone: set[str] = set()
            for path in paths:
                root = place_of(path).root or self._code_of(path, None)
                if root is None:
                    alone.add(repository_of(self._folder(path)) or self._folder(path))
                else:
                    for name in self.names_of(path):
                        self._deleted(self._described(root, name=name), None)
            for folder in alone:
                known_revision(options.since, folder)

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

    def of(self, path: str, environment: str | None = None) -> ServiceView | None:
        """Return the service around a file: of its extract, or of infrastructure code. Raises ConfigurationError."""
        place = place_of(path)
        if place.root is not None:
            return self.at(place.root, place.workspace, path, environment)
        folder = self._code_of(path, environment)
        if folder is None:
            return None
        with selected_service(service_name() or self.names_of(path, environment)[0]):
            return self.at(folder, None, path, environment)

    def names_of(self, path: str, environment: str | None = None) -> tuple[str | None, ...]:
        """Return the services that a file of code is a part of, by name; None for the only one around the file."""
        folder = None if place_of(path).root is not None else self._code_of(path, environment)
        if folder is None:
            return (None,)
        return self._readers(folder, path, environment) or self._services_of(folder, environment)[:1]

    def _code_of(self, path: str, environment: str | None) -> str | None:
        """Return the folder of the code around a file; above it, without a repository, only of code that reads it.

        What lies above such a file can be anybody's: the system's folder for temporary files, for example. So it isn't
        read at all where it has more folders than a project.
        """
        folder = code_around(path)
        if folder is None:
            return None
        if folder == os.path.dirname(os.path.abspath(path)) or repository_of(folder) is not None:
            return folder if self._is_service(folder) else None
        from apimpolicy.project.infrastructure.files import Files

        if len(Files(folder).below(folder, _MOST_FOLDERS)) == _MOST_FOLDERS or not self._is_service(folder):
            return None
        try:
            return folder if self._readers(folder, path, environment) else None
        except ConfigurationError:
            return None

    def _readers(self, folder: str, path: str, environment: str | None) -> tuple[str | None, ...]:
        """Return the names of the services in a folder that are made from a file."""
        real = os.path.realpath(path)
        names = self._services_of(folder, environment)
        return tuple(name for name in names if real in self._described(folder, None, environment, name).read)

    def _services_of(self, folder: str, environment: str | None) -> tuple[str | None, ...]:
        """Return the names of the services in a folder; None for the only one."""
        found = self._services_in(folder, environment)
        return tuple(each.name for each in found) if len(found) > 1 else (None,)

    def _services_in(self, folder: str, environment: str | None) -> list[FoundService]:
        if (folder, environment) not in self._found:
            from apimpolicy.project.service.reading import services_in

            self._found[folder, environment] = services_in(folder, environment)
        return self._found[folder, environment]

    def _is_service(self, folder: str) -> bool:
        if folder not in self._are_services:
            from apimpolicy.project.service.reading import is_infrastructure

            self._are_services[folder] = is_infrastructure(folder)
        return self._are_services[folder]

    def at(self, root: str, workspace: str | None, path: str, environment: str | None) -> ServiceView:
        """Return the service in a folder, with the configuration of a file in it. Raises ConfigurationError."""
        project = self._projects.of(path, environment)
        key = root, workspace, project.path, environment, service_name()
        if key not in self._services:
            from apimpolicy.project.known_service import ServiceEnvironment, ServiceView

            overlay = None if environment is None else self._overlay(root, path, environment)
            description = self._described(root, overlay, environment, service_name())
            file = None if overlay is None else overlay.path
            around = None if environment is None else ServiceEnvironment(environment, file)
            deleted = self._deleted(description, workspace)
            self._services[key] = ServiceView(description, workspace, project.declared, around, deleted)
        return self._services[key]

    def _overlay(self, root: str, path: str, environment: str) -> Overlay | None:
        from apimpolicy.project.overlays import read_overlay

        project = self._projects.of(path)
        found = overlay_path(root, environment, project.environments.get(environment, {}), project.directory)
        if found is not None and found not in self._overlays:
            self._overlays[found] = read_overlay(found)
        return None if found is None else self._overlays[found]

    def _described(
        self, root: str, overlay: Overlay | None = None, environment: str | None = None, name: str | None = None
    ) -> ServiceDescription:
        """Describe the service in a folder; `name` is that of one of several. Raises ConfigurationError."""
        key = root, None if overlay is None else overlay.path, environment, name
        if key not in self._descriptions:
            from apimpolicy.project.overlays import NO_CHANGES
            from apimpolicy.project.service.reading import chosen, describe_found

            found = chosen(self._services_in(root, environment), root, name)
            project = self._projects.of(root, environment)
            self._descriptions[key] = project.completed(describe_found(found, overlay or NO_CHANGES))
        return self._descriptions[key]

    def _deleted(self, description: ServiceDescription, workspace: str | None) -> Deleted | None:
        since = self._projects.options.since
        if since is None:
            return None
        key = description.place, workspace
        if key not in self._deleted_resources:
            from apimpolicy.project.revisions import deleted_since

            self._deleted_resources[key] = deleted_since(description, workspace, since)
        return self._deleted_resources[key]
