"""The options `--config` and `--environment`.

Without the first, the nearest configuration above a file counts (`project.configuration_files`).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def configuration_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the option `--config FILE`."""
    text = "The configuration file; default the nearest apimpolicy.toml above the policy."
    return click.option("--config", metavar="FILE", help=text)(function)


def environment_option(text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option `--environment NAME`, which becomes an argument of the command."""
    return click.option("--environment", metavar="NAME", help=text)


def selects_environment(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the option `--environment NAME`, for commands that load everything as it is in that environment."""

    def select(context: click.Context, _: click.Parameter, name: str | None) -> None:
        if name is not None:
            from apimpolicy.project.environments import selected_environment

            context.with_resource(selected_environment(name))

    text = "Use this environment: its overlay and its table in apimpolicy.toml."
    return click.option("--environment", metavar="NAME", help=text, expose_value=False, callback=select)(function)


def check_environment(files: Iterable[str]) -> None:
    """Raises ConfigurationError when an environment was selected that is none of those around files, if there are any.

    What belongs to a file may lie elsewhere: whatever is loaded looks for itself.
    """
    from apimpolicy.project.environments import environments_at, is_environment, selected, unknown_environment

    name = selected()
    if name is None:
        return
    from apimpolicy.project.configuration import read_configuration
    from apimpolicy.project.configuration_files import ConfigurationFinder

    finder = ConfigurationFinder()
    known: set[str] = set()
    for file in files:
        config = finder.for_file(file)
        known.update(environments_at(os.path.dirname(file) or os.curdir, read_configuration(config) if config else {}))
    if known and not is_environment(name, known):
        raise unknown_environment(name, known)
