"""`apimpolicy new config PATH`: a configuration with a value for all that a service, or a policy, misses."""

from __future__ import annotations

import os
from pathlib import Path

from apimpolicy.cli import exit_codes
from apimpolicy.cli.program import say
from apimpolicy.cli.written_files import ensure_new, write_text
from apimpolicy.errors import ConfigurationError
from apimpolicy.report.columns import counted

_NAME = "apimpolicy.toml"
_HEAD = """# Values for what {path} uses and doesn't contain; each comment says what a value stands for.
# Replace them where requests or tests depend on them, and keep real secrets out of files that are committed.
"""


def write_configuration(path: str, output: str | None, *, force: bool) -> int:
    """Write the configuration beside the path, or to `output`. Raises ConfigurationError."""
    from apimpolicy.project.configuration import empty_configuration
    from apimpolicy.project.service.leniency import lenient
    from apimpolicy.report.stand_in_text import problem_text, toml_of

    if not os.path.exists(path):
        raise ConfigurationError(f"there is no file or folder {path}")
    is_folder = os.path.isdir(path)
    place = output or _place(path)
    ensure_new(place, force=force)
    with lenient() as found:
        configuration = empty_configuration()
        configuration.gateway(path) if is_folder else configuration.gateway(policies=[Path(path)])
    for problem in found.problems:
        say(problem_text(problem))
    directory = os.path.dirname(os.path.abspath(place)) if place != "-" else os.getcwd()
    relative = os.path.relpath(path, directory).replace(os.sep, "/")
    text = _HEAD.format(path=relative if relative != "." else "this folder")
    text += f'service = "{relative}"\n' if is_folder else ""
    values = toml_of(found.stand_ins, with_notes=True)
    text += f"\n{values}\n" if values else ""
    if place == "-":
        print(text, end="")
        return exit_codes.CLEAN
    write_text(place, text)
    say(f"wrote {place}: {counted(len(found.stand_ins), 'value')}")
    return exit_codes.CLEAN


def _place(path: str) -> str:
    """Return the current folder if it contains the path, so that commands find the file; else the path's folder."""
    if not os.path.relpath(path).startswith(os.pardir):
        return _NAME
    return os.path.join(path if os.path.isdir(path) else os.path.dirname(path), _NAME)
