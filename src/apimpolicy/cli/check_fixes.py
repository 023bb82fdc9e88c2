"""`check --fix` and `check --diff`: fixes that don't change what a document means."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from typing import TYPE_CHECKING

from apimpolicy.cli.program import say
from apimpolicy.cli.written_files import print_difference
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.files import STANDARD_INPUT, read_data, source_of, write_whole
from apimpolicy.project.fixes import apply, edits
from apimpolicy.report.columns import counted

if TYPE_CHECKING:
    from apimpolicy.project.check_run import CheckRun

ROUNDS = 5
"""Maximum number of rounds: a fix can reveal another fixable finding."""


def fix_files(run: CheckRun, paths: Sequence[str], *, write: bool) -> int:
    """Fix files, or print what would change, and return the number of changes. Raises ConfigurationError."""
    total = 0
    for path in paths:
        if path == STANDARD_INPUT:
            continue
        data, name = read_data(path)
        new, count = fixed_bytes(run, data, name)
        if not count:
            continue
        if write:
            try:
                write_whole(path, new)
            except ConfigurationError as error:  # such as a link, whose target is another file of the tree
                say(str(error))
                continue
        total += count
        if not write:
            print_difference(path, data, new)
    if write and total:
        say(f"fixed {counted(total, 'problem')}")
    return total


def fixed_bytes(run: CheckRun, data: bytes, name: str) -> tuple[bytes, int]:
    """Return the bytes with repairs, and how many they are; a file that is not UTF-8 stays as it is."""
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
