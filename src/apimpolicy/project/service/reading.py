"""A service from a folder: `describe` finds out whether it is an extract of APIOps or infrastructure code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.errors import ConfigurationError
from apimpolicy.project.layout import extracts_in, is_service_folder

if TYPE_CHECKING:
    from apimpolicy.project.overlays import Overlay
    from apimpolicy.project.service.description import ServiceDescription


def has_service(folder: str) -> bool:
    """Return whether a folder has a service: as an extract, or as infrastructure code."""
    if is_service_folder(folder):
        return True
    from apimpolicy.project.service.infrastructure import is_infrastructure

    return is_infrastructure(folder)


def describe(folder: str, overlay: Overlay, environment: str | None = None) -> ServiceDescription:
    """Describe the service in a folder as it is in an environment, or the selected one; `overlay` changes an extract.

    The only extract in a folder below is read as well. Raises ConfigurationError without a service, or with several.
    """
    from apimpolicy.project.service.infrastructure import is_infrastructure, read_infrastructure

    if not is_service_folder(folder) and is_infrastructure(folder):
        from apimpolicy.project.environments import selected

        return read_infrastructure(folder, environment or selected())
    from apimpolicy.project.service.extract import read_extract

    extracts = extracts_in(folder)
    if len(extracts) > 1:
        raise ConfigurationError(f"{folder} has {len(extracts)} services: name one of {', '.join(extracts[:5])}")
    return read_extract(extracts[0] if extracts else folder, overlay)
