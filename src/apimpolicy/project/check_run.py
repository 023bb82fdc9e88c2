"""Checking many files: with a cache, and with two processes when there are many."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.checks.document import check_readings
from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.diagnostics import Severity
from apimpolicy.errors import ConfigurationError, LimitExceededError
from apimpolicy.project.deadline import DeadlineError, deadline
from apimpolicy.project.discovery import ENDINGS
from apimpolicy.project.embedded import MARKDOWN, policies_of
from apimpolicy.project.files import SHOWN_STANDARD_INPUT, STANDARD_INPUT, read_data, source_of
from apimpolicy.project.findings import Finding, Findings, to_findings
from apimpolicy.project.layout import fragments_of, place_of
from apimpolicy.project.surroundings import Surroundings
from apimpolicy.text.holes import has_hole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from apimpolicy.checks.subject import Settings
    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.project.cache import Cache
    from apimpolicy.project.check_projects import CheckProjects, Project
    from apimpolicy.project.replacements import Replacements
    from apimpolicy.text.document import Document

SMALL = 16_384
"""Bytes of a file that nobody has to watch."""
MANY = 400
"""Files from which on a second process pays for its start."""


class Checked(NamedTuple):
    """What came of one file: its findings, or why it could not be read; `name` is its key in the cache."""

    path: str
    findings: list[Finding]
    has_holes: bool = False
    """Whether the file is a template, and what its placeholders stand for was taken as right."""
    problem: str | None = None
    name: str | None = None
    data: bytes | None = None
    """The content, when it cannot be read again."""

    def diagnostics(self) -> list[Diagnostic]:
        """The findings in the file's text, which is read again. Raises ConfigurationError."""
        if not self.findings:
            return []
        data, name = read_data(self.path) if self.data is None else (self.data, SHOWN_STANDARD_INPUT)
        source, _ = source_of(data, name)
        return [finding.diagnostic(source) for finding in self.findings]


