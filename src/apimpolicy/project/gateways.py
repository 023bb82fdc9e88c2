"""Make a gateway from a service folder, a configuration file, or both.

gateway = load_gateway("extracted")                            with the nearest apimpolicy.toml, in it or above it
gateway = load_gateway("apimpolicy.toml", backend=answer)      keyword arguments override the file
gateway.send("/orders/17")
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apimpolicy.errors import ConfigurationError
from apimpolicy.project.configuration import Configuration, empty_configuration, load_configuration
from apimpolicy.project.environments import find_configuration, selected_environment, selected_service, service_name
from apimpolicy.project.layout import extracts_in
from apimpolicy.project.service.leniency import lenient, read_named_placeholders
from apimpolicy.project.service.reading import FoundService, chosen, has_service, kept_services, services_in

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.gateway import Gateway
    from apimpolicy.gateway.engine.service import Service


class NoApisError(ConfigurationError):
    """There is no API in the service that a command is about."""


def load_gateway(
    path: str | Path,
    *,
    config: str | Path | None = None,
    environment: str | None = None,
    service: str | Service | None = None,
    stand_ins: bool = False,
    **overrides: Any,
) -> Gateway:
    """Make the gateway that a folder or a configuration file describes. Raises ConfigurationError.

    `config` is the configuration for a folder, in the place of the nearest `apimpolicy.toml`; `environment` is the name
    of the environment as in which everything is loaded; `service` the name of one of several services of the folder.
    With `stand_ins`, whatever the service misses is made up, and a part with a problem is left out, so that requests
    are answered as `apimpolicy run` does. Without, a problem raises ConfigurationError, and the explanation of a
    response says what was missing. The other arguments are those of `Gateway`.
    """
    if stand_ins:
        with lenient():
            gateway = load_gateway(path, config=config, environment=environment, service=service, **overrides)
        gateway.policies.read_template = read_named_placeholders
        return gateway
    if isinstance(service, str) or environment is not None:
        name = service if isinstance(service, str) else None
        with (
            nullcontext() if environment is None else selected_environment(environment),
            nullcontext() if name is None else selected_service(name),
        ):
            return load_gateway(path, config=config, service=None if name else service, **overrides)
    if service is not None:
        overrides["service"] = service
    path = os.fspath(path)
    if not os.path.isdir(path):
        if config is not None:
            raise ConfigurationError(f"{path} is not a folder, so it takes no further configuration")
        return load_configuration(path).gateway(**overrides)
    configuration, folder = configured(path, None if config is None else os.fspath(config))
    return configuration.gateway(folder or (None if configuration.has_service else path), **overrides)


def configured(path: str, config: str | None = None) -> tuple[Configuration, str | None]:
    """Return the configuration of a path, and the path itself if it is the folder of the service.

    The path is a folder, a configuration or a policy; `config` replaces the nearest configuration. Raises
    ConfigurationError.
    """
    found = path if config is None and path.endswith(".toml") else config or find_configuration(path)
    configuration = load_configuration(found) if found is not None else empty_configuration()
    is_service = os.path.isdir(path) and (
        has_service(path) or (not configuration.has_service and bool(extracts_in(path)))
    )
    return configuration, path if is_service else None


def services_at(path: str, config: str | None = None) -> list[FoundService]:
    """Return the services of a folder or a configuration; none of one that describes its service itself.

    Raises ConfigurationError.
    """
    configuration, folder = configured(path, config)
    root = folder or configuration.service_folder
    return [] if root is None or not os.path.isdir(root) else services_in(root)


def for_each_service(path: str, config: str | None, act: Callable[[str], None]) -> None:
    """Call a function with the name of each service of a path while it is selected; the only one has no name."""
    found = services_at(path, config) if service_name() is None else []
    if len(found) < 2:
        act("")
        return
    with kept_services():
        for each in found:
            with selected_service(each.name):
                act(each.name)


def require_one(path: str) -> None:
    """Raises SeveralServicesError for a folder with several services of which none is selected."""
    found = services_at(path) if service_name() is None else []
    if len(found) > 1:
        chosen(found, path, None)


def require_apis(service: Service | None, path: str) -> Service:
    """Return a service that has an API. Raises NoApisError for any other."""
    if service is None or not service.apis:
        raise NoApisError(
            f"there is no API in {path}: name a folder that APIOps extracted, or with Terraform or Bicep code"
        )
    return service


def load_service(path: str | Path) -> Service:
    """Load the APIs, products and subscriptions of a folder or a configuration file.

    For `Gateway(service=…)`; `load_gateway` brings named values, fragments and backends too.
    Raises ConfigurationError when there is no service.
    """
    service = load_gateway(path).service
    if service is None:
        raise ConfigurationError(f"{os.fspath(path)} describes no service: there is no API in it")
    return service
