"""Differences between versions of policies, on a terminal.

1 change for callers; everything else is proven the same.

orders.xml:6 condition of <when>: @(…) → @(…)
  1. was 403 Invalid client certificate, is now 200 OK from the backend
     GET / with the uploaded certificate expired
     before  403 Invalid client certificate, decided by orders.xml:6 choose ▸ when 1
             inbound ▸ choose ▸ when 1 = true ▸ return-response
     after   200 OK, decided by the backend
             inbound ▸ choose ▸ when 1 = false ▸ backend ▸ forward-request → 200
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from apimpolicy.report.claim_results import listed
from apimpolicy.report.columns import PLAIN, Style, counted, first_of, printable, wrap
from apimpolicy.report.difference_data import ADDED, DIFFERENT, EQUIVALENT, ERROR, REMOVED, UNDECIDED, gathered, verdict

if TYPE_CHECKING:
    from apimpolicy.report.difference_data import (
        ComparisonReport,
        DifferenceItem,
        DifferenceReport,
        ElementChange,
        Journey,
        SettingGroup,
    )

_STATES = {
    EQUIVALENT: "proven equivalent: every request is treated the same",
    ADDED: "added",
    REMOVED: "removed",
    ERROR: "can't be loaded",
    UNDECIDED: "no difference was found, but equivalence is not proven",
}
UNNOTICED = "callers notice nothing"
"""The meaning of a setting that matters to no request."""
NOT_COMPARED = "not compared, so that their effect isn't known"
"""Of changed files that nothing accounts for."""
_MOST_OPERATIONS = 3
_MOST_AT_PLACE = 3
_AT_PLACE = re.compile(r"(.*) \((?:[^()]*:)?([^():]+:\d+):\d+\)", re.DOTALL)
_STEP = " ▸ "
_MOST_STEPS = 12
"""Of a path that is shown whole."""


def headline(report: DifferenceReport) -> str:
    if report.status != DIFFERENT:
        return _STATES[report.status]
    if not report.items:
        return "the old version can't be loaded, the new one can"
    number = len(report.items)
    kinds = "1 kind of request is" if number == 1 else f"{number} kinds of requests are"
    return f"{kinds} treated differently"


def comparison(report: ComparisonReport, style: Style = PLAIN, *, verbose: bool = False) -> str:
    """Return everything that differs; with `verbose` the whole explanation of each request."""
    is_good = not (report.items or report.access or report.problem) and report.is_complete
    blocks = [
        style.paint("good" if is_good else "warning", style.fit(printable(verdict(report)))),
        *_first(report, style),
    ]
    numbers = iter(range(1, len(report.items) + 1))
    for cause, items in causes(report):
        head = cause if isinstance(cause, str) else f"{cause.place} {cause.sentence}"
        lines = list(wrap(printable(head), style.width))
        for item, following in zip(items, [*items[1:], None], strict=True):
            is_shown = following is None or _shown_by(item) != _shown_by(following)
            lines += (f"  {line}".rstrip() for line in _item(next(numbers), item, style, verbose, is_shown=is_shown))
        blocks.append("\n".join(lines))
    blocks += _others(report, style)
    if report.settings:
        blocks.append(settings(report.settings, style, verbose=verbose))
    if reasons := open_reasons(report):
        same = [f"The same in any case: {'; '.join(proven)}."] if (proven := proven_parts(report)) else []
        blocks.append("\n".join(["Not decided because of:", *listed(reasons, style.width - 4), *same]))
    if report.not_compared:
        title = f"Changed, and {NOT_COMPARED}:"
        blocks.append("\n".join([title, *listed(report.not_compared, style.width - 4)]))
    if report.notes:
        blocks.append(
            "\n".join(["Not compared, and problems of both versions:", *listed(report.notes, style.width - 4)])
        )
    return "\n\n".join(blocks)


def causes(report: ComparisonReport) -> list[tuple[ElementChange | str, list[DifferenceItem]]]:
    """Return the requests that are treated differently, by the change that causes it, or else by policy.

    A change of a fragment may cause the same in several policies, which is shown once.
    """
    found: dict[ElementChange | str, dict[object, DifferenceItem]] = {}
    for policy in report.policies:
        for item in policy.items:
            alike = found.setdefault(item.cause or policy.name, {})
            before = alike.setdefault((item.sentence, item.request), item)
            operations = tuple(dict.fromkeys((*before.operations, *item.operations)))
            alike[item.sentence, item.request] = before._replace(operations=operations)
    return [(cause, list(alike.values())) for cause, alike in found.items()]


def open_reasons(report: ComparisonReport) -> list[str]:
    """Return why it isn't proven that there are no other differences: those without a place, then those of a line."""
    by_place: dict[str, dict[str, None]] = {}
    for reason in (each for policy in report.policies for each in policy.reasons):
        found = _AT_PLACE.fullmatch(reason)
        what, place = (reason, "") if found is None else found.groups()
        by_place.setdefault(place, {})[what] = None
    return [
        *by_place.pop("", ()),
        *(f"{place}: {first_of(whats, _MOST_AT_PLACE)}" for place, whats in by_place.items()),
    ]


def proven_parts(report: ComparisonReport) -> list[str]:
    """Return what is proven to be the same, besides the differences, in all policies that aren't decided."""
    open_ones = [policy.proven for policy in report.policies if policy.reasons]
    return [each for each in (open_ones or [()])[0] if all(each in others for others in open_ones)]


def applies_to(item: DifferenceItem) -> str:
    return first_of(item.operations, _MOST_OPERATIONS) if len(item.operations) > 1 else ""


