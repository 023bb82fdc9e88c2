"""Environments of a service: one repository that is deployed several times, with other values.

    [environments.prod]                               # `--environment prod`: keys replace those above, tables merge
    overlay = "configuration.production.yaml"         # of APIOps; configuration.prod.yaml unless given
    values = "infra/production.tfvars"                # Terraform's variables; prod.tfvars or the like unless given

    [environments.prod.named-values]
    region = "westeurope"

An overlay is looked for beside the folder of the service and above it; variables of Terraform and parameters of Bicep
as `infrastructure.files` describes. Either makes an environment without a table.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from apimpolicy.checkout import open_bytes
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.authority import Author, Role, may_name
from apimpolicy.project.repository import parents_of

ALL = "all"
"""Not an environment's name, but each of them."""
TABLE = "environments"
OWN_KEYS = ("overlay", "values")
"""Keys of an environment's table that no configuration has: the files, where they are not found by their names."""

_selected: str | None = None


@contextmanager
def selected_environment(name: str | None) -> Iterator[None]:
    """Select an environment for all configurations and services that are loaded in the block."""
    before = _selected
    select(name)
    try:
        yield
    finally:
        select(before)


def select(name: str | None) -> None:
    """Select an environment for everything that is loaded from now on."""
    global _selected
    _selected = name


def selected() -> str | None:
    return _selected


_service: str | None = None


@contextmanager
def selected_service(name: str | None) -> Iterator[None]:
    """Select one of several services of a folder, by its name, for everything that is loaded in the block."""
    before = _service
    select_service(name)
    try:
        yield
    finally:
        select_service(before)


def select_service(name: str | None) -> None:
    global _service
    _service = name


def service_name() -> str | None:
    """Return the name of the selected service; None where a folder should have only one."""
    return _service


def in_environment(values: Mapping[str, Any], name: str | None) -> dict[str, Any]:
    found = dict(values)
    tables = found.get(TABLE)
    own = tables.get(name) if name is not None and isinstance(tables, dict) else None
    if not isinstance(own, dict):
        return found
    return merged(found, {key: value for key, value in own.items() if key not in OWN_KEYS})


def merged(values: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return values overridden by others with the same keys; tables are merged key by key."""
    found = dict(values)
    for key, value in other.items():
        old = found.get(key)
        found[key] = merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return found


def environment_tables(values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the tables of the environments in a configuration, by name."""
    tables = values.get(TABLE)
    return {name: own for name, own in tables.items() if isinstance(own, dict)} if isinstance(tables, dict) else {}


def environments_at(folder: str, values: Mapping[str, Any]) -> list[str]:
    """Return the environments of a folder by name: with a table or an overlay, or else with variables."""
    from apimpolicy.project.overlays import overlays_around

    found = {*environment_tables(values), *overlays_around(folder)}
    return sorted(found | variable_files(folder).keys())


def is_environment(name: str, known: Iterable[str]) -> bool:
    """Return whether an environment is one of those that are known, or a word of only one of their names."""
    from apimpolicy.project.infrastructure.files import chosen

    names = list(known)
    return chosen(names, name) in names


def unknown_environment(name: str, known: Iterable[str]) -> ConfigurationError:
    names = sorted(set(known))
    if not names:
        return ConfigurationError(
            f"there is no environment '{name}': no configuration.{name}.yaml, no [environments.{name}] in "
            f"apimpolicy.toml, no {name}.tfvars and no {name}.bicepparam was found"
        )
    return ConfigurationError(f"there is no environment '{name}'; the environments here are {', '.join(names)}")


def variable_files(folder: str) -> dict[str, list[str]]:
    """Return the files with variables of Terraform or parameters of Bicep around a folder, by environment."""
    from apimpolicy.project.infrastructure.files import Files, environment_files

    files = Files(folder, list(parents_of(folder))[-1])
    return environment_files(files, files.root)


def variables_of(folder: str, name: str, own: Mapping[str, Any], directory: str) -> dict[str, str]:
    """Terraform's variables in an environment: of the file that its table names, else of the nearest of its name.

    Raises ConfigurationError.
    """
    from apimpolicy.project.infrastructure.files import chosen
    from apimpolicy.project.named_values import load_values

    given = own.get("values")
    if isinstance(given, str):
        return load_values(may_name(Author(Role.CHECKOUT, directory), given))
    known = variable_files(folder)
    paths = [path for path in known.get(chosen(known, name) or "", ()) if path.endswith(".tfvars")]
    return load_values(paths[0]) if paths else {}


def overlay_path(root: str, name: str, own: Mapping[str, Any], directory: str) -> str | None:
    """Return the overlay of an environment: the file that its table names, else the nearest of its name.

    Raises ConfigurationError for a file that a configuration may not name.
    """
    from apimpolicy.project.overlays import overlays_around

    given = own.get("overlay")
    if isinstance(given, str):
        return may_name(Author(Role.CHECKOUT, directory), given)
    return overlays_around(root).get(name)


CONFIGURATION: Final = "apimpolicy.toml"
PYPROJECT: Final = "pyproject.toml"
"""Counts when it has a table `[tool.apimpolicy]`."""


# Find the configuration for a file: the nearest one above it, `apimpolicy.toml` before `pyproject.toml`.
#
# As ruff, mypy and pytest do, the search goes from the file upwards, so that results do not depend on the directory in
# which a command is started. It ends at the root of the repository (a directory with `.git`), or of the file system.


class ConfigurationFinder:
    """Finds configurations, and remembers what it found for a directory."""

    def __init__(self) -> None:
        self._found: dict[str, str | None] = {}

    def for_file(self, path: str) -> str | None:
        """Return the configuration for a file, or for a directory: the nearest above it or in it."""
        path = os.path.abspath(path)
        return self.for_directory(path if os.path.isdir(path) else os.path.dirname(path))

    def for_directory(self, directory: str) -> str | None:
        """Return the configuration for files in a directory; its path is absolute."""
        if directory not in self._found:
            self._found[directory] = self._search(directory)
        return self._found[directory]

    def _search(self, directory: str) -> str | None:
        if (own := configuration_in(directory)) is not None:
            return own
        parent = os.path.dirname(directory)
        if parent == directory or os.path.exists(os.path.join(directory, ".git")):
            return None
        return self.for_directory(parent)


def configuration_in(directory: str) -> str | None:
    """Return the configuration file of a directory, relative to the current directory if it is below it."""
    path = os.path.join(directory, CONFIGURATION)
    if os.path.isfile(path):
        return shown_path(path)
    path = os.path.join(directory, PYPROJECT)
    if not os.path.isfile(path):
        return None
    try:
        with open_bytes(path) as file:
            return shown_path(path) if b"[tool.apimpolicy" in file.read() else None
    except OSError:
        return None


def find_configuration(path: str = "") -> str | None:
    return ConfigurationFinder().for_file(path)


def shown_path(path: str) -> str:
    """Return a path for messages: relative to the current directory if it is below it."""
    here = os.path.join(os.getcwd(), "")
    return path.removeprefix(here)
