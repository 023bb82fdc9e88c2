"""Where the configuration comes from: `--config`, or `apimpolicy.toml` or `pyproject.toml` right here."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_NAME: Final = "apimpolicy.toml"
PYPROJECT: Final = "pyproject.toml"
"""Counts when it has a table `[tool.apimpolicy]`."""


def configuration_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """The option `--config FILE`."""
    text = f"The simulated gateway as TOML; {DEFAULT_NAME} in this directory when there is one."
    return click.option("--config", metavar="FILE", help=text)(function)


def find_configuration(given: str | None) -> str | None:
    """The path of the configuration file, if any."""
    if given is not None:
        return given
    if os.path.isfile(DEFAULT_NAME):
        return DEFAULT_NAME
    try:
        with open(PYPROJECT, "rb") as file:
            return PYPROJECT if b"[tool.apimpolicy" in file.read() else None
    except OSError:
        return None
