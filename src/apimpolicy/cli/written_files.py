"""Files that commands write or change."""

from __future__ import annotations

import os

from apimpolicy.checkout import make_folder
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.files import write_whole


def ensure_new(path: str, *, force: bool) -> None:
    """Raise ConfigurationError when a file exists that may not be overwritten; `-` is standard output."""
    if path != "-" and os.path.lexists(path) and not force:
        raise ConfigurationError(f"{path} already exists; use --force to overwrite it")


def write_text(path: str, text: str) -> None:
    """Write a file, and the folders that it is in. Raises ConfigurationError."""
    try:
        make_folder(os.path.dirname(path) or os.curdir)
    except OSError as error:
        raise ConfigurationError(f"cannot write {path}: {error.strerror or error}") from None
    write_whole(path, text.encode("utf-8", "backslashreplace"))


def write_report_to(path: str | None, report: str, *, is_text: bool) -> None:
    """Print a report, or write it to a file; text comes from policies, other reports are harmless already.

    Raises ConfigurationError when the file cannot be written.
    """
    from apimpolicy.report.log_commands import without_log_commands, write_report

    if path is not None:
        text = f"{without_log_commands(report) if is_text else report}\n" if report else ""
        write_whole(path, text.encode("utf-8", "backslashreplace"))
    elif not is_text:
        write_report(report)
    elif report:
        print(report)


def print_difference(path: str, old: bytes, new: bytes) -> None:
    """Print what would change in a file, as a unified difference."""
    from difflib import unified_diff

    before, after = (text.decode("utf-8-sig").splitlines(keepends=True) for text in (old, new))
    for line in unified_diff(before, after, path, path):
        print(line.rstrip("\r\n"))
