"""Paths in the arguments of assistants and editors: policies, test files and configurations below their own folders.

An assistant may act on text that a stranger planted, and its host may run tools without asking, so that a tool must not
be a way to read other files of the machine. `admit` looks at the arguments of each call before a function sees them;
files that the texts of a call name, such as the cases of a test, are those of its author (`project.authority`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from apimpolicy.checkout import open_bytes, root_of
from apimpolicy.project.authority import CERTIFICATE_FILE, Author, FileKind, Role, may_name
from apimpolicy.project.discovery import CONTAINERS, MARKS
from apimpolicy.project.files import MAXIMUM_BYTES, begins_like_a_policy, is_meant_as_a_policy
from apimpolicy.testing.test_file_search import is_case_file


def _is_policy(path: str) -> bool:
    try:
        with open_bytes(path) as file:
            data = file.read(MAXIMUM_BYTES)
    except OSError:
        return False
    if path.lower().endswith(CONTAINERS):
        return any(mark in data for mark in MARKS)
    return begins_like_a_policy(data) or is_meant_as_a_policy(data)


POLICY: Final = FileKind("a policy, or a template with policies", _is_policy)
CASES: Final = FileKind("a test file", lambda path: is_case_file(path.lower()))
CONFIGURATION: Final = FileKind("a configuration", lambda path: path.lower().endswith(".toml"))
REQUESTS: Final = FileKind("a file of requests", lambda path: path.lower().endswith((".http", ".rest")))
KINDS: Final = (POLICY, CASES, CONFIGURATION)
PATHS: Final[Mapping[str, tuple[FileKind, ...]]] = {
    **dict.fromkeys(("policy", "scopes", "old", "new"), (POLICY,)),
    **dict.fromkeys(("path", "paths", "case", "test"), (CASES,)),
    "service": (POLICY, CONFIGURATION),
    "config": (CONFIGURATION,),
    "httpFile": (REQUESTS,),
    "certificate": (CERTIFICATE_FILE,),
}
"""Arguments that name files, and of which kinds; all others are texts."""


def own_folders(named: Iterable[str] = ()) -> list[str]:
    """Return the folders that a server may use: those that the user names, else the checkout that it starts in.

    A server that starts in the home folder or in `/` has none, so that its tools take documents only.
    """
    if folders := [os.path.realpath(folder) for folder in named]:
        return folders
    here = root_of(os.curdir)
    return [] if here is None else [os.path.realpath(here)]


def author_of_calls(role: Role, folders: Iterable[str]) -> Author:
    """Return the author of what an assistant or an editor sends."""
    return Author(role, "", tuple(map(os.path.realpath, folders)), KINDS)


def author_of_session(path: str) -> Author:
    """Return the author of a debug session about a file: it may also use the checkout of that file."""
    around = root_of(path) or os.path.dirname(os.path.abspath(path))
    return author_of_calls(Role.EDITOR, (*own_folders(), around))


def admit(arguments: Mapping[str, Any], author: Author) -> None:
    """Raise ConfigurationError for an argument that names a path which its author may not name."""
    for name, kinds in PATHS.items():
        for path in _paths(name, arguments.get(name)):
            may_name(author, path, *kinds)


def _paths(name: str, given: Any) -> Iterator[str]:
    """Yield the paths in an argument, which may be the document itself."""
    if name == "case":  # of a test file that is named here, or by `test`
        given = given.get("path") if isinstance(given, dict) else None
    if isinstance(given, str):
        if name in ("old", "new"):
            from apimpolicy.testing.comparing.versions import path_of_side

            given = "" if is_document(given) else path_of_side(given)
        if given and not is_document(given):
            yield given
    elif isinstance(given, (list, tuple, dict)):
        for each in given.values() if isinstance(given, dict) else given:
            yield from _paths(name, each)


def is_document(policy: str) -> bool:
    """Return whether a policy is given as the document itself, and not as a path."""
    return policy.lstrip().startswith("<")
