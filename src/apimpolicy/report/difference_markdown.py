"""Differences between versions of policies as Markdown: a comment of a pull request.

The first sentence is the verdict; a table has a row for each change that callers notice; the rest is folded. Everything
that comes from policies and files is text there, whatever it contains (`apimpolicy.report.markdown`). GitHub takes no
comment of more than 65,536 characters: what has no room is left out, and the comment tells the reader so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from apimpolicy.report.difference_data import ADDED, REMOVED, verdict
from apimpolicy.report.difference_text import UNNOTICED, applies_to, causes, headline, open_reasons, proven_parts
from apimpolicy.report.markdown import code, code_span, fenced, plain

if TYPE_CHECKING:
    from apimpolicy.report.difference_data import (
        AccessChange,
        ComparisonReport,
        DifferenceItem,
        ElementChange,
        SettingGroup,
    )

MOST_CHARACTERS = 60_000
MOST_IN_A_CELL = 200
_MOST_ROWS = 15
_MOST_LISTED = 8
_REST = "There is more, for which a comment has no room: run `apimpolicy diff` to see it."


def to_markdown(report: ComparisonReport) -> str:
    """Return the differences as a comment of a pull request, without a line end after it."""
    return "\n".join(_within([f"**{plain(verdict(report))}**", *_blocks(report)])).rstrip()


def _within(blocks: Iterable[str]) -> Iterator[str]:
    """Yield the blocks that there is room for, each followed by an empty line."""
    room = MOST_CHARACTERS
    for block in blocks:
        room -= len(block) + 2
        if room < 0:
            yield _REST
            return
        yield f"{block}\n"


def _blocks(report: ComparisonReport) -> Iterator[str]:
    rows = list(_rows(report))
    if rows:
        yield _table(rows[:_MOST_ROWS])
    shown = [change for change in report.other_changes if change.is_literal]
    if shown:
        yield "Literals: " + _joined(_named(change) for change in shown)
    others = [change for change in report.other_changes if not change.is_literal]
    if others:
        title = "No request shows these changes: " if rows else "Changed: "
        yield title + _joined(_named(change) for change in others)
    for status in (ADDED, REMOVED):
        names = [code_span(each.name) for each in report.policies if each.status == status and not each.items]
        if names:
            yield f"Policies {status}: " + _joined(names)
    for policy in report.policies:
        if policy.problem:
            yield f"Policy {code_span(policy.name)}: {headline(policy)}\n\n{fenced(policy.problem)}"
    if report.breaks:
        yield "Azure would refuse: " + _joined(map(plain, report.breaks))
    if report.problem:
        yield f"The services can't be compared:\n\n{fenced(report.problem)}"
    unnoticed = [group for group in report.settings if not group.affects_callers]
    if unnoticed:
        yield _folded("settings that callers don't notice", "\n".join(_setting_lines(unnoticed)))
    if len(rows) > _MOST_ROWS:
        yield _folded(f"{len(rows) - _MOST_ROWS} more changes", _table(rows[_MOST_ROWS:]))
    items = [*report.items, *(item for group in report.settings for item in group.items)]
    if reasons := open_reasons(report):
        proven = proven_parts(report)
        known = f"The same in any case: {plain('; '.join(proven))}.\n\n" if proven else ""
        yield _folded("what isn't decided, and why", known + _listed(reasons))
    if report.notes:
        yield _folded("not compared, and problems of both versions", _listed(report.notes))
    if items:
        yield _folded("requests and responses on both sides", "\n\n".join(_details(items)))


def _table(rows: list[tuple[str, str, str]]) -> str:
    lines = [f"| {' | '.join(cells)} |" for cells in rows]
    return "\n".join(["| where | what changes | who notices |", "| --- | --- | --- |", *lines])


def _rows(report: ComparisonReport) -> Iterator[tuple[str, str, str]]:
    """Yield a row for each change that callers notice: where it is, what it does, and who notices."""
    for cause, items in causes(report):
        where = code(_cut(cause)) if isinstance(cause, str) else _named(cause, in_table=True)
        what = "<br>".join(plain(_cut(item.sentence)) for item in items)
        yield where, what, "<br>".join(dict.fromkeys(_who(item, report.weaker) for item in items))
    known = {name for item in report.items if item.was_refused for name in item.operations}
    for change in report.access:
        if not known.intersection(change.operations):
            names = ", ".join(change.operations[:3]) + " …" * (len(change.operations) > 3)
            words = f"{change.before} → {change.after}"
            yield f"API {plain(change.api)}", f"access: {plain(words)}", plain(names)
    for group in report.settings:
        if group.affects_callers:
            for each in group.changes:
                if each.meaning:
                    place = f"{code(_cut(each.place))} " if each.place else ""
                    yield f"{place}{plain(group.name)}", plain(_cut(f"{each.sentence}: {each.meaning}")), "callers"
            for item in group.items:
                yield plain(group.name), plain(_cut(item.sentence)), plain(_cut(item.request))


def _who(item: DifferenceItem, weaker: Iterable[AccessChange]) -> str:
    """Return the request that shows a difference, or who gains access by it, and the operations."""
    request = plain(_cut(item.request))
    if where := applies_to(item):
        request += f" (operations: {plain(where)})"
    for change in weaker:
        if item.was_refused and not {*item.operations}.isdisjoint(change.operations):
            return f"{request}; **{plain(change.after)}, before: {plain(change.before)}**"
    return request


def _named(change: ElementChange, *, in_table: bool = False) -> str:
    write = code if in_table else code_span
    value = change.value(lambda text: write(_cut(text)) if text else "empty")
    subject = plain(_cut(change.subject))
    return f"{write(_cut(change.place))} {subject}{f': {value}' if value else ''}"


def _joined(texts: Iterable[str]) -> str:
    found = list(texts)
    more = f"; and {len(found) - _MOST_LISTED} more" if len(found) > _MOST_LISTED else ""
    return "; ".join(found[:_MOST_LISTED]) + more


def _setting_lines(groups: Iterable[SettingGroup]) -> Iterator[str]:
    for group in groups:
        for change in group.changes:
            yield f"- {plain(group.name)}: {plain(_cut(change.sentence))}: {change.meaning or UNNOTICED}"


def _listed(texts: Sequence[str]) -> str:
    more = [f"- and {len(texts) - _MOST_LISTED} more"] if len(texts) > _MOST_LISTED else []
    return "\n".join([*(f"- {plain(_cut(each))}" for each in texts[:_MOST_LISTED]), *more])


def _folded(title: str, content: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{content}\n\n</details>"


def _details(items: Iterable[DifferenceItem]) -> Iterator[str]:
    """Yield the explanation of each request, as far as a comment has room for them."""
    room = MOST_CHARACTERS * 2 // 3
    blocks = (
        f"Request: {plain(_cut(item.request))}\n\n"
        + fenced(f"before:\n{item.old.explanation}\n\nafter:\n{item.new.explanation}")
        for item in items
    )
    for block in dict.fromkeys(blocks):
        room -= len(block)
        if room < 0:
            yield _REST
            return
        yield block


def _cut(text: str) -> str:
    return text if len(text) <= MOST_IN_A_CELL else f"{text[:MOST_IN_A_CELL]}…"
