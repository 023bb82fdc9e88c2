"""Differences between versions of policies, on a terminal.

policies/orders.xml: 1 kind of request is treated differently; everything else is proven the same
  1. was 403 Invalid client certificate, is now 200 OK from the backend
     GET / with the uploaded certificate expired
     old  403 Invalid client certificate, decided by orders.xml:6 choose ▸ when 1
          inbound ▸ choose ▸ when 1 = true ▸ return-response
     new  200 OK, decided by the backend
          inbound ▸ choose ▸ when 1 = false ▸ backend ▸ forward-request → 200
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.report.claim_text import MOST_REASONS
from apimpolicy.report.columns import counted, printable, wrap
from apimpolicy.report.difference_data import ADDED, DIFFERENT, EQUIVALENT, ERROR, REMOVED, UNDECIDED
from apimpolicy.report.style import PLAIN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from apimpolicy.report.difference_data import DifferenceItem, DifferenceReport, Journey, SettingGroup
    from apimpolicy.report.style import Style

_SIGNS = {ADDED: "new: there is no older version to compare it with", REMOVED: "gone: there is no newer version"}
_MEANINGS = {EQUIVALENT: "good", DIFFERENT: "warning", UNDECIDED: "warning", ERROR: "error"}


UNNOTICED = "callers notice nothing"
"""The meaning of a setting that matters to no request."""


def headline(report: DifferenceReport) -> str:
    """Return the result of a comparison, in a sentence."""
    if report.status in _SIGNS:
        return _SIGNS[report.status]
    if report.status == EQUIVALENT:
        return "equivalent: every request is proven to be treated the same"
    if report.status == ERROR:
        return "cannot be compared"
    if report.status == UNDECIDED:
        return "no difference was found, but equivalence is not proven"
    number = len(report.items)
    kinds = "1 kind of request is" if number == 1 else f"{number} kinds of requests are"
    rest = "everything else is proven the same" if report.is_complete else "other differences are not ruled out"
    return f"{kinds} treated differently; {rest}"


def difference(report: DifferenceReport, style: Style = PLAIN, *, verbose: bool = False) -> str:
    """Return one policy's differences; with `verbose` the whole explanation of each request."""
    lines = [f"{printable(report.name)}: {style.paint(_MEANINGS.get(report.status, 'strong'), headline(report))}"]
    lines += (f"  {printable(line)}" for line in report.problem.splitlines())
    for number, item in enumerate(report.items, 1):
        lines += (f"  {line}".rstrip() for line in _item(number, item, style, verbose))
    if report.reasons:
        lines.append("  why not decided:")
        for reason in report.reasons[:MOST_REASONS]:
            first, *others = wrap(printable(reason), style.width - 6)
            lines += [f"  - {first}", *(f"    {line}" for line in others)]
        if len(report.reasons) > MOST_REASONS:
            lines.append(f"  - and {len(report.reasons) - MOST_REASONS} more")
    return "\n".join(lines)


def _item(number: int, item: DifferenceItem, style: Style, verbose: bool) -> Iterator[str]:
    first, *others = wrap(printable(item.sentence), style.width - 6)
    yield style.paint("strong", f"{number}. {first}")
    yield from (f"   {line}" for line in others)
    yield from (f"   {line}" for line in wrap(printable(item.request), style.width - 6))
    for name, journey in (("old", item.old), ("new", item.new)):
        yield from (f"   {line}" for line in _journey(name, journey, style, verbose))


def _journey(name: str, journey: Journey, style: Style, verbose: bool) -> Iterator[str]:
    yield f"{name}  {printable(journey.answer)}, decided by {printable(journey.decided_by)}"
    if verbose:
        yield from (f"     {line}" for line in journey.explanation.splitlines()[1:])
    elif journey.path:
        yield from (f"     {style.paint('dim', line)}" for line in wrap(printable(journey.path), style.width - 12))


def settings(groups: Sequence[SettingGroup], style: Style = PLAIN, *, verbose: bool = False) -> str:
    """Return the settings of a service that changed, by API, product or other entity."""
    lines = [style.paint("strong", "Settings that changed:")]
    for group in groups:
        lines.append(f"  {printable(group.name)}")
        for change in group.changes:
            text = f"{change.sentence}: {change.meaning or UNNOTICED}"
            lines += (f"    {line}" for line in wrap(printable(text), style.width - 4))
            lines += [f"      {style.paint('dim', printable(change.place))}"] if change.place else []
        for number, item in enumerate(group.items, 1):
            lines += (f"    {line}".rstrip() for line in _item(number, item, style, verbose))
    return "\n".join(lines)


def summary(reports: Sequence[DifferenceReport], seconds: float, style: Style = PLAIN) -> str:
    """Return the summary: `3 policies: 1 different, 2 equivalent, 1.20 s`."""
    counts = {report.status: sum(each.status == report.status for each in reports) for report in reports}
    order = (DIFFERENT, UNDECIDED, EQUIVALENT, ADDED, REMOVED, ERROR)
    words_of = {UNDECIDED: "not decided", ERROR: "with errors"}
    words = ", ".join(f"{counts[status]} {words_of.get(status, status)}" for status in order if status in counts)
    number = counted(len(reports), "policy", "policies")
    return style.paint("good" if set(counts) <= {EQUIVALENT} else "warning", f"{number}: {words}, {seconds:.2f} s")
