"""Mutants and their outcomes, as texts and numbers that processes exchange."""

from __future__ import annotations

import attrs

KILLED, SURVIVED, INVALID, SUPPRESSED, UNJUDGED = "killed", "survived", "invalid", "suppressed", "unjudged"

CERTIFICATE, TOKEN, LIMIT = CHECKS = ("certificate", "token", "limit")
"""The reported checks: of the client certificate, of tokens, and limits of calls."""


@attrs.frozen
class Mutant:
    """A change of a policy file.

    `kind` is `remove`, `condition`, `operand`, `comparison`, `constant` or `attribute`; `text` replaces the file's
    characters from `start` to `end`; `line` and `column` count from 1. `tests` are the names of those that reach the
    place. `removes` are the checks that it removes entirely; `about` those that it only changes. `reason` is why a
    comment keeps it from being tried.
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
        """Return the file's text with the change."""
        return text[: self.start] + self.text + text[self.end :]


@attrs.frozen
class MutantOutcome:
    """The outcome of a mutant: killed by the test of that name, survived, or invalid or unjudged because of a problem.

    Invalid mutants are those that Azure would refuse; unjudged ones made pytest end without a failed test. For a killed
    mutant, `problem` tells where it took too long. `diff` shows the lines that a survivor changes.
    """

    mutant: Mutant
    status: str
    killed_by: str = ""
    problem: str = ""
    diff: str = ""
