"""Find the test files below folders."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from apimpolicy.project.ignore_patterns import Gitignores
from apimpolicy.testing.case_files import is_about_policies, is_case_file

if TYPE_CHECKING:
    from collections.abc import Iterable


def find_test_files(paths: Iterable[str], foreign: list[str] | None = None) -> list[str]:
    """Return the test files among and below `paths`, each once; a named file counts whatever its name is.

    Files of a tree that are named like a test file but are not about policies go to `foreign`. Hidden directories and
    files that git ignores are left out.
    """
    found: dict[str, None] = {}
    for path in paths:
        if not os.path.isdir(path):
            found.setdefault(path)
            continue
        ignored = Gitignores(path)
        for directory, folders, names in os.walk(path):
            ignored.enter(directory)
            folders[:] = sorted(
                name
                for name in folders
                if not name.startswith(".")
                and name != "node_modules"
                and not ignored.leaves_out(os.path.join(directory, name), True)
            )
            for name in sorted(names):
                file = os.path.normpath(os.path.join(directory, name))
                if not is_case_file(name) or ignored.leaves_out(file, False) or not os.path.isfile(file):
                    continue  # a pipe would keep one waiting
                if is_about_policies(file):
                    found.setdefault(file)
                elif foreign is not None:
                    foreign.append(file)
    return list(found)
