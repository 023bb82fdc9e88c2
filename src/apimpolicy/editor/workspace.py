"""The other files of a project: which of them may run in one request with a file, and where names stand in them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.editor.analysis import Analysis, RecentExpressions
from apimpolicy.editor.knowledge import Knowledge, knowledge_of
from apimpolicy.editor.occurrences import Kind, occurrences
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.check_projects import CheckOptions, CheckProjects
from apimpolicy.project.discovery import discover
from apimpolicy.project.layout import place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from apimpolicy.checks.expressions import ExpressionCheck
    from apimpolicy.checks.subject import Settings
    from apimpolicy.editor.test_runs import CaseAt

MOST_FILES = 3000
"""Files of a workspace that are looked through for a name."""


class Location(NamedTuple):
    """A span of a file; `start` and `end` are offsets, or a `line` counted from 0 where nothing else is known."""

    path: str
    start: int = -1
    end: int = -1
    line: int = 0


class Workspace:
    """The folders that are open. `open_texts` are files as they stand in the editor, by absolute path."""

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
        self._knowledge: dict[str, Knowledge] = {}
        self._files: list[str] | None = None
        self._test_files: list[str] | None = None
        self._cases: dict[str, tuple[int, list[CaseAt]]] = {}

    def forget(self) -> None:
        """Files have changed that nobody has open."""
        self._knowledge.clear()
        self._read.clear()
        self._files = self._test_files = None

    def knowledge(self, path: str) -> Knowledge:
        """The names that count for a file."""
        folder = os.path.dirname(os.path.abspath(path))
        if folder not in self._knowledge:
            self._knowledge[folder] = knowledge_of(path)
        return self._knowledge[folder]

    def files(self) -> list[str]:
        """Every policy file of the workspace, absolute; looked for anew when files have changed."""
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
        """The test cases of the workspace; a test file is read once for each version of it."""
        from apimpolicy.editor.test_runs import cases_of, test_files

        if self._test_files is None:
            self._test_files = test_files(self.roots)
        found: list[CaseAt] = []
        for path in self._test_files:
            try:
                version = os.stat(path).st_mtime_ns
            except OSError:
                continue
            if self._cases.get(path, (None,))[0] != version:
                self._cases[path] = version, cases_of(path)
            found += self._cases[path][1]
        return found

    def analysis(self, path: str) -> Analysis | None:
        """A file, read once for each version of it; None for one that cannot be read."""
        path = os.path.abspath(path)
        version: object = self.open_texts.get(path)
        try:
            if version is None:
                status = os.stat(path)
                version = (status.st_mtime_ns, status.st_size)
            known = self._read.get(path)
            if known is not None and known[0] == version:
                return known[1]
            text = self.open_texts.get(path)
            if text is None:
                with open(path, encoding="utf-8-sig", newline="") as file:
                    text = file.read()
        except (OSError, UnicodeDecodeError):
            return None
        made = Analysis(text, path, self.check, self._settings_of(path) if self._settings_of is not None else None)
        self._read[path] = (version, made)
        return made

    def related(self, path: str) -> set[str]:
        """The files that may run in one request with a file: wider and narrower scopes, fragments, their users."""
        path = os.path.abspath(path)
        files = self.files()
        fragments = {os.path.abspath(known.path): known.name for known in self.knowledge(path).all("fragment")}
        found = {other for other in files if _are_scopes_of_one_request(path, other)}
        own = self.analysis(path)
        included = _included(own) if own is not None else set()
        found |= {file for file, name in fragments.items() if name in included}
        if path in fragments:
            name = fragments[path]
            found |= {o for o in files if (analysis := self.analysis(o)) is not None and name in _included(analysis)}
        return found - {path}

    def everywhere(self, kind: Kind, name: str, path: str) -> Iterator[tuple[str, Analysis]]:
        """The file, and the others where the same name means the same thing.

        Names of the project mean the same in all files; a variable does where requests carry it from file to file.
        """
        path = os.path.abspath(path)
        waiting = [path] if kind == "variable" else [path, *self.files()]
        seen: set[str] = set()
        while waiting:
            current = waiting.pop()
            if current in seen:
                continue
            seen.add(current)
            analysis = self.analysis(current)
            if analysis is None or name not in analysis.text:
                continue
            if any(found.kind == kind and found.name == name for found in occurrences(analysis)):
                yield current, analysis
                if kind == "variable":
                    waiting += self.related(current)


def _included(analysis: Analysis) -> set[str]:
    return {found.name for found in occurrences(analysis) if found.kind == "fragment"}


def _are_scopes_of_one_request(path: str, other: str) -> bool:
    """Whether the places of two files say that one request may run both."""
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
    """The policy file of the next wider scope, as far as the place of a file tells: what `<base />` runs."""
    place = place_of(path)
    if place.root is None or place.scope in (None, "global"):
        return None
    folder = os.path.dirname(os.path.abspath(path))
    candidates = [os.path.join(place.root, "policy.xml")]
    if place.scope == "operation":
        candidates.insert(0, os.path.join(os.path.dirname(os.path.dirname(folder)), "policy.xml"))
    return next((candidate for candidate in candidates if os.path.isfile(candidate)), None)