def _first(report: ComparisonReport, style: Style) -> Iterator[str]:
    """Yield what is to be said before requests: what can't be deployed, and access."""
    if report.breaks:
        yield "\n".join(["Azure would refuse:", *listed(report.breaks, style.width - 4)])
    if report.problem:
        yield f"The services can't be compared:\n  {printable(report.problem)}"
    yield from (_problem(each, style) for each in report.policies if each.problem or each.status == ERROR)
    if report.access:
        lines = ["Access to the backend (see apimpolicy audit):"]
        for each in report.access:
            names = first_of(each.operations, _MOST_OPERATIONS)
            lines += _wrapped(f"{each.word}: {each.api} {names}: {each.words}", style)
        yield "\n".join(lines)


def _problem(policy: DifferenceReport, style: Style) -> str:
    lines = wrap(f"{printable(policy.name)}: {headline(policy)}", style.width)
    return "\n".join([*lines, *(f"  {printable(line)}" for line in policy.problem.splitlines())])


def _others(report: ComparisonReport, style: Style) -> Iterator[str]:
    """Yield what is to be said besides requests: changes that no request shows, and what isn't decided."""
    if others := report.other_changes:
        title = "Changed besides:" if report.items else "Changed:"
        yield "\n".join(
            [title, *(line for each in others for line in _wrapped(f"{each.place} {each.sentence}", style))]
        )
    for status in (ADDED, REMOVED):
        found = [f"  {printable(each.name)}" for each in report.policies if each.status == status and not each.items]
        if found:
            yield "\n".join([f"Policies {status}:", *found])
    yield from (_problem(each, style) for each in report.policies if each.status == UNDECIDED and not each.problem)
    if report.moved:
        yield "\n".join(["Moved:", *(line for each in report.moved for line in _wrapped(" → ".join(each), style))])


def _wrapped(text: str, style: Style) -> list[str]:
    first, *others = wrap(printable(text), style.width - 4)
    return [f"  {first}", *(f"    {line}" for line in others)]


def _shown_by(item: DifferenceItem) -> DifferenceItem:
    """Return what shows a difference: the request, and what came of it."""
    return item._replace(sentence="")


def _item(number: int, item: DifferenceItem, style: Style, verbose: bool, *, is_shown: bool = True) -> Iterator[str]:
    """Yield a difference; unless `is_shown`, without its request, which is that of the next one."""
    first, *others = wrap(printable(item.sentence), style.width - 6)
    yield style.paint("strong", f"{number}. {first}")
    yield from (f"   {line}" for line in others)
    if not is_shown:
        return
    yield from (f"   {line}" for line in wrap(printable(item.request), style.width - 6))
    if where := applies_to(item):
        yield from (f"   {line}" for line in wrap(f"operations: {printable(where)}", style.width - 6))
    for name, journey, path in zip(("before", "after"), (item.old, item.new), _paths(item), strict=True):
        yield from (f"   {line}" for line in _journey(name, journey, path, style, verbose))


def _journey(name: str, journey: Journey, path: str, style: Style, verbose: bool) -> Iterator[str]:
    text = f"{printable(journey.answer)}, decided by {printable(journey.decided_by)}"
    for number, line in enumerate(wrap(text, style.width - 15)):
        yield f"{'' if number else name:<6}  {line}"
    if verbose:
        yield from (f"        {line}" for line in journey.explanation.splitlines()[1:])
    elif path:
        yield from (f"        {style.paint('dim', line)}" for line in wrap(printable(path), style.width - 15))


def _paths(item: DifferenceItem) -> list[str]:
    """Return both paths as they are shown: of long ones, where they part, and how they end."""
    paths = [journey.path.split(_STEP) for journey in (item.old, item.new)]
    if max(map(len, paths)) <= _MOST_STEPS:
        return [item.old.path, item.new.path]
    same = next((at for at, pair in enumerate(zip(*paths, strict=False)) if pair[0] != pair[1]), min(map(len, paths)))
    start = max(same - 2, 0)
    return [_STEP.join(["…"] * (start > 0) + _ended(steps[start:])) for steps in paths]


def _ended(steps: list[str]) -> list[str]:
    half = _MOST_STEPS // 2
    return steps if len(steps) <= _MOST_STEPS else [*steps[:half], "…", *steps[-half:]]


def settings(groups: Sequence[SettingGroup], style: Style = PLAIN, *, verbose: bool = False) -> str:
    """Return the settings of a service that changed, by API, product or other entity."""
    lines = [style.paint("strong", "Settings that changed:")]
    for group in groups:
        lines.append(f"  {printable(group.name)}")
        for change in group.changes if verbose else gathered(group.changes):
            text = f"{change.sentence}: {change.meaning or UNNOTICED}"
            lines += (f"    {line}" for line in wrap(printable(text), style.width - 4))
            lines += [f"      {style.paint('dim', printable(change.place))}"] if change.place else []
        for number, item in enumerate(group.items, 1):
            lines += (f"    {line}".rstrip() for line in _item(number, item, style, verbose))
    return "\n".join(lines)


def summary(report: ComparisonReport, style: Style = PLAIN) -> str:
    """Return the summary: `3 policies: 1 different, 2 equivalent, 1.20 s`."""
    statuses = [each.status for each in report.policies]
    words_of = {UNDECIDED: "not decided", ERROR: "with errors"}
    order = (DIFFERENT, UNDECIDED, EQUIVALENT, ADDED, REMOVED, ERROR)
    words = [f"{statuses.count(status)} {words_of.get(status, status)}" for status in order if status in statuses]
    words += [f"{report.same} the same"] if report.same else []
    number = counted(len(statuses) + report.same, "policy", "policies")
    is_good = set(statuses) <= {EQUIVALENT}
    counts = f"{number}: {', '.join(words)}" if words else number
    return style.paint("good" if is_good else "warning", f"{counts}, {report.seconds:.2f} s")
