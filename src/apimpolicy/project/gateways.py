"""A gateway from what lies on disk: a folder in the layout of APIOps, a configuration file, or both.

gateway = load_gateway("extracted")                            with extracted/apimpolicy.toml, when there is one
gateway = load_gateway("apimpolicy.toml", backend=answer)      what the keyword arguments say comes before the file
gateway.send("/orders/17")
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from apimpolicy.errors import ConfigurationError
from apimpolicy.project.configuration import empty_configuration, load_configuration

if TYPE_CHECKING:
    from pathlib import Path

    from apimpolicy.engine.gateway import Gateway

CONFIGURATION = "apimpolicy.toml"


def load_gateway(path: str | Path, *, config: str | Path | None = None, **overrides: Any) -> Gateway:
    """The gateway that a folder or a configuration file describes. Raises ConfigurationError.

    `config` is the configuration for a folder, in the place of its own `apimpolicy.toml`. The other arguments are those
    of `Gateway`.
    """
    from apimpolicy.project.service_folder import is_service_folder

    path = os.fspath(path)
    if not os.path.isdir(path):
        if config is not None:
            raise ConfigurationError(f"{path} is no folder, so it takes no further configuration")
        return load_configuration(path).gateway(**overrides)
    own = os.path.join(path, CONFIGURATION)
    if config is not None:
        configuration = load_configuration(os.fspath(config))
    else:
        configuration = load_configuration(own) if os.path.isfile(own) else empty_configuration()
    folder = path if is_service_folder(path) or not configuration.has_service else None
    return configuration.gateway(folder, **overrides)
