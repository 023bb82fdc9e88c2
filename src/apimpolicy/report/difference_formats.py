"""Differences between versions of policies for programs and pull requests: JSON and Markdown.

Differences between versions of policies for programs: `diff --format json`.

    {"version": 1,
     "tool": {"name": "apimpolicy", "version": "0.1.0"},
     "policies": [{"path": "orders.xml", "old": "HEAD~1:orders.xml", "new": "orders.xml", "status": "different",
                   "complete": true, "differences": [{"what": "was 403 …, is now 200 …", "request": "GET / …",
                   "old": {"answer": "403 Forbidden", "decided_by": "orders.xml:6 choose ▸ when 1", "path": "…",
                           "explanation": "…"}, "new": {…}}],
                   "reasons": [], "proven": [], "problem": null, "seconds": 0.4}],
     "verdict": "1 change for callers; …", "complete": true,
     "changes": [{"file": "orders.xml", "line": 6, "what": "changed", "element": "<rate-limit>", "attribute": "calls",
                  "old": "100", "new": "1000", "literal": true}],
     "access": [{"api": "orders", "operations": ["GET /"], "before": "token", "after": "anyone", "weaker": true,
                 "relation": "weaker", "details": []}],
     "notes": [], "breaks": [], "not_compared": ["modules/apis/policy.xml.tpl"],
     "moved": [{"old": "old/policy.xml", "new": "new/policy.xml"}],
     "settings": [{"name": "API orders", "changes": [{"subject": null, "setting": "subscription required",
                   "what": "changed", "old": "yes", "new": "no", "meaning": "calls without a subscription key …",
                   "file": "apis/orders/apiInformation.json", "line": 3}], "differences": []}]}

`status` is equivalent, different, undecided, added, removed or error; `complete`: all that is not named is proven to be
the same. The schema is `apimpolicy/schemas/apimpolicy-diff-output.schema.json`.

Differences between versions of policies as Markdown: a comment of a pull request.

The first sentence is the verdict; a table has a row for each change that callers notice; the rest is folded. Everything
that comes from policies and files is text there, whatever it contains (`apimpolicy.report.markup`). GitHub takes no
comment of more than 65,536 characters: what has no room is left out, and the comment tells the reader so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from apimpolicy.report.difference_data import ADDED, REMOVED, gathered, verdict
from apimpolicy.report.difference_text import (
    NOT_COMPARED,
    UNNOTICED,
    applies_to,
    causes,
    headline,
    open_reasons,
    proven_parts,
)
from apimpolicy.report.log_commands import indented, program_report
from apimpolicy.report.markup import code, code_span, fenced, plain
from apimpolicy.report.outputs.diff import (
    AccessChangeData,
    ChangedEntity,
    DifferenceData,
    ElementChangeData,
    OutcomeData,
    PolicyData,
    SettingChangeData,
)
from apimpolicy.report.outputs.parts import record_of
from apimpolicy.report.stand_in_text import with_stand_ins

if TYPE_CHECKING:
    from apimpolicy.report.difference_data import (
        AccessChange,
        ComparisonReport,
        DifferenceItem,
        DifferenceReport,
        ElementChange,
        SettingGroup,
    )


def differences_to_json(report: ComparisonReport) -> str:
    """Return the whole report, indented, without a final line end."""
    content = program_report(
        verdict=verdict(report),
        complete=report.is_complete,
        policies=[_policy(each) for each in report.policies],
        changes=[_change(each) for each in report.changes],
        access=[_access(each) for each in report.access],
        settings=[_group(each) for each in report.settings],
        notes=list(report.notes),
        breaks=list(report.breaks),
        not_compared=list(report.not_compared),
        moved=[{"old": old, "new": new} for old, new in report.moved],
        problem=report.problem or None,
    )
    return indented(with_stand_ins(content))


def _change(change: ElementChange) -> ElementChangeData:
    return record_of(ElementChangeData, change, literal=change.is_literal)


def _access(change: AccessChange) -> AccessChangeData:
    return record_of(AccessChangeData, change, weaker=change.is_weaker, relation=change.word)


def _policy(report: DifferenceReport) -> PolicyData:
    return record_of(PolicyData, report, complete=report.is_complete, differences=map(_item, report.items))


def _group(group: SettingGroup) -> ChangedEntity:
    changes = [record_of(SettingChangeData, change) for change in group.changes]
    return {"name": group.name, "changes": changes, "differences": [_item(item) for item in group.items]}


def _item(item: DifferenceItem) -> DifferenceData:
    return record_of(
        DifferenceData,
        item,
        what=item.sentence,
        old=record_of(OutcomeData, item.old),
        new=record_of(OutcomeData, item.new),
        cause=item.cause and _change(item.cause),
    )


MOST_CHARACTERS = 60_000
MOST_IN_A_CELL = 200
_MOST_ROWS = 15
_MOST_LISTED = 8
_REST = "There is more, for which a comment has no room: run `apimpolicy diff` to see it."


def to_markdown(report: ComparisonReport, most: int = MOST_CHARACTERS) -> str:
    """Return the differences as a comment of a pull request, without a line end after it."""
    return "\n".join(within_comment([f"**{plain(verdict(report))}**", *_blocks(report)], most, _REST)).rstrip()


def within_comment(blocks: Iterable[str], most: int, rest: str) -> Iterator[str]:
    """Yield the blocks that there is room for, each followed by an empty line; `rest` tells that there is more."""
    room = most
    for block in blocks:
        room -= len(block) + 2
        if room < 0:
            yield rest
            return
        yield f"{block}\n"


def _blocks(report: ComparisonReport) -> Iterator[str]:
    """Yield what can't be deployed, then what callers notice, and then what is left."""
    if report.breaks:
        yield "Azure would refuse: " + _joined(map(plain, report.breaks))
    if report.problem:
        yield f"The services can't be compared:\n\n{fenced(report.problem)}"
    for policy in report.policies:
        if policy.problem:
            yield f"Policy {code_span(policy.name)}: {headline(policy)}\n\n{fenced(policy.problem)}"
    rows = list(_rows(report))
    if rows:
        yield _table(rows[:_MOST_ROWS])
    literals = [change for change in report.other_changes if change.is_literal]
    if literals:
        yield "Literals: " + _joined(_named(change) for change in literals)
    others = [change for change in report.other_changes if not change.is_literal]
    if others:
        title = "No request shows these changes: " if rows else "Changed: "
        yield title + _joined(_named(change) for change in others)
    for status in (ADDED, REMOVED):
        names = [
            code_span(listed_policy.name)
            for listed_policy in report.policies
            if listed_policy.status == status and not listed_policy.items
        ]
        if names:
            yield f"Policies {status}: " + _joined(names)
    if report.moved:
        yield "Moved: " + _joined(f"{code_span(old)} → {code_span(new)}" for old, new in report.moved)
    unnoticed = [group for group in report.settings if not group.affects_callers]
    if unnoticed:
        yield folded("settings that callers don't notice", "\n".join(_setting_lines(unnoticed)))
    if len(rows) > _MOST_ROWS:
        yield folded(f"{len(rows) - _MOST_ROWS} more changes", _table(rows[_MOST_ROWS:]))
    items = [*report.items, *(item for group in report.settings for item in group.items)]
    if reasons := open_reasons(report):
        proven = proven_parts(report)
        same = f"The same in any case: {plain('; '.join(proven))}.\n\n" if proven else ""
        yield folded("what isn't decided, and why", same + _listed(reasons))
    if report.not_compared:
        yield f"Changed, and {NOT_COMPARED}: " + _joined(map(code_span, report.not_compared))
    if report.notes:
        yield folded("not compared, and problems of both versions", _listed(report.notes))
    if items:
        yield folded("requests and responses on both sides", "\n\n".join(_details(items)))


