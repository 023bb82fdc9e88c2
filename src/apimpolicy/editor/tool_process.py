"""Run the tool's own commands in a child process, which the operating system holds to limits.

Arguments of an assistant or an editor are data. Options and operands are passed apart, and `--` stands before the
operands, so that no operand is read as an option.
"""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any, Final

from apimpolicy.errors import ConfigurationError
from apimpolicy.project.processes import python_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    Options = Sequence[tuple[str, str]]
    """Option names, each with its value."""

MOST_SECONDS: Final = 300
"""How long one command may take."""


def printed_by(command: Sequence[str], *operands: str, options: Options = (), folder: str | None = None) -> str:
    """Return what a command prints. Raises ConfigurationError with its message when it fails."""
    done = _run(command, operands, options, folder)
    if done.returncode > 1 or not done.stdout:
        raise _failed(command, done)
    return done.stdout


def json_of(command: Sequence[str], *operands: str, options: Options = (), folder: str | None = None) -> dict[str, Any]:
    """Return what a command prints as JSON, whatever its exit code. Raises ConfigurationError when it prints none."""
    done = _run(command, operands, (*options, ("--format", "json")), folder)
    try:
        found: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise _failed(command, done) from None
    return found


def _run(
    command: Sequence[str], operands: Sequence[str], options: Options, folder: str | None
) -> subprocess.CompletedProcess[str]:
    words = [word for option in options for word in option]
    try:
        return subprocess.run(
            python_command("-m", "apimpolicy", *command, *words, "--", *operands),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=MOST_SECONDS,
            cwd=folder,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ConfigurationError(f"`apimpolicy {command[0]}` took more than {MOST_SECONDS} seconds") from None
    except ValueError as error:  # a NUL in an argument
        raise ConfigurationError(f"`apimpolicy {command[0]}` can't be started: {error}") from None


def _failed(command: Sequence[str], done: subprocess.CompletedProcess[str]) -> ConfigurationError:
    message = done.stderr.strip().removeprefix("apimpolicy: ")
    return ConfigurationError(message or f"`apimpolicy {command[0]}` printed no report")
