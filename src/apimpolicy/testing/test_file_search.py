"""Find the test files below folders; other tools have files of such names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from apimpolicy.checkout import walk
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.files import read_bytes
from apimpolicy.project.repository import Gitignores
from apimpolicy.testing.format import SUBJECT
from apimpolicy.testing.tree import TestFileError, Tree, read_tree

ENDINGS = (".test.yaml", ".test.yml", ".test.toml", ".test.json")
_OUR_LINES = (
    re.compile(rb"^(policy|policies|service)\s*[:=]", re.MULTILINE),
    re.compile(rb"^(cases|claims|defaults)\s*[:=]|^\[+(cases|claims|defaults)\b", re.MULTILINE),
)


def find_test_files(paths: Iterable[str], foreign: list[str] | None = None) -> list[str]:
    """Return the test files among and below `paths`, each once; a named file counts whatever its name is.

    Files of a tree that are named like a test file but are not about policies go to `foreign`. Hidden directories and
    files that git ignores are left out.
    """
    files: dict[str, None] = {}
    for path in paths:
        if not os.path.isdir(path):
            files.setdefault(path)
            continue
        ignored = Gitignores(path)
        for directory, folders, names in walk(path):
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
                    files.setdefault(file)
                elif foreign is not None:
                    foreign.append(file)
    return list(files)


def is_case_file(path: str) -> bool:
    return path.lower().endswith(ENDINGS)


def is_about_policies(path: str) -> bool:
    """Return whether a file with the name of a test file tests policies: other tools have files of such names.

    It names a policy or a service and has cases, or has cases of this format, or is empty. A file that can't be
    read, or can't be parsed and mentions a policy, counts too, so that its error is shown.
    """
    try:
        data = read_bytes(path)
    except ConfigurationError:
        return True
    return is_content_about_policies(data, path)


def is_content_about_policies(data: bytes, path: str) -> bool:
    """Return whether a test file with this content tests policies."""
    if all(pattern.search(data) for pattern in _OUR_LINES) or not re.search(rb"^\s*[^#\s]", data, re.MULTILINE):
        return True
    if not re.search(rb"polic(y|ies)|service|cases", data):
        return False
    try:
        tree = read_tree(data.decode("utf-8-sig"), path)
    except (UnicodeDecodeError, TestFileError):
        return re.search(rb"^polic(y|ies)\b", data, re.MULTILINE) is not None
    return isinstance(tree.value, dict) and _has_our_keys(tree.table())


def _has_our_keys(table: dict[str, Tree]) -> bool:
    keys = set(table)
    if not keys.isdisjoint(SUBJECT) and not keys.isdisjoint(("cases", "claims", "defaults")):
        return True
    if "policy" in keys and str(table["policy"].value).lower().endswith((".xml", ".policy", ".cshtml")):
        return True
    cases = table["cases"].items() if "cases" in table else []
    ours = ("request", "expect", "steps", "each")
    return any(isinstance(case.value, dict) and not set(case.value).isdisjoint(ours) for case in cases)
