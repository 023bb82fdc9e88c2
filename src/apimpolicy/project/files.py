"""Policy files from disk, as sources.

POL027  the file is larger than any policy document may be
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from apimpolicy.checkout import open_bytes, write
from apimpolicy.diagnostics import Diagnostic
from apimpolicy.errors import ConfigurationError
from apimpolicy.text.encoding import decode
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    import os
    from typing import BinaryIO

TOO_LARGE = "POL027"
MAXIMUM_BYTES = 4 * 1024 * 1024
"""Fragments may have 512 KB; what is larger by far is not a policy."""

MAXIMUM_MESSAGE_BYTES = 64 * 1024 * 1024
"""Bodies of requests and answers."""

STANDARD_INPUT = "-"
SHOWN_STANDARD_INPUT = "<stdin>"


def read_policy_file(path: str | os.PathLike[str]) -> tuple[Source, list[Diagnostic]]:
    """Return the source in a file (`-` is standard input), and what is wrong with its size or encoding.

    Raises ConfigurationError when there is no such file, or it cannot be read.
    """
    return source_of(*read_data(path))


def read_data(path: str | os.PathLike[str]) -> tuple[bytes, str]:
    """Return the bytes of a file and its name for people; `-` is standard input. Raises ConfigurationError."""
    name = str(path)
    if name == STANDARD_INPUT:
        return read_standard_input(), SHOWN_STANDARD_INPUT
    return _read(name, MAXIMUM_BYTES), name


def standard_input() -> BinaryIO:
    """Standard input, for bytes. Raises ConfigurationError when it is closed."""
    if sys.stdin is None:
        raise ConfigurationError("standard input is closed")
    return sys.stdin.buffer


def read_standard_input() -> bytes:
    """Standard input, at most one byte more than a file may have. Raises ConfigurationError."""
    file = standard_input()
    try:
        return _head(file)
    except OSError as error:
        raise ConfigurationError(f"cannot read standard input: {error.strerror or error}") from None


def source_of(data: bytes, name: str) -> tuple[Source, list[Diagnostic]]:
    """Return the source in the bytes of a file, and what is wrong with its size or encoding."""
    if len(data) > MAXIMUM_BYTES:
        source = Source("", name)
        limit = f"{MAXIMUM_BYTES // 1024 // 1024} MB"
        message = f"the file is larger than {limit}, so it is not read"
        advice = "The gateway takes far less: a fragment may have 512 KB."
        return source, [Diagnostic(TOO_LARGE, message, source, 0, 0, help=advice)]
    return decode(data, name)


def read_bytes(path: str, limit: int = MAXIMUM_BYTES) -> bytes:
    """Return the bytes of a file. Raises ConfigurationError when it cannot be read, or is larger than `limit`."""
    data = _read(path, limit)
    if len(data) > limit:
        raise ConfigurationError(f"{path} is larger than {limit // 1024 // 1024} MB, which is the limit for this file")
    return data


def _read(path: str, limit: int) -> bytes:
    """Return the bytes of a file, at most one more than `limit`. Raises ConfigurationError with a sentence."""
    try:
        with open_bytes(path) as file:
            return _head(file, limit)
    except OSError as error:
        raise ConfigurationError(unreadable(path, error)) from None
    except ValueError:  # a null character in the name
        raise ConfigurationError(f"{path!r} is not the name of a file") from None


def write_whole(path: str, data: bytes) -> None:
    """Write a file whole or not at all, and never through a link of a checkout. Raises ConfigurationError."""
    try:
        write(path, data)
    except OSError as error:
        raise ConfigurationError(f"cannot write {path}: {error.strerror or error}") from None


def unreadable(path: str, error: OSError) -> str:
    """Why a file could not be read, as a sentence."""
    if isinstance(error, FileNotFoundError):
        return f"{path}: there is no such file or directory"
    if isinstance(error, IsADirectoryError):
        return f"{path} is a directory, not a file"
    return f"cannot read {path}: {error.strerror or error}"


def _head(file: BinaryIO, limit: int = MAXIMUM_BYTES) -> bytes:
    return file.read(limit + 1)