class CheckRun:
    """One run of `check`: the settings of every file, and what is remembered.

    `seconds` of processor time are the most that one file may take; None is no deadline.
    """

    def __init__(self, projects: CheckProjects, cache: Cache | None = None, seconds: float | None = None) -> None:
        self.seconds = seconds
        self.projects = projects
        self.cache = cache
        self.expression_check = ExpressionCheck()
        self._replacements: Replacements | None = None
        self._surroundings = Surroundings()
        self._fragments: dict[str, tuple[dict[str, Document], str]] = {}

    def all(self, paths: Sequence[str], jobs: int, done: Callable[[], None]) -> Iterator[Checked]:
        """Every file, in order. `jobs` 0 means two processes for many files, one for few."""
        if jobs == 0:
            jobs = min(2, os.cpu_count() or 1) if len(paths) >= MANY else 1
        if jobs == 1:
            for path in paths:
                yield self.one(path)
                done()
        else:
            yield from self._in_processes(paths, jobs, done)

    def _in_processes(self, paths: Sequence[str], jobs: int, done: Callable[[], None]) -> Iterator[Checked]:
        from apimpolicy.project.processes import process_pool

        size = max(1, min(64, len(paths) // (jobs * 4) or 1))
        chunks = [list(paths[start : start + size]) for start in range(0, len(paths), size)]
        with process_pool(jobs, _start, self) as pool:
            for results in pool.map(_chunk, chunks):
                for result in results:
                    if self.cache is not None and result.name is not None:
                        self.cache.set(result.name, Findings(result.findings, result.has_holes))
                    yield result
                    done()

    def one(self, path: str) -> Checked:
        """One file; where a deadline is wanted, one that takes longer is left alone, and says so."""
        if self.seconds is None or _is_small(path):
            return self._one(path)
        try:
            with deadline(self.seconds):
                return self._one(path)
        except DeadlineError:
            took = f"{path} was left alone: checking it took more than {self.seconds:g} s of processor time"
            return Checked(path, [], problem=took)

    def _one(self, path: str) -> Checked:
        try:
            data, shown = read_data(path)
            project = self.projects.of(path)
            settings, known = self._settings(path, project, data)
            name = None
            found: Findings | None = None
            if self.cache is not None:
                values = repr((project.named_values, self.projects.options.values))
                name = self.cache.name_of(
                    data, repr(settings._replace(fragments=None, wider=(), others=None)), values, known
                )
                found = self.cache.get(name)
            if found is None:
                found = self._found(data, shown, settings, project.named_values)
                if self.cache is not None and name is not None:
                    self.cache.set(name, found)
            explained = self._with_replaced_words(found, data, shown, settings, project.named_values)
        except ConfigurationError as error:
            return Checked(path, [], problem=str(error))
        except LimitExceededError as error:
            return Checked(path, [], problem=f"{path} was left alone: {error}")
        except MemoryError:
            return Checked(path, [], problem=f"{path} was left alone: checking it needs too much memory")
        if explained is not found:
            name = None  # it depends on other files as well
        content = data if path == STANDARD_INPUT else None
        return Checked(path, explained.rows, explained.has_holes, name=name, data=content)

    def diagnostics(self, data: bytes, name: str) -> list[Diagnostic]:
        """What is wrong with the bytes of one file, in order. Raises ConfigurationError."""
        source, _ = source_of(data, name)
        project = self.projects.of(name)
        settings, _ = self._settings(name, project, data)
        found = self._found(data, name, settings, project.named_values)
        found = self._with_replaced_words(found, data, name, settings, project.named_values)
        return [finding.diagnostic(source) for finding in found.rows]

    def _with_replaced_words(
        self, found: Findings, data: bytes, name: str, settings: Settings, named_values: Mapping[str, str] | None
    ) -> Findings:
        """The findings; where there are errors, words that something else replaces are taken for placeholders, if that
        explains errors and makes none.
        """
        errors = _errors(found)
        if name == SHOWN_STANDARD_INPUT or not errors:
            return found
        from apimpolicy.project.replacements import Replacements

        self._replacements = self._replacements or Replacements()
        words = self._replacements.in_text(name, source_of(data, name)[0].text)
        if not words:
            return found
        settings = settings._replace(placeholders=(*settings.placeholders, *words))
        with_holes = self._found(data, name, settings, named_values)
        return with_holes if _errors(with_holes) < errors else found

    def _found(self, data: bytes, name: str, settings: Settings, named_values: Mapping[str, str] | None) -> Findings:
        values = {**(named_values or {}), **(self.projects.options.values or {})}
        policies, found = policies_of(data, name, settings.placeholders, values)
        if name.lower().endswith(MARKDOWN):  # the sections of a snippet have nothing around them
            settings = settings._replace(ignore=(*settings.ignore, "POL150"))
        for readings in policies:
            findings = check_readings(readings, self.expression_check, named_values, settings)
            if any(finding.severity is Severity.ERROR for finding in findings):
                from apimpolicy.project.embedded.unknown_templates import unknown_template

                template = unknown_template(readings, findings)
                findings = findings if template is None else [template]
            found += findings
        has_holes = any(has_hole(reading.text) for readings in policies for reading in readings)
        return Findings(to_findings(found), has_holes)

    def _settings(self, path: str, project: Project, data: bytes) -> tuple[Settings, str]:
        """Return the settings for a file, and a text that changes with the documents that it depends on."""
        settings = project.check.settings_for(path)
        prove = self.projects.options.proofs
        if prove is not None and path != STANDARD_INPUT and path.lower().endswith(ENDINGS):
            settings = settings._replace(proofs=prove(path))
        settings, known = self._surroundings.around(path, project.path, data, settings)
        root = place_of(path).root or ""
        if not root and not project.check.fragments:
            return settings, known
        key = root or f"fragments of {project.path}"
        if key not in self._fragments:
            self._fragments[key] = _read_fragments(fragments_of(root) if root else dict(project.check.fragments))
        documents, contents = self._fragments[key]
        return settings._replace(fragments=documents), contents + known


def _errors(found: Findings) -> set[tuple[str, int]]:
    return {(row.code, row.start) for row in found.rows if row.severity == Severity.ERROR}


def _is_small(path: str) -> bool:
    """Whether a file is too short to take long: most are, and a timer takes longer to set than they take."""
    try:
        return path != STANDARD_INPUT and os.path.getsize(path) < SMALL
    except OSError:
        return True


def _read_fragments(paths: Mapping[str, str]) -> tuple[dict[str, Document], str]:
    """The documents of fragments, and a text that changes with them; what cannot be read is left out."""
    from apimpolicy.project.cache import key_of
    from apimpolicy.text.markup import read

    documents: dict[str, Document] = {}
    contents: list[bytes] = []
    for identifier, path in paths.items():
        try:
            data, name = read_data(path)
        except ConfigurationError:
            continue
        documents[identifier] = read(source_of(data, name)[0])
        contents.append(data)
    return documents, key_of(*contents)


_run: CheckRun | None = None


def _start(run: CheckRun) -> None:
    """In a new process: what it works with."""
    global _run
    _run = CheckRun(run.projects, run.cache, run.seconds)


def _chunk(paths: list[str]) -> list[Checked]:
    assert _run is not None
    return [_run.one(path) for path in paths]
