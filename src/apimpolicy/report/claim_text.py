"""Claims on a terminal: a line for each, the request that breaks a false one, and a summary.

policies/orders.test.yaml: no request gets through without an uploaded certificate                                 false
  GET /health without a certificate reaches the backend and gets 200 OK
  …

2 claims: 1 proven, 1 false, 0 not decided, 0.90 s
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.report.claim_data import ERROR, FALSE, PROVEN, SKIPPED, UNDECIDED, WORDS
from apimpolicy.report.columns import counted, printable, width, wrap
from apimpolicy.report.style import PLAIN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from apimpolicy.report.claim_data import ClaimReport, FoundRequest
    from apimpolicy.report.style import Style

_MEANINGS = {PROVEN: "good", FALSE: "error", UNDECIDED: "warning", ERROR: "error", SKIPPED: "dim"}
MOST_REASONS = 5


def claim(report: ClaimReport, style: Style = PLAIN, *, with_case: bool = True) -> str:
    """Return the verdict on a claim; for a false one with request, path and a test case, unless that was written."""
    about = f" ({report.about})" if report.about else ""
    head = f"{printable(report.path)}: {printable(report.name)}{printable(about)}"
    word = WORDS[report.status]
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
    if report.explanation:
        yield ""
        yield from report.explanation.splitlines()
    if report.case and with_case:
        yield ""
        yield style.paint("dim", f"as a test case, which apimpolicy prove --write adds to {_file(report)}:")
        yield from (f"  {line}" for line in report.case.splitlines())
    if report.reasons:
        yield "reasons:"
        yield from _listed(report.reasons, style)


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


def _listed(reasons: Sequence[str], style: Style) -> Iterator[str]:
    for reason in reasons[:MOST_REASONS]:
        first, *others = wrap(printable(reason), style.width - 6)
        yield f"- {first}"
        yield from (f"  {line}" for line in others)
    if len(reasons) > MOST_REASONS:
        yield f"- and {len(reasons) - MOST_REASONS} more"


def table(reports: Sequence[ClaimReport], style: Style = PLAIN) -> str:
    """Return a row for each API and a column for each claim about the same service; empty without such claims."""
    claims = [report for report in reports if report.cells]
    if not claims or len(claims[0].cells) < 2:
        return ""
    names = [printable(cell.api) for cell in claims[0].cells]
    cells = {(column, cell.api): cell for column, report in enumerate(claims) for cell in report.cells}
    widest = max(len("API"), *map(width, names))
    columns = range(len(claims))
    lines = [f"{'API':{widest}}  " + "  ".join(f"claim {column + 1:<5}" for column in columns) + "  time"]
    for cell in claims[0].cells:
        name = printable(cell.api)
        row = [cells[column, cell.api] for column in columns if (column, cell.api) in cells]
        shown = "  ".join(style.paint(_MEANINGS[each.status], f"{WORDS[each.status]:11}") for each in row)
        lines.append(f"{name}{' ' * (widest - width(name))}  {shown}  {cell.seconds:.1f} s")
    lines += [f"claim {column + 1}: {printable(report.name)}" for column, report in enumerate(claims)]
    return "\n".join(lines)


def summary(reports: Sequence[ClaimReport], seconds: float, style: Style = PLAIN) -> str:
    """Return the summary: `2 claims: 1 proven, 1 false, 0 not decided, 0.90 s`."""
    counts = {status: sum(report.status == status for report in reports) for status in WORDS}
    always = (PROVEN, FALSE, UNDECIDED)
    words = ", ".join(f"{counts[status]} {WORDS[status]}" for status in WORDS if counts[status] or status in always)
    number = counted(len(reports), "claim")
    meaning = "error" if counts[FALSE] or counts[ERROR] else "warning" if counts[UNDECIDED] else "good"
    return style.paint(meaning, f"{number}: {words}, {seconds:.2f} s")


def _file(report: ClaimReport) -> str:
    return "the file" if report.case_file == report.path else printable(report.case_file)
