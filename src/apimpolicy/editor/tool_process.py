"""The tool's own commands in a process of their own, with the operating system's limits for what policies run."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

from apimpolicy.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_SECONDS: Final = 300
"""Of one command."""


def printed_by(*arguments: str, folder: str | None = None) -> str:
    """What a command prints. Raises ConfigurationError with what it says when it fails."""
    done = _done(arguments, folder)
    if done.returncode > 1 or not done.stdout:
        raise _failed(arguments, done)
    return done.stdout


def json_of(*arguments: str, folder: str | None = None) -> dict[str, Any]:
    """What a command prints as JSON, whatever it came to. Raises ConfigurationError when it prints none."""
    done = _done((*arguments, "--format", "json"), folder)
    try:
        found: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise _failed(arguments, done) from None
    return found


def _done(arguments: Sequence[str], folder: str | None) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            [sys.executable, "-m", "apimpolicy", *arguments],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=MOST_SECONDS,
            cwd=folder,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ConfigurationError(f"`apimpolicy {arguments[0]}` took more than {MOST_SECONDS} seconds") from None


def _failed(arguments: Sequence[str], done: subprocess.CompletedProcess[str]) -> ConfigurationError:
    said = done.stderr.strip().removeprefix("apimpolicy: ")
    return ConfigurationError(said or f"`apimpolicy {arguments[0]}` printed nothing that can be read")
