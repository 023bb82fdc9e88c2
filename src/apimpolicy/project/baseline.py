"""A baseline: findings that a team knows of, so that only new ones fail.

    {"version": 1, "findings": {"policies/orders.xml": {"POL301: the certificate is compared, but never verified": 1}}}

Lines are not written down, so that a policy may move; the count says how often. Paths are relative to the file.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable
from typing import Any

from apimpolicy.diagnostics import Diagnostic
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.files import write_whole
from apimpolicy.project.named_values import read_text

VERSION = 1


class Baseline:
    """The findings that are known, by path and by text."""

    def __init__(self, path: str, known: dict[str, Counter[str]]) -> None:
        self.path = path
        self._directory = os.path.dirname(os.path.abspath(path))
        self._left = known

    @classmethod
    def load(cls, path: str) -> Baseline:
        """Read a baseline. Raises ConfigurationError."""
        if not os.path.exists(path):
            raise ConfigurationError(
                f"the baseline {path} does not exist yet; write it with the same command and --write-baseline {path}"
            )
        try:
            content: Any = json.loads(read_text(path))
            if content["version"] != VERSION:
                raise ConfigurationError(f"{path} is a baseline of another version")
            known = {
                str(name): Counter({str(text): int(count) for text, count in found.items()})
                for name, found in content["findings"].items()
            }
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ConfigurationError(f"{path} is not a baseline: {error or type(error).__name__}") from None
        return cls(path, known)

    @classmethod
    def of(cls, path: str, diagnostics: Iterable[Diagnostic]) -> Baseline:
        made = cls(path, {})
        for diagnostic in diagnostics:
            made._left.setdefault(made.name(diagnostic), Counter())[_text(diagnostic)] += 1
        return made

    def name(self, diagnostic: Diagnostic) -> str:
        """Return the path of a finding, relative to the baseline's folder."""
        return os.path.relpath(os.path.abspath(diagnostic.source.path), self._directory).replace(os.sep, "/")

    def takes(self, diagnostic: Diagnostic) -> bool:
        """Return whether the finding is known; each known one counts once."""
        known, text = self._left.get(self.name(diagnostic)), _text(diagnostic)
        if known is None or known[text] <= 0:
            return False
        known[text] -= 1
        return True

    @property
    def gone(self) -> int:
        return sum(count for known in self._left.values() for count in known.values() if count > 0)

    def save(self) -> int:
        """Write it; how many findings it holds. Raises ConfigurationError."""
        findings = {name: dict(sorted(known.items())) for name, known in sorted(self._left.items())}
        text = json.dumps({"version": VERSION, "findings": findings}, indent=1, ensure_ascii=False) + "\n"
        # Bytes of a file's name that are not UTF-8 become escapes, which JSON has too.
        write_whole(self.path, text.encode("utf-8", "backslashreplace"))
        return sum(sum(known.values()) for known in self._left.values())


def _text(diagnostic: Diagnostic) -> str:
    return f"{diagnostic.code}: {diagnostic.message}"
