"""Mutants and what became of them, in texts and numbers; they go from one process to another."""

from __future__ import annotations

import attrs

KILLED, SURVIVED, INVALID, SUPPRESSED = "killed", "survived", "invalid", "suppressed"


@attrs.frozen
class Mutant:
    """One change of a policy file.

    `kind` is `remove`, `condition`, `operand`, `comparison`, `constant` or `attribute`; `text` stands in the place of
    the file's characters from `start` to `end`; `line` and `column` count from 1. `tests` are the names of those that
    reach the place. `removes_check` says that a whole check of the client certificate is gone with it,
    `is_about_certificate` that such a check is only changed. `reason` is why a comment keeps it from being tried.
    """

    path: str
    kind: str
    start: int
    end: int
    text: str
    line: int
    column: int
    description: str
    tests: tuple[str, ...] = ()
    removes_check: bool = False
    is_about_certificate: bool = False
    reason: str = ""

    def applied(self, text: str) -> str:
        """The file's text with the change."""
        return text[: self.start] + self.text + text[self.end :]


@attrs.frozen
class MutantOutcome:
    """What became of a mutant: killed by the test of that name, survived, or invalid because of a problem.

    `diff` shows the lines that a survivor changes.
    """

    mutant: Mutant
    status: str
    killed_by: str = ""
    problem: str = ""
    diff: str = ""
