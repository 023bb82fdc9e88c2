"""The option `--config`; without it, the nearest configuration above a file counts (`project.configuration_files`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable


def configuration_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """The option `--config FILE`."""
    text = "The configuration as TOML; without it, the nearest apimpolicy.toml above the policy."
    return click.option("--config", metavar="FILE", help=text)(function)
