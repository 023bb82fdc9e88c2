"""Paths that an assistant or an editor names: policies, test files and configurations below its own folders.

The user decides what a command line may name, and the rules of `checkout.named` hold for what files name. An assistant
may act on text that a stranger planted, and its host may run tools without asking, so that a tool must not be a way to
read other files of the machine. `checkout.confine` is the wall for a whole process; `admitted` is the door, which also
refuses hidden files, files that git ignores, and files of other kinds.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from apimpolicy.checkout import confined_to, is_below, open_bytes, root_of
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.discovery import CONTAINERS, MARKS
from apimpolicy.project.files import MAXIMUM_BYTES, begins_like_a_policy, is_meant_as_a_policy
from apimpolicy.project.repository import Gitignores
from apimpolicy.testing.test_file_search import is_case_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

POLICY: Final = "a policy, or a template with policies"
CASES: Final = "a test file"
CONFIGURATION: Final = "a configuration"
_NO_FOLDER: Final = "start `apimpolicy mcp` in the folder of your policies, or name it with --root"


def own_folders(named: Iterable[str] = ()) -> list[str]:
    """Return the folders that a server may use: those that the user names, else the checkout that it starts in.

    A server that starts in the home folder or in `/` has none, so that its tools take documents only.
    """
    if folders := [os.path.realpath(folder) for folder in named]:
        return folders
    here = root_of(os.curdir)
    return [] if here is None else [os.path.realpath(here)]


def admitted(path: str, *kinds: str) -> str:
    """Return a path that an assistant names; any path where the process isn't confined, since the user names it then.

    Raises ConfigurationError with the reason.
    """
    folders = confined_to()
    if folders is None:
        return path
    if reason := why_refused(path, folders, *kinds):
        raise ConfigurationError(f"{path} isn't read: {reason}")
    return path


def why_refused(path: str, folders: Sequence[str], *kinds: str, may_be_ignored: bool = False) -> str:
    """Return why a path below folders may not be named; empty if it may."""
    if not folders:
        return f"this server has no folder; {_NO_FOLDER}"
    if "\0" in path:
        return "it has a null character"
    real = os.path.realpath(path)
    folder = next((each for each in folders if is_below(real, each)), None)
    if folder is None:
        return f"it is outside of {', '.join(folders)}; to use other folders, {_NO_FOLDER}"
    written = os.path.abspath(path)
    for below in {real, written if is_below(written, folder) else real}:
        if any(part.startswith(".") for part in below[len(folder) :].split(os.sep)):
            return "it is hidden"
        if not may_be_ignored and _is_ignored(below, folder):
            return "git ignores it"
    if not os.path.isfile(real) or any(_is(kind, real) for kind in kinds):
        return ""
    return f"it is not {' or '.join(kinds)}"


def _is_ignored(path: str, folder: str) -> bool:
    ignored = Gitignores(folder)
    above = folder
    for part in filter(None, path[len(folder) :].split(os.sep)):
        ignored.enter(above)
        above = os.path.join(above, part)
        if ignored.leaves_out(above, os.path.isdir(above)):
            return True
    return False


def _is(kind: str, path: str) -> bool:
    lowered = path.lower()
    if kind is CASES:
        return is_case_file(lowered)
    if kind is CONFIGURATION:
        return lowered.endswith(".toml")
    try:
        with open_bytes(path) as file:
            data = file.read(MAXIMUM_BYTES)
    except OSError:
        return False
    if lowered.endswith(CONTAINERS):
        return any(mark in data for mark in MARKS)
    return begins_like_a_policy(data) or is_meant_as_a_policy(data)
