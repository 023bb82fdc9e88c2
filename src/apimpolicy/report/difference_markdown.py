"""Differences between versions of policies as Markdown: a comment of a pull request.

Everything that comes from policies and files is text there, whatever it contains (`apimpolicy.report.markdown`).
GitHub takes no comment of more than 65,536 characters. Explanations that have no room are left out, and the comment
tells the reader so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.report.claim_text import MOST_REASONS
from apimpolicy.report.difference_data import EQUIVALENT
from apimpolicy.report.difference_text import UNNOTICED, headline
from apimpolicy.report.markdown import code, fenced, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from apimpolicy.report.difference_data import DifferenceItem, DifferenceReport, Journey, SettingGroup

MOST_CHARACTERS = 60_000
MOST_IN_A_CELL = 400
_REST = "There is more, for which a comment has no room: run `apimpolicy diff` to see it."


def to_markdown(reports: Sequence[DifferenceReport], groups: Sequence[SettingGroup] = ()) -> str:
    """Return the differences as a comment of a pull request, without a line end after it."""
    changed = [report for report in reports if report.status != EQUIVALENT]
    title = "### What changes for callers\n"
    if not changed and not groups:
        number = f"all {len(reports)} policies that changed are" if len(reports) != 1 else "the policy is"
        why = f"{number} proven equivalent" if reports else "the policies, and everything around them, are the same"
        return f"{title}\nNothing: {why}."
    blocks = [block for report in changed for block in _report(report)]
    if same := len(reports) - len(changed):
        blocks.append(f"{same} other {'policy is' if same == 1 else 'policies are'} proven equivalent.")
    if groups:
        blocks += ["#### Settings that changed", *(block for group in groups for block in _group(group))]
    return "\n".join([title, *_within(blocks)]).rstrip()


def _within(blocks: list[str]) -> Iterator[str]:
    """Yield the blocks that there is room for, each followed by an empty line."""
    room = MOST_CHARACTERS
    for block in blocks:
        room -= len(block) + 2
        if room < 0:
            yield _REST
            return
        yield f"{block}\n"


def _report(report: DifferenceReport) -> Iterator[str]:
    yield f"**{code(report.name)}**: {headline(report)}"
    if report.problem:
        yield fenced(report.problem)
    yield from _items(report.items)
    if report.reasons:
        yield "Not decided because of: " + "; ".join(code(_cut(each)) for each in report.reasons[:MOST_REASONS])


def _group(group: SettingGroup) -> Iterator[str]:
    rows = [
        f"| {plain(_cut(change.sentence))} | {plain(_cut(change.meaning or UNNOTICED))} | {code(_cut(change.place))} |"
        for change in group.changes
    ]
    header = ["| setting | meaning | place |", "| --- | --- | --- |"] if rows else []
    yield "\n".join([f"**{code(group.name)}**\n", *header, *rows]).rstrip()
    yield from _items(group.items)


def _items(items: Sequence[DifferenceItem]) -> Iterator[str]:
    if items:
        rows = map(_row, items)
        yield "\n".join(["| what | request | before | after |", "| --- | --- | --- | --- |", *rows])
    yield from map(_details, items)


def _row(item: DifferenceItem) -> str:
    cells = plain(_cut(item.sentence)), code(_cut(item.request)), _decided(item.old), _decided(item.new)
    return f"| {' | '.join(cells)} |"


def _details(item: DifferenceItem) -> str:
    explained = fenced(f"before:\n{item.old.explanation}\n\nafter:\n{item.new.explanation}")
    return f"<details><summary>{plain(_cut(item.request))}</summary>\n\n{explained}\n\n</details>"


def _decided(journey: Journey) -> str:
    return plain(_cut(f"{journey.answer}, decided by {journey.decided_by}"))


def _cut(text: str) -> str:
    return text if len(text) <= MOST_IN_A_CELL else f"{text[:MOST_IN_A_CELL]}…"
