"""A service from a folder: `describe` finds out whether it is an extract of APIOps or infrastructure code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.errors import ConfigurationError
from apimpolicy.project.layout import extracts_in, has_information, is_service_folder

if TYPE_CHECKING:
    from apimpolicy.project.overlays import Overlay
    from apimpolicy.project.service.description import ServiceDescription


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
    from apimpolicy.project.service.infrastructure import is_infrastructure

    return is_infrastructure(folder)


def describe(folder: str, overlay: Overlay, environment: str | None = None) -> ServiceDescription:
    """Describe the service in a folder as it is in an environment, or the selected one; `overlay` changes an extract.

    The only extract in a folder below is read where neither the folder nor code in it has APIs. Raises
    ConfigurationError without a service, or with several.
    """
    found = extracts_in(folder)
    extracts = [each for each in found if has_information(each)]
    if is_code(folder):
        from apimpolicy.project.environments import selected
        from apimpolicy.project.service.infrastructure import read_infrastructure

        service = read_infrastructure(folder, environment or selected())
        if service.apis or not extracts:
            return service
    from apimpolicy.project.service.extract import read_extract

    extracts = extracts or found
    if len(extracts) > 1:
        raise ConfigurationError(f"{folder} has {len(extracts)} services: name one of {', '.join(extracts[:5])}")
    return read_extract(extracts[0] if extracts else folder, overlay)
