"""Files that a command changes: written in one step, or shown as a difference."""

from __future__ import annotations

import os
import tempfile

from apimpolicy.errors import ConfigurationError


def write_file(path: str, data: bytes) -> None:
    """Put new content in the place of a file in one step. Raises ConfigurationError."""
    path = os.path.realpath(path)
    try:
        mode = os.stat(path).st_mode
        handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".apimpolicy-")
        try:
            with open(handle, "wb") as file:
                file.write(data)
            os.chmod(temporary, mode)
            os.replace(temporary, path)
        except OSError:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise ConfigurationError(f"cannot write {path}: {error.strerror or error}") from None


def print_difference(path: str, old: bytes, new: bytes) -> None:
    """Print what would change in a file, as a unified difference."""
    from difflib import unified_diff

    before, after = (text.decode("utf-8-sig").splitlines(keepends=True) for text in (old, new))
    for line in unified_diff(before, after, path, path):
        print(line.rstrip("\r\n"))
