"""Who says something, and what one may name by that: the one decision about paths that are written somewhere.

The user names any path: on the command line, in the environment, or in Python. A file of a checkout may be by a
stranger, and an assistant or an editor may act on a stranger's text, so that a path must not be a way to read other
files of the machine. Callers of a gateway name none. `checkout` is the door beneath: it decides where links may lead.

A path that is written in a text needs its `Author`: `tests/architecture/test_authors.py` finds modules that join a
folder and a text themselves, and attacks each key of test files and each argument of a tool.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from apimpolicy.checkout import NO_FILE, confine, git, hidden_parts, is_below, is_share, is_trusted, root_of
from apimpolicy.errors import ConfigurationError

_TRUST = "start with --trust-config if you trust the checkout"
OUTSIDE = f"it is outside of the checkout; move it there, or {_TRUST}"
HIDDEN = f"it is hidden; rename it, or {_TRUST}"
CREDENTIALS = f"its name is one that tools give to credentials; {_TRUST}"
IGNORED = f"git ignores it; commit it, or {_TRUST}"
_NO_FOLDER = "start `apimpolicy mcp` in the folder of your policies, or name it with --root"
_OF_CREDENTIALS = re.compile(r"gha-creds-.*\.json|.*\.tfstate(\.backup)?|id_(rsa|ed25519|ecdsa)", re.IGNORECASE)
"""Files that tools, and not the authors of a checkout, put into it: Google's action for GitHub, Terraform, SSH."""
_allowed: set[str] = set()


class Role(Enum):
    """Kinds of authors."""

    USER = "user"
    CHECKOUT = "checkout"
    ASSISTANT = "assistant"
    EDITOR = "editor"
    CALLER = "caller"


class FileKind(NamedTuple):
    """Files that an assistant or an editor may name: in words, and whether a file is one."""

    words: str
    matches: Callable[[str], bool]


_CERTIFICATES = (".cer", ".crt", ".der", ".key", ".p12", ".pem", ".pfx")
CERTIFICATE_FILE = FileKind("a certificate", lambda path: path.lower().endswith(_CERTIFICATES))
"""What is read as one is never shown, unlike the content of a body."""


class Author(NamedTuple):
    """Who names a path, and the folder in which it begins.

    `roots` are the real folders that an assistant or an editor may use, and `kinds` the files that it may name.
    """

    role: Role
    folder: str = ""
    roots: tuple[str, ...] = ()
    kinds: tuple[FileKind, ...] = ()

    @property
    def is_believed(self) -> bool:
        """Return whether the author decides about all: paths, settings that open a gateway, and host names."""
        return self.role is Role.USER or (self.role is Role.CHECKOUT and is_trusted())


USER = Author(Role.USER)
HERE = Author(Role.CHECKOUT)
"""Files of the current folder."""
_speaker = USER


def author_of(file: str) -> Author:
    """Return the author of a file, who names paths from its folder."""
    return Author(Role.CHECKOUT, os.path.dirname(file))


def speak_for(author: Author, scratch: str) -> None:
    """From now on, this process works for an assistant or an editor, and opens nothing outside of its folders."""
    global _speaker
    _speaker = author
    confine(author.roots, scratch)


def speaker() -> Author:
    """Return whom this process works for: the user, unless `speak_for` says otherwise."""
    return _speaker


def may_name(author: Author, text: str, *kinds: FileKind, may_be_hidden: bool = False) -> str:
    """Return the path that an author names, if the author may. Raises ConfigurationError with the reason.

    `kinds` are what the file is used as. An assistant or an editor may name no others, without them those of the
    author; a file of a checkout may name one of them that git ignores.
    """
    path = os.path.join(author.folder, text)
    if reason := why_refused(author, path, *kinds, may_be_hidden=may_be_hidden):
        raise ConfigurationError(f"{path} isn't read: {reason}")
    return path


def allow(path: str) -> None:
    """From now on, let files name this path: the user has named it, or a file in its own checkout."""
    _allowed.add(os.path.abspath(path))


def why_refused(author: Author, path: str, *kinds: FileKind, may_be_hidden: bool = False) -> str:
    """Return why an author may not name a path; empty if it may."""
    if author.is_believed:
        return ""
    if author.role is Role.CHECKOUT:
        is_allowed = "\0" in path or os.path.abspath(path) in _allowed  # the system refuses a null character
        return "" if is_allowed else _refused_to_a_file(path, author.folder or os.curdir, kinds, may_be_hidden)
    if author.role is Role.CALLER:
        return "callers name no files"
    return _refused_to_a_program(author, path, kinds or author.kinds)


def _refused_to_a_file(path: str, folder: str, kinds: tuple[FileKind, ...], may_be_hidden: bool) -> str:
    if is_share(os.path.abspath(path), [os.path.abspath(folder)]):
        return OUTSIDE
    real, base = os.path.realpath(os.path.abspath(path)), os.path.realpath(folder)
    root = root_of(folder)
    top = base if root is None else os.path.realpath(root)
    if not is_below(real, top):
        return OUTSIDE
    if not may_be_hidden and hidden_parts(real, base if is_below(real, base) else top):
        return HIDDEN
    if _OF_CREDENTIALS.fullmatch(os.path.basename(real)):
        return CREDENTIALS
    if not os.path.isfile(real):
        return NO_FILE if os.path.exists(real) and not os.path.isdir(real) else ""
    if any(kind.matches(real) for kind in kinds):  # keys are seldom committed, and what is read as one isn't shown
        return ""
    return IGNORED if os.path.lexists(os.path.join(top, ".git")) and _is_ignored(real, top) else ""


def _refused_to_a_program(author: Author, path: str, kinds: tuple[FileKind, ...]) -> str:
    if not author.roots:
        return f"this server has no folder; {_NO_FOLDER}"
    if "\0" in path:
        return "it has a null character"
    written = os.path.abspath(path)
    real = written if is_share(written, author.roots) else os.path.realpath(path)
    folder = next((each for each in author.roots if is_below(real, each)), None)
    if folder is None:
        return f"it is outside of {', '.join(author.roots)}; to use other folders, {_NO_FOLDER}"
    for below in {real, written if is_below(written, folder) else real}:
        if hidden_parts(below, folder):
            return "it is hidden"
        if author.role is Role.ASSISTANT and _is_ignored(below, folder):
            return "git ignores it"
    if _OF_CREDENTIALS.fullmatch(os.path.basename(real)):
        return "its name is one that tools give to credentials"
    if not os.path.isfile(real) or any(kind.matches(real) for kind in kinds):
        return ""
    return f"it is not {' or '.join(kind.words for kind in kinds)}"


def _is_ignored(path: str, top: str) -> bool:
    """Return whether git ignores a path below a folder: the patterns match it, and git doesn't know it all the same."""
    from apimpolicy.project.repository import Gitignores

    ignored, above = Gitignores(top), top
    for part in filter(None, path[len(top) :].split(os.sep)):
        ignored.enter(above)
        above = os.path.join(above, part)
        if ignored.leaves_out(above, os.path.isdir(above)):
            break
    else:
        return False
    try:
        return git(top, "check-ignore", "--quiet", "--", path).code != 1
    except OSError:  # without git, the patterns decide
        return True
