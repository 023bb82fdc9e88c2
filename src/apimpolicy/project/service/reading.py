"""The services in a folder: extracts of APIOps, and those that infrastructure code deploys."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.checkout import open_bytes
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.environments import selected, service_name
from apimpolicy.project.infrastructure.files import Files
from apimpolicy.project.layout import extracts_in, has_information, is_service_folder

if TYPE_CHECKING:
    from apimpolicy.project.overlays import Overlay
    from apimpolicy.project.service.description import ServiceDescription
    from apimpolicy.project.service.from_code import CodeService


def has_service(folder: str) -> bool:
    """Return whether a folder has a service: as an extract, or as infrastructure code."""
    return is_service_folder(folder) or is_code(folder)


def is_code(folder: str) -> bool:
    """Return whether infrastructure code describes the service of a folder.

    Code may keep its policies in folders that are named as those of an extract are; only an extract has information
    files.
    """
    if is_service_folder(folder) and has_information(folder):
        return False

    return is_infrastructure(folder)


def describe(folder: str, overlay: Overlay, environment: str | None = None) -> ServiceDescription:
    """Describe the service in a folder as it is in an environment, or the selected one; `overlay` changes an extract.

    Of several services it is the selected one, or the one that the folder's own Terraform code deploys. Raises
    SeveralServicesError for others, and ConfigurationError without any.
    """
    return describe_found(chosen(services_in(folder, environment), folder, service_name()), overlay)


def describe_found(found: FoundService, overlay: Overlay) -> ServiceDescription:
    if found.code is not None:
        return found.code.describe()
    from apimpolicy.project.service.extract import read_extract

    return read_extract(found.place, overlay)


class FoundService(NamedTuple):
    """A service in a folder: an extract, or what infrastructure code deploys.

    `name` tells it from others of the folder: the path of its code or its own name. `path` is what to name instead of
    the folder, None where no path has this service and no other. `place` is the folder or file that it is read from.
    """

    name: str
    place: str
    path: str | None
    has_apis: bool = True
    code: CodeService | None = None

    @property
    def names(self) -> set[str]:
        """The names by which the service can be selected, in lower case."""
        own = "" if self.code is None else self.code.known_name
        return {self.name.lower(), own.lower()} - {""}


class SeveralServicesError(ConfigurationError):
    """A folder has several services where one is needed; `services` are those to choose from."""

    def __init__(self, folder: str, services: Sequence[FoundService]) -> None:
        self.folder = folder
        self.services = services
        names = ", ".join(each.name for each in services[:_MOST_NAMED])
        more = " …" if len(services) > _MOST_NAMED else ""
        super().__init__(f"{folder} has {len(services)} services: name one of {names}{more}")

    def __reduce__(self) -> tuple[Any, ...]:
        return ConfigurationError, (str(self),)


_MOST_NAMED = 8


def services_in(folder: str, environment: str | None = None) -> list[FoundService]:
    """Return the services in a folder: those that code deploys, and extracts. Code without APIs counts alone only."""
    key = os.path.realpath(folder), environment or selected()
    if _kept is not None and key in _kept.services:
        return _kept.services[key]
    code: list[FoundService] = []
    if is_code(folder):
        from apimpolicy.project.service.from_code import code_services

        code = [_of_code(each) for each in code_services(folder, environment or selected())]
    with_apis = [each for each in code if each.has_apis]
    extracts = extracts_in(folder)
    extracts = [each for each in extracts if has_information(each)] or ([] if code else extracts)
    found = with_apis or ([] if extracts else code)
    found += (FoundService(os.path.relpath(each, folder), each, os.path.normpath(each)) for each in extracts)
    found = found or [FoundService(os.curdir, folder, folder)]
    if _kept is not None:
        _kept.services[key] = found
    return found


class _Kept(NamedTuple):
    """What was read: the services of folders by environment, and descriptions by all that they depend on."""

    services: dict[tuple[str, str | None], list[FoundService]]
    descriptions: dict[object, ServiceDescription | None]


_kept: _Kept | None = None


@contextmanager
def kept_services(*, is_apart: bool = False) -> Iterator[None]:
    """Read the services of each folder once in the block, for commands that go through all of them.

    `is_apart` reads them anew, for who changes the descriptions.
    """
    global _kept
    before, _kept = _kept, _Kept({}, {}) if _kept is None or is_apart else _kept
    try:
        yield
    finally:
        _kept = before


def kept_description(key: object, make: Callable[[], ServiceDescription | None]) -> ServiceDescription | None:
    """Return a description, which is made once inside of `kept_services`."""
    if _kept is None:
        return make()
    if key not in _kept.descriptions:
        _kept.descriptions[key] = make()
    return _kept.descriptions[key]


def _of_code(code: CodeService) -> FoundService:
    return FoundService(code.label, code.place, code.path, code.deployed.has_apis, code)


def chosen(services: Sequence[FoundService], folder: str, wanted: str | None) -> FoundService:
    """Return the service of a name, or the only one; else the one that the folder's own Terraform code deploys.

    Raises SeveralServicesError for other services, and ConfigurationError for a name that none has.
    """
    if wanted is not None:
        named = [each for each in services if wanted.lower() in each.names]
        if len(named) == 1:
            return named[0]
        names = ", ".join(each.name for each in services)
        raise ConfigurationError(f"there is no service '{wanted}' in {folder}; the services here are {names}")
    if len(services) == 1:
        return services[0]
    real = os.path.realpath(folder)
    own = [each for each in services if each.code is not None and each.code.place == real]
    if len(own) != 1:
        raise SeveralServicesError(folder, services)
    return own[0]


_TERRAFORM = re.compile(rb"api_management|api-mgmt-|Microsoft\.ApiManagement/service", re.IGNORECASE)
_BICEP = re.compile(rb"Microsoft\.ApiManagement/service|/res/api-management/service", re.IGNORECASE)
_JSON = re.compile(
    rb'"type"\s*:\s*"(?:azurerm_api_management|azapi_resource|Microsoft\.ApiManagement/service)'
    rb'|"azurerm_api_management\w*"\s*:',
    re.IGNORECASE,
)
_ENDINGS = {".tf": _TERRAFORM, ".tofu": _TERRAFORM, ".bicep": _BICEP, ".json": _JSON}
_MOST_FILES = 5_000
_LARGEST = 4 * 1024 * 1024


def is_infrastructure(folder: str) -> bool:
    """Return whether a folder has infrastructure code of an API Management service."""
    files = Files(folder)
    seen = 0
    for place in files.below(files.root):
        for name in files.names(place, tuple(_ENDINGS)):
            seen += 1
            if seen > _MOST_FILES:
                return False
            if _mentions(os.path.join(place, name), _ENDINGS[os.path.splitext(name)[1]]):
                return True
    return False


def _mentions(path: str, wanted: re.Pattern[bytes]) -> bool:
    try:
        with open_bytes(path) as file:
            return wanted.search(file.read(_LARGEST)) is not None
    except OSError:
        return False
