"""Verdicts on claims as plain texts and numbers, for people and for programs."""

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
    """The verdict on a claim for one API of a service, and how many seconds all claims about the API took."""

    api: str
    status: str
    seconds: float


class ClaimReport(NamedTuple):
    """The verdict on a claim.

    `status` is one of STATUSES; `path` and `line` locate the claim, `about` names the policies that it was decided for,
    where a file has several. For a false claim, `request` describes the request in a sentence, `sent` is the request,
    `why` the part of the claim that is false, `explanation` the request's path, `case` a test case for it, as YAML, and
    `case_file` the test file that it belongs to. `reasons` tell why a claim is not decided, `problem` why it could not
    be evaluated, or was skipped. `assumptions` are those that a proof depends on; `vacuous` tells why a proven claim is
    about no request, `hint` what the claim probably should say. `cells` are the APIs that it is about.
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
