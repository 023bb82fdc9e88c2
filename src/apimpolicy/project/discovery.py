"""Find the files of a tree that are policy documents, by their ending and the element they begin with, or hold some.

Files that hold policies among other things (`project.embedded`) count too, but Markdown only when it is named: what
people explain with is seldom complete. So are strings in the code of tests, which are often wrong on purpose.
A file that was meant as a policy counts, so that its mistake is found: a root such as `<polices>`, or nothing at all
where a policy must be. Files that are skipped are counted, and so are those with policies that nothing here reads.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.checkout import boundary_of, entries, is_below, listing, open_bytes
from apimpolicy.csharp.dotnet.process_limits import renew
from apimpolicy.project.embedded import CODE, MARKDOWN, reader_for
from apimpolicy.project.embedded import ENDINGS as EMBEDDED_ENDINGS
from apimpolicy.project.environments import CONFIGURATION, configuration_in
from apimpolicy.project.files import (
    MAXIMUM_BYTES,
    STANDARD_INPUT,
    begins_like_a_policy,
    describes_resources,
    is_blank,
    is_meant_as_a_policy,
    unreadable,
)
from apimpolicy.project.layout import SKIPPED_DIRECTORIES, place_of, root_of_information
from apimpolicy.project.repository import IgnorePatterns, gitignore_of, gitignores_above
from apimpolicy.text.source import decode

if TYPE_CHECKING:
    from apimpolicy.project.check_projects import CheckProjects, Project

ENDINGS = (".xml", ".policy", ".cshtml")
"""Files that may hold a policy; `.cshtml` is what the Azure extension of Visual Studio Code gives them."""

CONTAINERS = tuple(ending for ending in EMBEDDED_ENDINGS if ending not in MARKDOWN)
"""Files of a tree that are looked through for policies."""

TEMPLATES = tuple(ending for ending in CONTAINERS if ending not in CODE)
"""Those of them that are not program code."""

UNREAD = {
    ".md": "Markdown file",
    ".markdown": "Markdown file",
    ".ipynb": "notebook",
    ".code-snippets": "file of snippets",
    ".tfstate": "Terraform state",
    ".yaml": "Kubernetes manifest",
    ".yml": "Kubernetes manifest",
    ".sh": "shell script",
    ".bash": "shell script",
}
"""Files of a tree that may hold policies and are not read, and what they are."""
TESTS = "source file of tests"

MARKS = (b"<policies", b"<fragment", b"<inbound", b"<backend", b"<outbound", b"<on-error", b"u003c", b"u003C")
"""Bytes of which a file with policies in it contains one; ARM templates may write `<` as an escape."""

_TOOLKIT = b"ApiManagement.PolicyToolkit"
_DOCUMENT = re.compile(rb"\bclass\s+\w+\s*(?:\([^)]*\)\s*)?:[^{]*\bI(?:Document|Fragment)\b")
"""The namespace of the Policy Toolkit, and a class that is a policy or a fragment in it."""
_OPERATOR = b"apimanagement.azure.com/"
"""What each manifest of the Azure Service Operator contains; other YAML, such as overlays and tests, is not named."""
_SURE_MARKS = (b"<policies", b"<inbound", b"u003cpolicies", b"u003Cpolicies")
_OF_TESTS = re.compile(
    r"(?:^|/)(?:[Tt]ests?|specs?|__tests__|[^/]*\.\w*[Tt]ests?)/|(?:^|/)(?:test_|conftest\.)[^/]*$"
    r"|(?:_test|_spec|\.tests?|Tests?)\.\w+$"
)
"""Paths of code that tests something: `tests/a.py`, `test_a.py`, `Api.Tests/A.cs`, `ApiTests.cs`, `Api.Tests.ps1`."""
_TAGS = frozenset(("CACHEDIR.TAG", "pyvenv.cfg"))
"""Files that mark a directory as a cache or a virtual environment of Python."""
_WANTED = (*ENDINGS, *CONTAINERS, *UNREAD)
_HEAD = 65_536
_MADE_BY_BICEP = re.compile(rb'"_generator"\s*:\s*\{\s*"name"\s*:\s*"bicep"')
_OVERLAY = re.compile(r"configuration\..+\.ya?ml", re.IGNORECASE)
_INFORMATION = ("Information.json", "apis.json", "groups.json", "tags.json")
_HERE = os.path.join(os.curdir, "")


class Discovery(NamedTuple):
    """The policy files, each once; what could not be read, as sentences; the trees without any policy; the files
    that have the ending of a policy but are not policies; how many files and directories settings leave out; and the
    files with policies that are not read, each with what it is.

    `trees` are the folders that were looked through, `compiled` the templates that were made of a file beside them.
    """

    files: list[str]
    unreadable: list[str]
    empty: list[str]
    skipped: list[str]
    excluded: int
    unread: list[tuple[str, str]]
    trees: list[str]
    compiled: list[str]
    sources: list[str]
    """Documents in C# of the Policy Toolkit, which are compiled to policies."""

    def why_empty(self, tree: str) -> str:
        """Return a sentence for a tree without policies."""
        if any(is_below(os.path.abspath(each), os.path.abspath(tree)) for each in self.sources):
            return (
                f"the policies in {tree} are C# of the Policy Toolkit: compile them with azure-apim-policy-compiler, "
                "then name the folder of its result"
            )
        return f"there are no policies in {tree}: {searched()}"