def _table(rows: list[tuple[str, str, str]]) -> str:
    lines = [f"| {' | '.join(cells)} |" for cells in rows]
    return "\n".join(["| where | what changes | who notices |", "| --- | --- | --- |", *lines])


def _rows(report: ComparisonReport) -> Iterator[tuple[str, str, str]]:
    """Yield a row for each change that callers notice, access first: where it is, what it does, and who notices."""
    known = {name for item in report.items if item.was_refused for name in item.operations}
    for change in report.access:
        if not known.intersection(change.operations):
            names = ", ".join(change.operations[:3]) + " …" * (len(change.operations) > 3)
            yield f"API {plain(change.api)}", f"access is {change.word}: {plain(_cut(change.words))}", plain(names)
    for cause, items in causes(report):
        where = code(_cut(cause)) if isinstance(cause, str) else _named(cause, in_table=True)
        what = "<br>".join(plain(_cut(item.sentence)) for item in items)
        yield where, what, "<br>".join(dict.fromkeys(_who(item, report.weaker) for item in items))
    for group in report.settings:
        if group.affects_callers:
            for each in gathered(group.changes):
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
            was = f", before: {change.before}" if change.before != change.after else ""
            return f"{request}; **{plain(change.after)}{plain(was)}**"
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
        for change in gathered(group.changes):
            yield f"- {plain(group.name)}: {plain(_cut(change.sentence))}: {change.meaning or UNNOTICED}"


def _listed(texts: Sequence[str]) -> str:
    more = [f"- and {len(texts) - _MOST_LISTED} more"] if len(texts) > _MOST_LISTED else []
    return "\n".join([*(f"- {plain(_cut(each))}" for each in texts[:_MOST_LISTED]), *more])


def folded(title: str, content: str) -> str:
    """Return Markdown that a reader opens."""
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
