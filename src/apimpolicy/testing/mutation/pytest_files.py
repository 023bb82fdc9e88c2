"""Find the Python tests that concern policies."""

from __future__ import annotations

import os
import re
from importlib.util import find_spec
from typing import TYPE_CHECKING

from apimpolicy.checkout import open_bytes, walk

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAMES = re.compile(r"(test_.*|.*_test|conftest)\.py")
_WORD = re.compile(rb"\bapim(policy)?\b")
_OTHERS = ("node_modules", "site-packages", "__pycache__")


def is_python_test(path: str) -> bool:
    """Return whether a path names a file of Python tests, or one test in it (`test_a.py::test_b`)."""
    return path.partition("::")[0].endswith(".py")


def mentions_apim(paths: Iterable[str]) -> bool:
    """Return whether a test file or conftest.py among or below `paths` mentions `apim` or `apimpolicy`."""
    for path in paths:
        name = path.partition("::")[0]
        if os.path.isfile(name):
            if name.endswith(".py") and mentions_apim_itself(name):
                return True
            continue
        for directory, folders, names in walk(path):
            folders[:] = sorted(
                name
                for name in folders
                if not name.startswith(".")
                and name not in _OTHERS
                and not os.path.exists(os.path.join(directory, name, "pyvenv.cfg"))
            )
            if any(
                _NAMES.fullmatch(name) and mentions_apim_itself(os.path.join(directory, name)) for name in sorted(names)
            ):
                return True
    return False


def has_pytest() -> bool:
    return find_spec("pytest") is not None


def mentions_apim_itself(path: str) -> bool:
    """Return whether a Python file mentions `apim` or `apimpolicy`; False for one that can't be read."""
    try:
        with open_bytes(path) as file:
            return _WORD.search(file.read()) is not None
    except OSError:
        return False
