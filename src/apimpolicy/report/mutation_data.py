"""Mutants and what became of them, in texts and numbers; they go from one process to another."""

from __future__ import annotations

import attrs

KILLED, SURVIVED, INVALID, SUPPRESSED, UNJUDGED = "killed", "survived", "invalid", "suppressed", "unjudged"

CERTIFICATE, TOKEN, LIMIT = SUBJECTS = ("certificate", "token", "limit")
"""What people want to know of: checks of the client certificate, checks of tokens, limits of calls."""


@attrs.frozen
class Mutant:
    """One change of a policy file.

    `kind` is `remove`, `condition`, `operand`, `comparison`, `constant` or `attribute`; `text` stands in the place of
    the file's characters from `start` to `end`; `line` and `column` count from 1. `tests` are the names of those that
    reach the place. `removes` are the subjects of which a whole check, or a limit, is gone with it; `about` those of
    which one is only changed. `reason` is why a comment keeps it from being tried.
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
    removes: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    reason: str = ""

    def applied(self, text: str) -> str:
        """The file's text with the change."""
        return text[: self.start] + self.text + text[self.end :]


@attrs.frozen
class MutantOutcome:
    """What became of a mutant: killed by the test of that name, survived, or invalid or unjudged because of a problem.

    Invalid is what Azure would refuse; unjudged what made a run of pytest end without a test that failed. Of what is
    killed `problem` says where it took too long. `diff` shows the lines that a survivor changes.
    """

    mutant: Mutant
    status: str
    killed_by: str = ""
    problem: str = ""
    diff: str = ""