def discover(paths: Iterable[str], projects: CheckProjects, *, policies_only: bool = False) -> Discovery:
    """Find the policy files among and below `paths`. A named file counts in any case, even if it does not exist.

    With `policies_only` named files count as those of a tree do: those without a policy, and those
    that a setting excludes, are skipped. A configuration, an overlay or an information file of a service selects the
    policies that it is about.
    Raises ConfigurationError for a configuration that cannot be used.
    """
    found: dict[str, None] = {}
    empty: list[str] = []
    trees: list[str] = []
    search = _Search(projects)
    for path in paths:
        if policies_only and (tree := _tree_of(path)) is not None:
            trees.append(tree)
            found.update(dict.fromkeys(search.policies_below(tree)))
            continue
        if path == STANDARD_INPUT or not os.path.isdir(path):
            if not policies_only or not os.path.isfile(path) or search.takes(path):
                found.setdefault(path)
            continue
        trees.append(path)
        before = len(search.problems)
        files = search.policies_below(path)
        if not files and len(search.problems) == before:
            empty.append(path)
        for file in files:
            found.setdefault(file)
    return Discovery(
        list(found),
        search.problems,
        empty,
        search.skipped,
        search.excluded,
        search.unread,
        trees,
        search.compiled,
        search.sources,
    )


def searched() -> str:
    """Return a sentence for a tree without policies: the files that were searched for."""
    return (
        f"no file ({', '.join(ENDINGS)}) begins with <policies>, <fragment> or a section; "
        f"no template ({', '.join(TEMPLATES)}) has such a document inside; "
        f"and no source file ({', '.join(CODE)}) has a whole one in a string"
    )


def _tree_of(path: str) -> str | None:
    """Return the folder with the policies that a file is about which isn't a policy itself; None for any other file."""
    folder, name = os.path.split(path)
    if (
        name == CONFIGURATION
        or _OVERLAY.fullmatch(name)
        or os.path.abspath(path) == _absolute(configuration_in(folder))
    ):
        return folder or os.curdir
    if name.endswith(_INFORMATION):
        root = root_of_information(path)
        return None if root is None else os.path.relpath(root) if not os.path.isabs(path) else root
    return None


def _absolute(path: str | None) -> str:
    return "" if path is None else os.path.abspath(path)


