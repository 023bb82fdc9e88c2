"""What came of claims, in texts and numbers, for people and for programs."""

from __future__ import annotations

from typing import NamedTuple

PROVEN, FALSE, UNDECIDED, SKIPPED, ERROR = "proven", "false", "undecided", "skipped", "error"
STATUSES = (PROVEN, FALSE, UNDECIDED, ERROR, SKIPPED)
WORDS = {PROVEN: "proven", FALSE: "false", UNDECIDED: "not decided", ERROR: "with errors", SKIPPED: "skipped"}


class FoundRequest(NamedTuple):
    """A request that breaks a claim. `headers` are in order, repeated ones once for each value."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None


class ApiCell(NamedTuple):
    """What came of a claim for one API of a service, and how many seconds all claims about the API took."""

    api: str
    status: str
    seconds: float


class ClaimReport(NamedTuple):
    """What came of a claim.

    `status` is one of STATUSES; `path` and `line` are where the claim stands, `about` is what it was asked of, where a
    file has several such. Of a false one `request` is the request in a sentence, `sent` the request itself, `why` the
    part of the claim that does not hold, `explanation` the request's path, `case` a test case for it, as YAML, and
    `case_file` the test file that it belongs to. `reasons` say why nothing was decided, `problem` why the claim could
    not be evaluated, or was skipped. `assumptions` are those that a proof depends on; `vacuous` says why a proven claim
    says nothing about any request, `hint` what the claim probably means instead. `cells` are the APIs that it is about.
    """

    path: str
    name: str
    line: int
    status: str
    about: str = ""
    request: str = ""
    sent: FoundRequest | None = None
    why: str = ""
    explanation: str = ""
    case: str = ""
    case_file: str = ""
    reasons: tuple[str, ...] = ()
    problem: str = ""
    assumptions: tuple[str, ...] = ()
    vacuous: str = ""
    hint: str = ""
    seconds: float = 0.0
    cells: tuple[ApiCell, ...] = ()
