"""The tool's own commands in a process of their own, with the operating system's limits for what policies run."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any, Final

from apimpolicy.errors import ConfigurationError

MOST_SECONDS: Final = 300
"""Of one command."""


def printed_by(*arguments: str, folder: str | None = None) -> str:
    """What a command prints. Raises ConfigurationError with what it says when it fails."""
    try:
        done = subprocess.run(
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
    if done.returncode > 1 or not done.stdout:
        said = done.stderr.strip().removeprefix("apimpolicy: ")
        raise ConfigurationError(said or f"`apimpolicy {arguments[0]}` printed nothing")
    return done.stdout


def json_of(*arguments: str, folder: str | None = None) -> dict[str, Any]:
    """What a command prints as JSON. Raises ConfigurationError."""
    text = printed_by(*arguments, "--format", "json", folder=folder)
    try:
        found: dict[str, Any] = json.loads(text)
    except ValueError:
        raise ConfigurationError(f"`apimpolicy {arguments[0]}` printed no JSON") from None
    return found
