"""Diagnostics of a session, in the protocol's form."""

from __future__ import annotations

import time
import traceback
from collections import deque
from typing import TYPE_CHECKING, Final

from apimpolicy.checks.pages import address_of_code
from apimpolicy.checks.subject import Settings
from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.editor.rpc import Json, TextDocument, uri_of
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.check_projects import CheckOptions, CheckProjects
from apimpolicy.project.check_run import CheckRun, DeadlineError, deadline
from apimpolicy.project.embedded import is_policy, reader_for
from apimpolicy.project.format_settings import LayoutStyle
from apimpolicy.text.invisible import visible
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from apimpolicy.editor.language_server import LanguageServer


# Diagnostics of a session: of open documents shortly after a change, of all other policy files on request

DELAY: Final = 0.02
"""Seconds without a message after which diagnostics are made."""
MOST_SECONDS: Final = 10.0
"""Of processor time for the diagnostics of one file."""


class PublishedChecks:
    """The documents due for a check, and the findings of the last checks."""

    def __init__(self, server: LanguageServer) -> None:
        self._server = server
        self._due: dict[str, float] = {}
        self._found: dict[str, list[Diagnostic]] = {}
        self._unchecked: deque[str] = deque()
        """Files that are not open and wait to be checked."""
        self._run: CheckRun | None = None

    # ------------------------------------------------------------------------------------------------ settings

    def renew(self) -> None:
        """Read settings again, and keep compiled expressions."""
        self._run = CheckRun(CheckProjects(CheckOptions()))
        self._run.expression_check = self._server.expressions

    @property
    def _check(self) -> CheckRun:
        if self._run is None:
            self.renew()
        assert self._run is not None  # `renew` has set it
        return self._run

    def settings_of(self, path: str) -> Settings:
        try:
            return self._check.projects.of(path).check.settings_for(path)
        except ConfigurationError:
            return Settings()

    def style_of(self, path: str) -> LayoutStyle:
        try:
            return self._check.projects.of(path).style
        except ConfigurationError:
            return LayoutStyle()

    # ------------------------------------------------------------------------------------------------ when

    def schedule(self, uri: str, delay: float = DELAY) -> None:
        """Have a document checked after so many seconds without another change."""
        self._due[uri] = time.monotonic() + delay

    def forget(self, uri: str) -> None:
        self._due.pop(uri, None)
        self._found.pop(uri, None)

    def check_all(self) -> int:
        """Check every policy file of the workspace when idle; return how many there are."""
        server = self._server
        self._unchecked = deque(path for path in server.workspace.files() if uri_of(path) not in server.documents)
        return len(self._unchecked)

    def pause(self) -> float | None:
        """Return the seconds until something is to be checked; None when nothing is."""
        if self._unchecked:
            return 0.0
        return max(min(self._due.values()) - time.monotonic(), 0.0) if self._due else None

    def work(self) -> None:
        """Check the documents that are due, or one of the files that wait. Never raises."""
        now = time.monotonic()
        uris = [uri for uri, due in self._due.items() if due <= now]
        try:
            for uri in uris:
                self._check_open(uri)
            if self._unchecked:
                self._check_closed(self._unchecked.popleft())
        except Exception:  # an internal error must not end the session
            self._server.log(f"diagnostics: {traceback.format_exc()}")

    # ------------------------------------------------------------------------------------------------ findings

    def findings(self, uri: str) -> list[Diagnostic]:
        """Return the findings about a document; check it first if it has changed since."""
        if uri in self._due:
            self._check_open(uri)
        return self._found.get(uri, [])

    def codes_found(self, uri: str) -> set[str]:
        return {finding.code for finding in self._found.get(uri, ())}

    def _check_open(self, uri: str) -> None:
        self._due.pop(uri, None)
        document = self._server.documents.get(uri)
        if document is not None:
            self._found[uri] = self._publish(document)

    def _check_closed(self, path: str) -> None:
        document = self._server.document_of(path)
        if document is not None and document.uri not in self._server.documents:
            self._publish(document)
            self._server.expressions.close(document.uri)

    def _publish(self, document: TextDocument) -> list[Diagnostic]:

        try:
            found = self._checked(document)
        except ConfigurationError as error:
            self._server.log(str(error))
            found = []
        diagnostics = [to_diagnostic(document, finding) for finding in found]
        params: Json = {"uri": document.uri, "diagnostics": diagnostics}
        if document.version is not None:
            params["version"] = document.version
        self._server.notify("textDocument/publishDiagnostics", params)
        return found

    def _checked(self, document: TextDocument) -> list[Diagnostic]:
        if not document.is_test_file and not _may_hold_policies(document):
            return []
        try:
            with deadline(MOST_SECONDS), self._server.expressions.of_file(document.uri):
                if document.is_test_file:
                    from apimpolicy.editor.test_files import diagnostics

                    return diagnostics(document.text, document.path)
                return self._check.diagnostics(document.text.encode("utf-8", "replace"), document.path)
        except DeadlineError:
            self._server.log(f"{document.path}: checking it took more than {MOST_SECONDS:g} s, and was left alone")
            return []


def _may_hold_policies(document: TextDocument) -> bool:
    """Return whether the text has policies in it: other XML, JSON or Markdown gets no diagnostics."""
    reader = reader_for(document.path)
    if reader is not None:
        return bool(reader(Source(document.text, document.path)))
    return is_policy(document.text)


# Findings as the protocol has them

_WITH_PAGES: Final = ("CS", "POL", "APIM")
_SEVERITIES: Final = {Severity.ERROR: 1, Severity.WARNING: 2, Severity.INFO: 3}


def to_diagnostic(document: TextDocument, finding: Diagnostic) -> Json:
    """Convert one finding; its help and label follow the message."""
    start, end = finding.source.original_span(finding.start, finding.end)
    advice = "\n".join(part for part in (finding.label, finding.help) if part)
    made: Json = {
        "range": document.range(start, max(end, start)),
        "severity": _SEVERITIES[finding.severity],
        "code": finding.code,
        "source": "apimpolicy",
        "message": visible(f"{finding.message}\n{advice}" if advice else finding.message),
    }
    if finding.code.startswith(_WITH_PAGES):
        made["codeDescription"] = {"href": address_of_code(finding.code)}
    return made
