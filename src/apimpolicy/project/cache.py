"""What was found in files before, by their content: a file of JSON in the user's cache directory.

A cache belongs to one version of apimpolicy and to one set of settings; contents that were not met in the last runs
fall out. Without a directory that can be written to there is no cache, and nobody is told.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from typing import Any

from apimpolicy.diagnostics import Severity
from apimpolicy.project.findings import Finding, Findings

VERSION = 2
MOST_ENTRIES = 20_000


def cache_directory() -> str:
    """Where caches lie: `APIMPOLICY_CACHE_DIR`, or `apimpolicy` below the user's cache directory."""
    if given := os.environ.get("APIMPOLICY_CACHE_DIR"):
        return given
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return os.path.join(base or os.path.join(os.path.expanduser("~"), ".cache"), "apimpolicy")


def key_of(*parts: object) -> str:
    """A name for what findings depend on besides a file's content."""
    return hashlib.blake2b(repr(parts).encode(), digest_size=16).hexdigest()


class Cache:
    """The findings of one kind of run, by content and by what the settings for the file are."""

    def __init__(self, key: str, directory: str | None = None) -> None:
        self.path = os.path.join(directory or cache_directory(), f"check-{key}.json")
        self._old: dict[str, list[Any]] = self._load()
        self._new: dict[str, list[Any]] = {}
        self._is_changed = False

    def _load(self) -> dict[str, list[Any]]:
        if not os.path.isfile(self.path):
            return {}
        try:
            with open(self.path, encoding="utf-8") as file:
                content = json.load(file)
        except (OSError, ValueError, RecursionError):
            return {}
        entries = content.get("entries") if isinstance(content, dict) and content.get("version") == VERSION else None
        return entries if isinstance(entries, dict) else {}

    @staticmethod
    def name_of(data: bytes, *parts: str) -> str:
        """The key of a content with these settings."""
        return hashlib.blake2b(data, digest_size=16, person=key_of(*parts)[:16].encode()).hexdigest()

    def get(self, name: str) -> Findings | None:
        """What was found before."""
        found = self._old.get(name)
        if found is None:
            return None
        try:
            has_holes, rows = found
            findings = Findings([_finding(row) for row in rows], bool(has_holes))
        except (TypeError, ValueError):
            return None
        self._new[name] = found
        return findings

    def set(self, name: str, findings: Findings) -> None:
        """Remember what was found."""
        self._new[name] = [findings.has_holes, [list(finding) for finding in findings.rows]]
        self._is_changed = True

    def save(self) -> None:
        """Write it down, if anything is new. What other runs found is kept while there is room."""
        if not self._is_changed:
            return
        entries = dict(self._new)
        for name, found in self._old.items():
            if len(entries) >= MOST_ENTRIES:
                break
            entries.setdefault(name, found)
        with contextlib.suppress(OSError):
            os.makedirs(os.path.dirname(self.path), exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=os.path.dirname(self.path), suffix=".tmp")
            try:
                with open(handle, "w", encoding="utf-8") as file:
                    json.dump({"version": VERSION, "entries": entries}, file, separators=(",", ":"))
                os.replace(temporary, self.path)
            except OSError:
                os.unlink(temporary)


def _finding(row: list[Any]) -> Finding:
    """A finding as it was written down. Raises TypeError or ValueError for anything else: the file may be anybody's."""
    finding = Finding(*row)
    texts = (finding.code, finding.message, finding.severity, finding.label, finding.help)
    if not all(isinstance(text, str) for text in texts):
        raise TypeError
    if type(finding.start) is not int or type(finding.end) is not int:
        raise TypeError
    if not 0 <= finding.start <= finding.end:
        raise ValueError
    Severity(finding.severity)
    return finding
