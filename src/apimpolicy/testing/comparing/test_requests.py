"""The requests of test files, run through both versions: people know what matters, and how to get there.

A test file is read in the folders of both versions, so that each finds its own policies. A case that doesn't give the
same twice proves nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.errors import ApimPolicyError
from apimpolicy.project.files import read_bytes
from apimpolicy.testing.case_files import Case, CaseFile, load_case_tree
from apimpolicy.testing.comparing.observed_differences import Difference, differences
from apimpolicy.testing.running import run_case
from apimpolicy.testing.tree import read_tree

if TYPE_CHECKING:
    from apimpolicy.engine.result import Result

_MOST_CASES = 100


class Tested(NamedTuple):
    """A difference between the results of a case."""

    case: Case
    difference: Difference
    old: Result
    new: Result


def tested_differences(old: str, new: str, names: Iterable[str]) -> Iterator[Tested]:
    """Yield the differences that test files below two folders show; a file that both have is that of the new one."""
    left = _MOST_CASES
    for name in names:
        try:
            path = os.path.join(new, name)
            text = read_bytes(path if os.path.isfile(path) else os.path.join(old, name)).decode("utf-8-sig")
            files = [_read(text, os.path.join(folder, name)) for folder in (old, old, new)]
        except (ApimPolicyError, UnicodeDecodeError):
            continue  # `test` reports it
        for file in files:
            file.certificates = files[-1].certificates
        for cases in zip(*(file.cases for file in files), strict=True):
            left -= 1
            if left < 0:
                return
            yield from _of_case(*cases)


def _read(text: str, path: str) -> CaseFile:
    return load_case_tree(read_tree(text, path), path)


def _of_case(old: Case, again: Case, new: Case) -> Iterator[Tested]:
    first, second, third = (run_case(case).results for case in (old, again, new))
    for one, same, other in zip(first, second, third, strict=False):
        chance = {each.kind for each in differences(one, same)}
        yield from (Tested(new, each, one, other) for each in differences(one, other) if each.kind not in chance)
