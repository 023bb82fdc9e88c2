"""The first sentence of a comparison: `3 changes for callers; access is weaker for 1 operation; …`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.report.columns import counted
from apimpolicy.report.difference_data import ADDED, DIFFERENT, EQUIVALENT, ERROR, REMOVED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.report.difference_data import AccessChange, ComparisonReport

ANYONE = "anyone"
UNKNOWN_REST = "nothing else was found, but not everything is decided"


def verdict(report: ComparisonReport) -> str:
    """Return the result of a comparison, in a sentence that begins with what matters most."""
    parts = [*_access(report), *_changes(report)]
    if not parts:
        return _nothing(report)
    rest = "everything else is proven the same" if report.is_complete else UNKNOWN_REST
    text = "; ".join([*parts, *([] if _is_plain_problem(report) else [rest])])
    return f"{text[:1].upper()}{text[1:]}."


def _is_plain_problem(report: ComparisonReport) -> bool:
    """Return whether nothing could be compared, so that nothing is to be said of the rest."""
    return bool(report.policies) and all(each.status == ERROR for each in report.policies)


def _access(report: ComparisonReport) -> Iterator[str]:
    opened = [each for each in report.weaker if each.after.startswith(ANYONE) and not each.before.startswith(ANYONE)]
    if opened:
        apis = len({each.api for each in opened})
        yield f"{ANYONE} can now call {_operations(opened)} of {counted(apis, 'API')}"
    weaker = [each for each in report.weaker if each not in opened]
    stronger = [each for each in report.access if not each.is_weaker]
    for word, changes in (("weaker", weaker), ("stronger", stronger)):
        if changes:
            yield f"access is {word} for {_operations(changes)}"


def _operations(changes: list[AccessChange]) -> str:
    return counted(sum(len(each.operations) for each in changes), "operation")


def _changes(report: ComparisonReport) -> Iterator[str]:
    causes = {(policy.path, item.cause or item.sentence) for policy in report.policies for item in policy.items}
    noticed = [group for group in report.settings if group.affects_callers]
    number = len(causes) + len(noticed)
    if number:
        yield f"{counted(number, 'change')} for callers"
    if report.literals:
        yield f"{counted(len(report.literals), 'literal')} changed"
    for status, words in ((ERROR, "can't be loaded"), (ADDED, "added"), (REMOVED, "removed")):
        found = [each for each in report.policies if each.status == status and (status == ERROR or not each.items)]
        if found:
            yield f"{counted(len(found), 'policy', 'policies')} {words}"
    repaired = [each for each in report.policies if each.status == DIFFERENT and each.problem and not each.items]
    if repaired:
        yield f"{counted(len(repaired), 'policy', 'policies')} can be loaded again"
    if report.breaks:
        yield f"Azure would refuse {counted(len(report.breaks), 'part')} of it"
    if report.problem:
        yield "the services can't be compared"


def _nothing(report: ComparisonReport) -> str:
    """Return the sentence where nothing changes for callers, as far as that is known."""
    open_ = [each for each in report.policies if each.status != EQUIVALENT]
    if open_:
        number = counted(len(open_), "policy", "policies")
        return f"No request was found that is treated differently, but that isn't proven for {number}."
    if report.is_partial:
        return "No difference was found, but parts of the service aren't read: see the notes."
    if report.policies:
        several = f"all {len(report.policies)} policies that changed are"
        which = "the policy that changed is" if len(report.policies) == 1 else several
        return f"Nothing changes for callers: {which} proven equivalent."
    if report.settings:
        return f"Nothing changes for callers: {counted(len(report.settings), 'part')} of the service changed otherwise."
    if report.changes:
        return "Nothing changes for callers: no operation uses the policies that changed."
    return "Nothing changes for callers: the policies, and everything around them, are the same."
