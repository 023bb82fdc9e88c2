"""Verdicts on claims, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from apimpolicy.report.columns import PLAIN, Style, counted, printable, width, wrap
from apimpolicy.report.log_commands import indented, program_report
from apimpolicy.report.outputs.parts import record_of
from apimpolicy.report.outputs.prove import ApiVerdict, BreakingRequest, ClaimData
from apimpolicy.report.stand_in_text import with_stand_ins
from apimpolicy.report.terminal import path_from_here
from apimpolicy.report.test_results import CaseReport, unreadable_data

PROVEN, FALSE, UNDECIDED, SKIPPED, ERROR = "proven", "false", "undecided", "skipped", "error"
STATUSES = (PROVEN, FALSE, UNDECIDED, ERROR, SKIPPED)
WORDS = {PROVEN: "proven", FALSE: "false", UNDECIDED: "not decided", ERROR: "with errors", SKIPPED: "skipped"}


VACUOUS = "about no request"
"""Stands beside "proven" where a claim says nothing."""


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
    is_vacuous: bool = False
    """True if the claim is proven because it is about no request."""


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


# For programs: `prove --format json`, whose schema is `apimpolicy/schemas/apimpolicy-prove-output.schema.json`, and as
# test cases for JUnit.

_SUMMARY = {status: "errors" if status == ERROR else status for status in STATUSES}
_OF_CASES = {PROVEN: "passed", FALSE: "failed", UNDECIDED: "error", ERROR: "error", SKIPPED: "skipped"}


def claims_to_json(reports: Sequence[ClaimReport], unreadable: Mapping[str, str], seconds: float) -> str:
    """Return the report, indented, without a final line end; `unreadable` are files with their problems."""
    counts = {word: sum(report.status == status for report in reports) for status, word in _SUMMARY.items()}
    report = program_report(
        summary={**counts, "seconds": round(seconds, 3)},
        claims=[_claim(report) for report in reports],
        unreadable=unreadable_data(unreadable),
    )
    return indented(with_stand_ins(report))


def _claim(report: ClaimReport) -> ClaimData:
    return record_of(
        ClaimData,
        report,
        path=path_from_here(report.path),
        apis=[record_of(ApiVerdict, each, vacuous=each.is_vacuous) for each in report.cells],
        summary=report.request,
        request=report.sent and record_of(BreakingRequest, report.sent, headers=map(list, report.sent.headers)),
    )


def as_cases(reports: Sequence[ClaimReport]) -> list[CaseReport]:
    """Return claims as test cases of JUnit: proven ones pass, false ones fail, those not decided are errors."""
    return [
        CaseReport(
            report.path,
            f"{report.name} ({report.about})" if report.about else report.name,
            report.line,
            _OF_CASES[report.status],
            (report.request,) if report.request else (),
            report.problem or "; ".join(report.reasons),
            "\n\n".join(part for part in (report.why, report.explanation, report.case) if part),
            report.seconds,
        )
        for report in reports
    ]


# For people: a line for each claim, the request that breaks a false one, and a summary.

_MEANINGS = {PROVEN: "good", FALSE: "error", UNDECIDED: "warning", ERROR: "error", SKIPPED: "dim"}
MOST_REASONS = 5


def claim(report: ClaimReport, style: Style = PLAIN, *, with_case: bool = True) -> str:
    """Return the verdict on a claim; for a false one with request, path and a test case, unless that was written.

    Of a claim about a whole service, the request and its path are enough: its details would hide the other claims.
    """
    about = f" ({report.about})" if report.about else ""
    head = f"{printable(report.path)}: {printable(report.name)}{printable(about)}"
    word = f"{WORDS[report.status]}, {VACUOUS}" if report.vacuous else WORDS[report.status]
    room = style.width - width(head) - width(word)
    lines = [f"{head}{' ' * max(room, 2)}{style.paint(_MEANINGS[report.status], word)}"]
    lines += (f"  {line}" if line else "" for line in _details(report, style, with_case))
    return style.fit("\n".join(lines))


def _details(report: ClaimReport, style: Style, with_case: bool) -> Iterator[str]:
    if report.vacuous:
        yield from wrap(f"the claim is about no request: {printable(report.vacuous)}", style.width - 2)
    if report.hint:
        yield from wrap(printable(report.hint), style.width - 2)
    if report.assumptions:
        yield f"assuming that {'; that '.join(report.assumptions)}"
    if report.problem:
        yield from map(printable, report.problem.splitlines())
    if report.request:
        yield from wrap(printable(report.request), style.width - 2)
    if report.sent is not None:
        yield from _sent(report.sent)
    if report.why:
        yield ""
        yield from report.why.splitlines()
    if report.explanation and report.cells:
        yield report.explanation.splitlines()[0]
    elif report.explanation:
        yield ""
        yield from report.explanation.splitlines()
    if report.case and with_case and report.cells:
        yield style.paint("dim", f"apimpolicy prove --write adds a test case to {_file(report)}")
    elif report.case and with_case:
        yield ""
        yield style.paint("dim", f"as a test case, which apimpolicy prove --write adds to {_file(report)}:")
        yield from (f"  {line}" for line in report.case.splitlines())
    if report.reasons:
        yield "reasons:"
        yield from listed(report.reasons, style.width - 6)


def _sent(request: FoundRequest) -> Iterator[str]:
    """Yield the headers and the body of a request, each in full."""
    if not request.headers and request.body is None:
        return
    yield ""
    yield f"  {printable(request.method)} {printable(request.url)}"
    yield from (f"  {printable(name)}: {printable(value)}" for name, value in request.headers)
    if request.body is not None:
        yield ""
        yield from (f"  {printable(line)}" for line in request.body.splitlines())


def listed(reasons: Sequence[str], available: int) -> Iterator[str]:
    """Yield a list in lines of so many columns; of many entries, the first ones and the number of others."""
    for reason in reasons[:MOST_REASONS]:
        first, *others = wrap(printable(reason), available)
        yield f"- {first}"
        yield from (f"  {line}" for line in others)
    if len(reasons) > MOST_REASONS:
        yield f"- and {len(reasons) - MOST_REASONS} more"


def table_head(claims: Sequence[str], apis: Sequence[str]) -> str:
    """Return what precedes a table with a row for each API: the claims by their numbers, and the names of columns."""
    lines = [f"claim {number}: {printable(name)}" for number, name in enumerate(claims, 1)]
    columns = "  ".join(f"claim {number:<5}" for number in range(1, len(claims) + 1))
    return "\n".join([*lines, f"{'API':{_widest(apis)}}  {columns}  time"])


def table_row(apis: Sequence[str], cells: Sequence[ApiCell], style: Style = PLAIN) -> str:
    """Return the row of an API: the verdict on each claim."""
    name = printable(cells[0].api)
    words = ("no request" if each.is_vacuous else WORDS[each.status] for each in cells)
    shown = "  ".join(
        style.paint(_MEANINGS[each.status], f"{word:11}") for each, word in zip(cells, words, strict=True)
    )
    return f"{name}{' ' * (_widest(apis) - width(name))}  {shown}  {cells[0].seconds:.1f} s"


def _widest(apis: Sequence[str]) -> int:
    return max(len("API"), *(width(printable(api)) for api in apis))


def summary(reports: Sequence[ClaimReport], seconds: float, style: Style = PLAIN) -> str:
    """Return the summary: `2 claims: 1 proven, 1 false, 0 not decided, 0.90 s`."""
    counts = {status: sum(report.status == status for report in reports) for status in WORDS}
    always = (PROVEN, FALSE, UNDECIDED)
    vacuous = sum(bool(report.vacuous) for report in reports)
    said = {**WORDS, PROVEN: f"{WORDS[PROVEN]} ({vacuous} {VACUOUS})"} if vacuous else WORDS
    words = ", ".join(f"{counts[status]} {said[status]}" for status in WORDS if counts[status] or status in always)
    number = counted(len(reports), "claim")
    meaning = "error" if counts[FALSE] or counts[ERROR] else "warning" if counts[UNDECIDED] else "good"
    return style.paint(meaning, f"{number}: {words}, {seconds:.2f} s")


def _file(report: ClaimReport) -> str:
    return "the file" if report.case_file == report.path else printable(report.case_file)
