"""`check --fix` and `check --diff`: what can be mended without changing what a document means."""

from __future__ import annotations

import codecs
import os
import tempfile
from typing import TYPE_CHECKING

from apimpolicy.cli.program import say
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.files import STANDARD_INPUT, read_data, source_of
from apimpolicy.project.fixes import apply, edits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.project.check_run import CheckRun

ROUNDS = 5
"""What a repair makes visible is repaired too, so often."""


def mend(run: CheckRun, paths: Sequence[str], *, write: bool) -> int:
    """Mend files, or print what would change; how many changes there are. Raises ConfigurationError."""
    total = 0
    for path in paths:
        if path == STANDARD_INPUT:
            continue
        data, name = read_data(path)
        new, count = mended(run, data, name)
        if not count:
            continue
        total += count
        if write:
            _write(path, new)
        else:
            _print_difference(path, data, new)
    if write and total:
        say(f"mended {total} {'place' if total == 1 else 'places'}")
    return total


def mended(run: CheckRun, data: bytes, name: str) -> tuple[bytes, int]:
    """The bytes with repairs, and how many they are; a file that is not UTF-8 stays as it is."""
    mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    total = 0
    for _ in range(ROUNDS):
        source, findings = source_of(data, name)
        if findings or source.text.encode() != data[len(mark) :]:
            return data, total
        changes = edits(source, run.diagnostics(data, name))
        if not changes:
            return data, total
        total += len(changes)
        data = mark + apply(source.text, changes).encode()
    return data, total


def _write(path: str, data: bytes) -> None:
    """Put the new content in the place of the file in one step."""
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


def _print_difference(path: str, old: bytes, new: bytes) -> None:
    from difflib import unified_diff

    before, after = (text.decode("utf-8-sig").splitlines(keepends=True) for text in (old, new))
    for line in unified_diff(before, after, path, path):
        print(line.rstrip("\r\n"))
