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

    from apimpolicy.report.claim_data import ApiCell, ClaimReport, FoundRequest
    from apimpolicy.report.style import Style

_MEANINGS = {PROVEN: "good", FALSE: "error", UNDECIDED: "warning", ERROR: "error", SKIPPED: "dim"}
MOST_REASONS = 5


def claim(report: ClaimReport, style: Style = PLAIN, *, with_case: bool = True) -> str:
    """Return the verdict on a claim; for a false one with request, path and a test case, unless that was written.

    Of a claim about a whole service, the request and its path are enough: its details would hide the other claims.
    """
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


def table_head(claims: Sequence[str], apis: Sequence[str]) -> str:
    """Return what precedes a table with a row for each API: the claims by their numbers, and the names of columns."""
    lines = [f"claim {number}: {printable(name)}" for number, name in enumerate(claims, 1)]
    columns = "  ".join(f"claim {number:<5}" for number in range(1, len(claims) + 1))
    return "\n".join([*lines, f"{'API':{_widest(apis)}}  {columns}  time"])


def table_row(apis: Sequence[str], cells: Sequence[ApiCell], style: Style = PLAIN) -> str:
    """Return the row of an API: the verdict on each claim."""
    name = printable(cells[0].api)
    shown = "  ".join(style.paint(_MEANINGS[each.status], f"{WORDS[each.status]:11}") for each in cells)
    return f"{name}{' ' * (_widest(apis) - width(name))}  {shown}  {cells[0].seconds:.1f} s"


def _widest(apis: Sequence[str]) -> int:
    return max(len("API"), *(width(printable(api)) for api in apis))


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
