"""Call functions that run policies in a process of their own, which the operating system holds to limits.

A call is a message: the name of a function in `ACTIONS` and its arguments, as JSON on standard input. Arguments of an
assistant or an editor are data, and never part of a command line.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from apimpolicy.errors import ConfigurationError
from apimpolicy.project.authority import Role
from apimpolicy.project.processes import python_command

if TYPE_CHECKING:
    from apimpolicy.editor.rpc import Json

MOST_SECONDS: Final = 300
"""Seconds allowed per call."""
ACTIONS: Final = {
    **dict.fromkeys(["check", "audit", "format_policy", "evaluate", "run", "explain", "journey"], "request_actions"),
    **dict.fromkeys(["new_test", "run_cases", "cover", "prove", "diff"], "test_actions"),
}
"""The functions by name, and the module of this room in which each is."""


def call(action: str, arguments: Json, folders: Sequence[str], folder: str | None = None) -> Any:
    """Return a function's result for an editor; it reads and writes nothing outside of `folders`.

    Raises ConfigurationError with its error's message.
    """
    sent = message(action, arguments, Role.EDITOR, folders)
    try:
        done = subprocess.run(command(), input=sent, capture_output=True, timeout=MOST_SECONDS, cwd=folder)
    except subprocess.TimeoutExpired:
        raise too_slow(action) from None
    return result_of(action, done.returncode, done.stdout, done.stderr)


def command() -> list[str]:
    """Return the command line of the process that takes one message."""
    return python_command("-m", "apimpolicy.editor.isolated_program")


def message(action: str, arguments: Json, role: Role, folders: Sequence[str]) -> bytes:
    """Return a call as the process reads it: who asks for what."""
    call = {"action": action, "arguments": arguments, "role": role.value, "folders": list(folders)}
    return json.dumps(call).encode()


def result_of(action: str, code: int | None, output: bytes, errors: bytes) -> Any:
    """Return the result that a process has written. Raises ConfigurationError for an error, or where there is none."""
    try:
        reply = json.loads(output)
    except ValueError:
        raise ConfigurationError(_why_nothing_came(action, code, errors)) from None
    if "error" in reply:
        raise ConfigurationError(reply["error"])
    return reply["result"]


def too_slow(action: str) -> ConfigurationError:
    return ConfigurationError(f"'{action}' took more than {MOST_SECONDS} seconds and was stopped")


def _why_nothing_came(action: str, code: int | None, errors: bytes) -> str:
    if code is not None and code < 0:
        return f"'{action}' was stopped by the operating system (signal {-code}): it took too much time or memory"
    last = errors.decode(errors="replace").strip().splitlines()[-1:]
    return f"'{action}' ended without a result{f': {last[0][:300]}' if last else ''}"
