"""The findings of earlier runs by the content of files: a file of JSON in the user's cache directory.

A cache belongs to one state of apimpolicy's own code. The version alone does not tell two commits apart, so the key is
made from the names, sizes and times of the package's files. Files with keys of old states are removed after a month.
Without a directory that can be written to there is no cache.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import time
from typing import Any

from apimpolicy.checkout import cache_directory
from apimpolicy.diagnostics import Severity
from apimpolicy.project.files import fingerprint
from apimpolicy.project.findings import Finding, Findings

VERSION = 2
MOST_ENTRIES = 20_000
UNUSED_SECONDS = 30 * 86_400


def key_of(*parts: object) -> str:
    """Return a key for all that findings depend on besides a file's content."""
    return hashlib.blake2b(repr(parts).encode(), digest_size=16).hexdigest()


def code_state(package: str | None = None) -> str:
    """Return a key that changes whenever a file of the package changes: a wheel installed anew, an edited checkout."""
    return key_of(fingerprint([package or os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]))


class Cache:
    """The findings of one state of the code, by content and by what the settings for the file are."""

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
        """Return the key of a file's content with these settings."""
        return hashlib.blake2b(data, digest_size=16, person=key_of(*parts)[:16].encode()).hexdigest()

    def get(self, name: str) -> Findings | None:
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
                self._remove_unused()
            except OSError:
                os.unlink(temporary)

    def _remove_unused(self) -> None:
        with os.scandir(os.path.dirname(self.path)) as entries:
            for entry in entries:
                is_cache = entry.name.startswith("check-") and entry.name.endswith(".json")
                if is_cache and entry.stat().st_mtime < time.time() - UNUSED_SECONDS:
                    os.unlink(entry.path)


def _finding(row: list[Any]) -> Finding:
    """Return a stored finding. Raises TypeError or ValueError for anything else: other programs may write the file."""
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