class _Search:
    """Looks through trees, and keeps what it met besides policies."""

    def __init__(self, projects: CheckProjects) -> None:
        self.projects = projects
        self.problems: list[str] = []
        self.skipped: list[str] = []
        self.excluded = 0
        self.unread: list[tuple[str, str]] = []
        self.compiled: list[str] = []
        self.sources: list[str] = []

    def takes(self, path: str) -> bool:
        if self.projects.is_excluded(path):
            self.excluded += 1
            return False
        blank: list[str] = []
        if path.lower().endswith(CODE) and _OF_TESTS.search(path.replace(os.sep, "/")):
            return False
        if self.is_policy(path, blank):
            return True
        if blank and any(map(_begins_like_a_policy, _neighbours(path))):
            return True
        self.skipped += blank
        return False

    def policies_below(self, top: str) -> list[str]:
        # A tree that is the current directory needs no "./" before every name.
        candidates = sorted(file.removeprefix(_HERE) for file in self._tree(top))
        found: list[str] = []
        blank: list[str] = []
        for file in candidates:
            kind = _unread_kind(file, top)
            if kind is not None:
                if self._has_marks(file):
                    self.unread.append((file, kind))
            elif self.is_policy(file, blank):
                found.append(file)
        homes = {os.path.dirname(file) for file in found}
        for file in blank:
            (found if os.path.dirname(file) in homes else self.skipped).append(file)
        return sorted(found)

    def is_policy(self, path: str, blank: list[str]) -> bool:
        """Return whether a file is a policy, or was meant as one. An empty file is added to `blank`."""
        renew()
        try:
            if not os.path.isfile(path):  # a pipe, which would keep whoever opens it waiting
                self.skipped.append(path)
                return False
            with open_bytes(path) as file:
                if path.lower().endswith(CONTAINERS):
                    data = file.read(MAXIMUM_BYTES)
                    if _TOOLKIT in data and path.lower().endswith(".cs") and _DOCUMENT.search(data) is not None:
                        self.sources.append(path)
                    if not _holds_policies(data, path):
                        return False
                    if is_compiled := _is_compiled(data, path):
                        self.compiled.append(path)
                    return not is_compiled
                head = file.read(_HEAD)
                if begins_like_a_policy(head) or is_meant_as_a_policy(head):
                    return True
                if len(head) == _HEAD and b"-->" not in head and begins_like_a_policy(head + file.read(MAXIMUM_BYTES)):
                    return True
        except OSError as error:
            self.problems.append(unreadable(path, error))
            return False
        if _has_its_place(path):
            return True
        (blank if is_blank(head) else self.skipped).append(path)
        return False

    def _has_marks(self, path: str) -> bool:
        """Return whether a file that is not read has policies in it, as far as a look can tell."""
        try:
            if not os.path.isfile(path):
                return False
            with open_bytes(path) as file:
                data = file.read(MAXIMUM_BYTES)
        except OSError:
            return False
        if path.lower().endswith((".yaml", ".yml")) and _OPERATOR not in data:
            return False
        return any(mark in data for mark in _SURE_MARKS)

    def _tree(self, top: str) -> Iterator[str]:
        """Yield files that may be policies. Caches are left out, and links to folders."""
        bound = boundary_of(top)
        waiting = [(top, gitignores_above(top))]
        while waiting:
            directory, ignored = waiting.pop()
            project = self.projects.of(directory)
            ignored = self._gitignores(directory, project, ignored)
            try:
                scanned = entries(directory, bound)
                if directory != top and not _TAGS.isdisjoint(entry.name for entry in scanned):
                    continue
                for entry in scanned:
                    name = entry.name
                    if name.lower().endswith(_WANTED) and _is(entry.is_file):
                        if not self._leaves_out(entry.path, False, project, ignored):
                            yield entry.path
                    elif (
                        name not in SKIPPED_DIRECTORIES
                        and (not entry.is_symlink() and _is(entry.is_dir))
                        and not self._leaves_out(entry.path, True, project, ignored)
                    ):
                        waiting.append((entry.path, ignored))
            except OSError as error:
                self.problems.append(unreadable(directory, error))

    @staticmethod
    def _gitignores(directory: str, project: Project, above: list[IgnorePatterns]) -> list[IgnorePatterns]:
        if not project.check.respects_gitignore:
            return []
        own = gitignore_of(directory)
        return above if own is None else [*above, own]

    def _leaves_out(self, path: str, is_directory: bool, project: Project, ignored: list[IgnorePatterns]) -> bool:
        path = os.path.abspath(path)
        for patterns in reversed(ignored):
            if (verdict := patterns.verdict(path, is_directory)) is not None:
                if verdict:
                    return True
                break
        is_excluded = self.projects.excludes(project, path, is_directory)
        self.excluded += is_excluded
        return is_excluded


def _unread_kind(path: str, top: str) -> str | None:
    lowered = path.lower()
    if lowered.endswith(CODE):
        return TESTS if _OF_TESTS.search(os.path.relpath(path, top).replace(os.sep, "/")) else None
    return next((kind for ending, kind in UNREAD.items() if lowered.endswith(ending)), None)


def _is_compiled(data: bytes, path: str) -> bool:
    """Return whether an ARM template was compiled from a Bicep file beside it, which is read itself."""
    if not path.lower().endswith(".json") or _MADE_BY_BICEP.search(data) is None:
        return False
    with suppress(OSError):
        return any(name.lower().endswith(".bicep") for name in listing(os.path.dirname(path) or os.curdir))
    return False


def _neighbours(path: str) -> Iterator[str]:
    with suppress(OSError):
        found = entries(os.path.dirname(path) or os.curdir)
        yield from (entry.path for entry in found if entry.name.lower().endswith(ENDINGS) and _is(entry.is_file))


def _begins_like_a_policy(path: str) -> bool:
    try:
        with open_bytes(path) as file:
            return begins_like_a_policy(file.read(_HEAD))
    except OSError:
        return False


def _has_its_place(path: str) -> bool:
    """Return whether a file is a policy by its place in an extract, whatever it begins with."""
    if os.path.basename(path).lower() != "policy.xml":
        return False
    place = place_of(path)
    return place.scope is not None or place.fragment is not None


def _is(question: Callable[[], bool]) -> bool:
    """Return the answer about a directory entry; False where it can't be asked, as of a link that leads to itself."""
    try:
        return question()
    except OSError:
        return False


def _holds_policies(data: bytes, path: str) -> bool:
    if not any(mark in data for mark in MARKS):
        return False
    reader, source = reader_for(path), decode(data, path)[0]
    if path.lower().endswith(".json") and not describes_resources(source.text):
        return False
    return reader is not None and bool(reader(source))
