"""The other files of a project: those that one request may run with a file, and occurrences of names in them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.checkout import open_text
from apimpolicy.editor.analysis import Analysis, RecentExpressions
from apimpolicy.editor.knowledge import Kind, Occurrence, ProjectName, ProjectNames, knowledge_of
from apimpolicy.editor.names_completion import HTTP_ENDING, sent_headers
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.check_projects import CheckOptions, CheckProjects
from apimpolicy.project.discovery import discover
from apimpolicy.project.layout import place_of

if TYPE_CHECKING:
    from apimpolicy.checks.expressions import ExpressionCheck
    from apimpolicy.checks.subject import Settings
    from apimpolicy.editor.lenses import CaseAt

MOST_FILES = 3000
"""Files of a workspace that are looked through for a name."""
MOST_READ = 32
"""Files that are kept as they were read, besides those that are open: of the others only the names."""


class Location(NamedTuple):
    """A span of a file; `start` and `end` are offsets, or a `line` counted from 0 where nothing else is known."""

    path: str
    start: int = -1
    end: int = -1
    line: int = 0


class EditorWorkspace:
    """The open folders. `open_texts` are the texts of open files, by absolute path."""

    def __init__(
        self,
        roots: list[str],
        check: ExpressionCheck | None = None,
        settings_of: Callable[[str], Settings] | None = None,
    ) -> None:
        self.roots = roots
        self._settings_of = settings_of
        self.open_texts: dict[str, str] = {}
        self.check = check or RecentExpressions()
        self._read: dict[str, tuple[object, Analysis]] = {}
        self._names: dict[str, tuple[object, list[Occurrence]]] = {}
        self._knowledge: dict[str, ProjectNames] = {}
        self._files: list[str] | None = None
        self._requests: list[str] | None = None
        self._headers: dict[str, tuple[object, frozenset[str]]] = {}
        self._cases: dict[str, tuple[int, list[CaseAt]]] = {}

    def forget(self) -> None:
        """Forget cached files: some that are not open have changed."""
        self._knowledge.clear()
        self._read.clear()
        self._names.clear()
        self._files = self._requests = None

    def knowledge(self, path: str) -> ProjectNames:
        """Return the names that a file can refer to."""
        folder = os.path.dirname(os.path.abspath(path))
        if folder not in self._knowledge:
            self._knowledge[folder] = knowledge_of(path, self.elsewhere)
        return self._knowledge[folder]

    def files(self) -> list[str]:
        """Return every policy file of the workspace, absolute; searched again when files have changed."""
        if self._files is None:
            self._files = self._found()
        return self._files

    def _found(self) -> list[str]:
        roots = [root for root in self.roots if os.path.isdir(root)]
        try:
            found = discover(roots, CheckProjects(CheckOptions())).files if roots else []
        except ConfigurationError:
            found = []
        return [os.path.abspath(path) for path in found[:MOST_FILES]]

    def cases(self) -> list[CaseAt]:
        """Return the test cases of the workspace; a test file is read once for each version of it."""
        from apimpolicy.editor.lenses import cases_of

        found: list[CaseAt] = []
        for path in self._request_files():
            if path.endswith(HTTP_ENDING):
                continue
            try:
                version = os.stat(path).st_mtime_ns
            except OSError:
                continue
            if self._cases.get(path, (None,))[0] != version:
                self._cases[path] = version, cases_of(path)
            found += self._cases[path][1]
        return found

    def analysis(self, path: str) -> Analysis | None:
        """Return a file, read once for each version of it; None if it can't be read."""
        path = os.path.abspath(path)
        version = self._version(path)
        known = self._read.pop(path, None)
        if known is None or known[0] != version:
            text = self.open_texts[path] if path in self.open_texts else stored_text(path)
            if text is None:
                return None
            settings = self._settings_of(path) if self._settings_of is not None else None
            known = version, Analysis(text, path, self.check, settings)
        self._read[path] = known
        if len(self._read) > MOST_READ + len(self.open_texts):
            del self._read[next(each for each in self._read if each not in self.open_texts)]
        return known[1]

    def _version(self, path: str) -> object:
        """Return a value that changes with a file; None for a missing file."""
        text = self.open_texts.get(path)
        if text is not None:
            return text
        try:
            status = os.stat(path)
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size

    def names(self, path: str) -> list[Occurrence]:
        """Return the names in a file, kept for each version of it; none if it can't be read."""
        version = self._version(path)
        known = self._names.get(path)
        if known is None or known[0] != version:
            analysis = self.analysis(path)
            known = version, analysis.occurrences if analysis is not None else []
            self._names[path] = known
        return known[1]

    def elsewhere(self, kind: Kind, path: str) -> Iterator[ProjectName]:
        """Yield names that wider scopes and fragments set for a file, or that requests send."""
        for other in self._before(path):
            for found in self.names(other):
                if found.kind == kind and found.sets:
                    yield ProjectName(found.name, f"set in {os.path.basename(other)}", other)
        for other in self._request_files() if kind == "header" else ():
            for name in sorted(self._sent(other)):
                yield ProjectName(name, f"sent in {os.path.basename(other)}", other)

    def _before(self, path: str) -> set[str]:
        """Return the files of wider scopes, and the fragments that these and a file include."""
        found: set[str] = set()
        waiting: list[str | None] = [os.path.abspath(path)]
        while waiting:
            current = waiting.pop()
            if current is None or current in found:
                continue
            found.add(current)
            waiting.append(wider(current))
            included = self._included(current)
            waiting += [os.path.abspath(k.path) for k in self.knowledge(path).all("fragment") if k.name in included]
        return found - {os.path.abspath(path)}

    def _request_files(self) -> list[str]:
        from apimpolicy.editor.lenses import request_files

        if self._requests is None:
            self._requests = request_files(self.roots)
        return self._requests

    def _sent(self, path: str) -> frozenset[str]:
        version = self._version(path)
        known = self._headers.get(path)
        if known is None or known[0] != version:
            known = self._headers[path] = version, sent_headers(path)
        return known[1]

    def related(self, path: str) -> set[str]:
        """Return the files that one request may run with a file: wider and narrower scopes, fragments, their users."""
        path = os.path.abspath(path)
        files = self.files()
        fragments = {os.path.abspath(known.path): known.name for known in self.knowledge(path).all("fragment")}
        found = {other for other in files if _are_scopes_of_one_request(path, other)}
        included = self._included(path)
        found |= {file for file, name in fragments.items() if name in included}
        if path in fragments:
            name = fragments[path]
            found |= {other for other in files if name in self._included(other)}
        return found - {path}

    def _included(self, path: str) -> set[str]:
        return {found.name for found in self.names(path) if found.kind == "fragment"}

    def everywhere(self, occurrence: Occurrence, path: str) -> Iterator[tuple[str, list[Occurrence]]]:
        """Yield the uses of a name in a file, and in the others where it means the same thing.

        Names of the project mean the same in all files; variables and headers do where requests carry them from file to
        file.
        """
        path = os.path.abspath(path)
        is_carried = occurrence.kind in ("variable", "header")
        waiting = [path] if is_carried else [path, *self.files()]
        seen: set[str] = set()
        while waiting:
            current = waiting.pop()
            if current in seen:
                continue
            seen.add(current)
            found = [each for each in self.names(current) if each.is_the_same(occurrence)]
            if found:
                yield current, found
                if is_carried:
                    waiting += self.related(current)


def stored_text(path: str, *, encoding: str = "utf-8-sig") -> str | None:
    """Return the text of a file with its line endings; None if it can't be read."""
    try:
        with open_text(path, encoding=encoding, newline="") as file:
            return file.read()
    except (OSError, ValueError):
        return None


def _are_scopes_of_one_request(path: str, other: str) -> bool:
    """Return whether the places of two files say that one request may run both."""
    first, second = place_of(path), place_of(other)
    if first.scope is None or second.scope is None or first.root != second.root:
        return False
    if first.scope == second.scope:
        return path == other
    scopes = {first.scope, second.scope}
    if scopes == {"api", "operation"}:
        api, operation = (path, other) if first.scope == "api" else (other, path)
        return operation.startswith(os.path.join(os.path.dirname(api), ""))
    return True


def wider(path: str) -> str | None:
    """Return the policy file of the next wider scope, which `<base />` runs, as far as folders tell."""
    place = place_of(path)
    if place.root is None or place.scope in (None, "global"):
        return None
    folder = os.path.dirname(os.path.abspath(path))
    candidates = [os.path.join(place.root, "policy.xml")]
    if place.scope == "operation":
        candidates.insert(0, os.path.join(os.path.dirname(os.path.dirname(folder)), "policy.xml"))
    return next((candidate for candidate in candidates if os.path.isfile(candidate)), None)
