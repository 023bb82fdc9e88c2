"""In what two versions of policies differ, in texts and numbers, for people and for programs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.report.columns import counted, first_of

if TYPE_CHECKING:
    from apimpolicy.report.remainder import Remainder

CHANGED, MOVED = "changed", "moved"
EQUIVALENT, DIFFERENT, UNDECIDED, ADDED, REMOVED, ERROR, SAME = (
    "equivalent",
    "different",
    "undecided",
    "added",
    "removed",
    "error",
    "same",
)


class ElementChange(NamedTuple):
    """An element of a policy that differs, or an attribute of it: `file` and `line` are those of the new version.

    `what` is `added`, `removed`, `changed` or `moved`. Without an `attribute`, `old` and `new` are the texts of the
    element. `is_literal`: neither is an expression.
    """

    file: str
    line: int
    what: str
    element: str
    attribute: str = ""
    old: str | None = None
    new: str | None = None
    old_line: int = 0
    is_literal: bool = False
    is_proven: bool = False
    """The change is in a policy that is proven to treat every request as before."""

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"

    @property
    def key(self) -> tuple[str, int, str, str]:
        """Return what tells changes apart; in one of two equal ones, named values may have been replaced."""
        return self.file, self.line, self.attribute, self.what

    @property
    def sentence(self) -> str:
        """Return the change: `calls of <rate-limit /> 100 → 1000`."""
        value = self.value(lambda text: text or "empty")
        return f"{self.subject}: {value}" if value else self.subject

    @property
    def subject(self) -> str:
        """Return what changed, without its values: `calls of <rate-limit />`."""
        subject = f"{self.attribute} of {self.element}" if self.attribute else self.element
        is_whole = self.what != CHANGED or (self.old is None and self.new is None)
        return f"{subject} {self.what}" if is_whole else subject

    def value(self, shown: Callable[[str], str]) -> str:
        """Return the old and the new value as they are `shown`; the only one of an attribute that came or went.

        Of long values, the part that differs.
        """
        if self.old is None and self.new is None:
            return ""
        if self.what != CHANGED:
            return shown(shortened((self.old if self.new is None else self.new) or ""))
        old, new = differing(self.old or "", self.new or "")
        return f"{shown(old)} → {shown(new)}"


class Journey(NamedTuple):
    """The outcome of a request: the response, who decided it, its path, and the whole explanation."""

    answer: str
    decided_by: str
    path: str
    explanation: str


class DifferenceItem(NamedTuple):
    """A kind of requests that are treated differently: in what, the smallest request, and what came of it."""

    sentence: str
    request: str
    old: Journey
    new: Journey
    cause: ElementChange | None = None
    operations: tuple[str, ...] = ()
    """The operations of a service to which it applies."""
    kind: tuple[str, ...] = ()
    """The same for all requests that differ in the same way."""

    @property
    def was_refused(self) -> bool:
        """Return whether the old version refused the request as one of a caller without access."""
        return self.old.answer.startswith(("401", "403")) and self.old.answer != self.new.answer


class AccessChange(NamedTuple):
    """Who reaches the backend by operations of an API, before and after, in the words of `audit`."""

    api: str
    operations: tuple[str, ...]
    before: str
    after: str
    is_weaker: bool
    relation: str = ""
    """`weaker`, `stronger` or `changed`."""
    details: tuple[str, ...] = ()
    """The accepted values that make the difference."""

    @property
    def word(self) -> str:
        return self.relation or ("weaker" if self.is_weaker else "stronger")

    @property
    def words(self) -> str:
        """The change: `token → anyone`, `token: now accepts the audience partners`."""
        kinds = self.before if self.before == self.after else f"{self.before} → {self.after}"
        return f"{kinds}: {'; '.join(self.details)}" if self.details else kinds


class DifferenceReport(NamedTuple):
    """The result of comparing two versions of a policy.

    `status` is `equivalent` (proven), `different`, `undecided`, `added`, `removed`, or `error` with a `problem`;
    `same` when neither the policy nor anything around it differs, which is not shown.
    `reasons` tell why other differences are not excluded; without any there are none. `proven` are parts of which they
    are excluded nevertheless. `subject` is what a policy of
    infrastructure code applies to; `path` is then a file, or a file and a line.
    """

    path: str
    old: str
    new: str
    status: str
    items: tuple[DifferenceItem, ...] = ()
    reasons: tuple[str, ...] = ()
    problem: str = ""
    seconds: float = 0.0
    subject: str = ""
    proven: tuple[str, ...] = ()
    access: tuple[AccessChange, ...] = ()
    """Of a policy that belongs to no service."""
    is_unnoticed: bool = False
    """True of a policy that was added or removed while every operation is proven to treat requests as before."""

    @property
    def name(self) -> str:
        """Return the path, with what the policy applies to where the path doesn't tell."""
        return f"{self.path} ({self.subject})" if self.subject else self.path

    @property
    def is_complete(self) -> bool:
        """Return whether everything that is not listed is proven to be the same."""
        return self.status in (EQUIVALENT, DIFFERENT) and not self.reasons

    @property
    def is_the_same(self) -> bool:
        """Return whether the policy is proven to change nothing for callers."""
        return self.status == EQUIVALENT or self.is_unnoticed

    @property
    def is_open(self) -> bool:
        """Return whether nothing was found, and not everything is decided; also of a policy that came or went."""
        return self.status == UNDECIDED or (self.status in (ADDED, REMOVED) and bool(self.reasons) and not self.items)

    def settled(self, remainder: Remainder, *, is_same_text: bool = False) -> DifferenceReport:
        """Return the report of versions that are the same; not decided where anything is left. The one place for it."""
        if not remainder.is_empty:
            return self._replace(status=UNDECIDED, reasons=(*self.reasons, *remainder.rest))
        return self._replace(status=SAME if is_same_text else EQUIVALENT)


class SettingChange(NamedTuple):
    """A setting of a service that differs: of the API, product or other entity `group`, or of its `subject`.

    `what` is `added`, `removed` or `changed`. Both values are None for an entity that was added or removed, and for
    secrets. `meaning` tells what callers notice; without one, they notice nothing.
    """

    group: str
    subject: str
    setting: str
    what: str
    old: str | None = None
    new: str | None = None
    meaning: str = ""
    file: str = ""
    line: int = 0
    real_file: str = ""
    """The real path of the file, also of one at a revision."""

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}" if self.file else ""

    @property
    def sentence(self) -> str:
        """Return the change: `subscription required was yes, is now no`."""
        name = ": ".join(filter(None, (self.subject, self.setting)))
        if self.what == CHANGED:
            return f"{name} was {self.old}, is now {self.new}" if self.old is not None else f"{name} changed"
        return f"{name} {self.what}".strip()


_MOST_ALIKE = 3
"""Operations that came or went, for example, before they become one line."""


def gathered(changes: Iterable[SettingChange]) -> Iterator[SettingChange]:
    """Yield changes for people: many entities of a kind that came or went, and mean the same, as one."""
    alike: dict[object, list[SettingChange]] = {}
    for change in changes:
        kind = change.subject.partition(" ")[0]
        is_entity = kind and not change.setting and change.what != CHANGED
        alike.setdefault((kind, change.what, change.meaning) if is_entity else change, []).append(change)
    for group in alike.values():
        first, kind = group[0], group[0].subject.partition(" ")[0]
        if len(group) <= _MOST_ALIKE:
            yield from group
            continue
        names = [each.subject.removeprefix(f"{kind} ") for each in group]
        has_one_place = len({each.place for each in group}) == 1
        yield first._replace(
            subject=f"{counted(len(group), kind)} ({first_of(names, _MOST_ALIKE)})",
            meaning=re.sub(r"\bit\b", "them", first.meaning),
            file=first.file if has_one_place else "",
        )


class SettingGroup(NamedTuple):
    """The changed settings of an API, product or other entity, and requests that get another response."""

    name: str
    changes: tuple[SettingChange, ...]
    items: tuple[DifferenceItem, ...] = ()

    @property
    def affects_callers(self) -> bool:
        return bool(self.items) or any(change.meaning for change in self.changes)


class ComparisonReport(NamedTuple):
    """Everything in which two versions differ.

    `changes` are the changed elements of policies, by syntax; `same` counts the policies whose texts are the same.
    `notes` are problems that both versions have, and parts that were not read; `breaks` is what Azure will refuse.
    `problem` prevents the comparison of the settings of services.
    """

    policies: tuple[DifferenceReport, ...] = ()
    settings: tuple[SettingGroup, ...] = ()
    changes: tuple[ElementChange, ...] = ()
    access: tuple[AccessChange, ...] = ()
    notes: tuple[str, ...] = ()
    breaks: tuple[str, ...] = ()
    same: int = 0
    problem: str = ""
    seconds: float = 0.0
    has_service: bool = False
    is_partial: bool = False
    """Parts of the service were not read, so that nothing is known to be the same, or gone."""
    remainder: Remainder | None = None
    """What differs in the files of both sides and is neither shown nor proven to be layout; None until it is known."""
    moved: tuple[tuple[str, str], ...] = ()
    """Places of policies and services that moved, before and after, below what was compared."""
    is_of_files: bool = False
    """Two files were compared, and nothing around them."""

    @property
    def weaker(self) -> list[AccessChange]:
        return [each for each in self.access if each.is_weaker]

    @property
    def items(self) -> list[DifferenceItem]:
        return [item for report in self.policies for item in report.items]

    @property
    def is_empty(self) -> bool:
        return not (self.policies or self.settings or self.changes or self.access or self.problem or self.breaks)

    @property
    def is_complete(self) -> bool:
        """Return whether everything that is not named is proven to be the same."""
        unclear = (ERROR, UNDECIDED)
        return self.has_no_rest and not any(report.status in unclear or report.reasons for report in self.policies)

    @property
    def has_no_rest(self) -> bool:
        """Return whether each changed file was accounted for, and each part of a service was read."""
        return self.remainder is not None and self.remainder.is_empty and not (self.problem or self.is_partial)

    @property
    def not_compared(self) -> tuple[str, ...]:
        return () if self.remainder is None else self.remainder.rest

    @property
    def literals(self) -> list[ElementChange]:
        """The changed values that no request of `items` shows."""
        return [each for each in self.other_changes if each.is_literal and not each.is_proven]

    @property
    def other_changes(self) -> list[ElementChange]:
        """The changed elements that no request of `items` shows."""
        shown = {item.cause.key for item in self.items if item.cause is not None}
        return [each for each in self.changes if each.key not in shown]


# The part of two long texts in which they differ, for people

_LONG = 120
"""Characters of a text that is shown whole."""
_AROUND = 3
"""Words that are shown before and after a difference."""
_MOST_WORDS = 2_000


def differing(old: str, new: str) -> tuple[str, str]:
    """Return two texts on one line each: of long ones, the first place where they differ, with the words around it."""
    before, after = old.split(), new.split()
    if before == after:  # they differ in white space alone
        return shortened(old), shortened(new)
    if max(len(old), len(new)) <= _LONG:
        return " ".join(before), " ".join(after)
    places = _places(before, after)
    first, last, start, end = places[0]
    one, other = _shown(before, first, last), _shown(after, start, end)
    return one, other if len(places) == 1 else f"{other} (and {len(places) - 1} more)"


def shortened(text: str) -> str:
    """Return a text on one line; of a long one, the beginning."""
    text = " ".join(text.split()) or text
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"


def _places(before: list[str], after: list[str]) -> list[tuple[int, int, int, int]]:
    """Return where words differ; places with few words between them are one."""
    same = next((at for at, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1]), 0)
    if max(len(before), len(after)) - same > _MOST_WORDS:
        return [(same, len(before), same, len(after))]
    found: list[tuple[int, int, int, int]] = []
    for what, first, last, start, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what == "equal":
            continue
        if found and first - found[-1][1] <= _AROUND:
            found[-1] = (found[-1][0], last, found[-1][2], end)
        else:
            found.append((first, last, start, end))
    return found


def _shown(words: list[str], first: int, last: int) -> str:
    start, end = max(first - _AROUND, 0), last + _AROUND
    text = shortened(" ".join(words[start:end]))
    return ("… " if start else "") + text + (" …" if end < len(words) and not text.endswith("…") else "")


# The first sentence of a comparison: `3 changes for callers; access is weaker for 1 operation; …`.

ANYONE = "anyone"
UNKNOWN_REST = "nothing else was found, but not everything is decided"


def verdict(report: ComparisonReport, *, with_access: bool = True) -> str:
    """Return the result of a comparison, in a sentence that begins with what matters most."""
    parts = [*_undeployable(report), *(_access(report) if with_access else ()), *_changes(report)]
    if not (parts or with_access) and report.access:
        parts = ["no other change for callers was found"]
    if not parts:
        return _nothing(report)
    rest = "everything else is proven the same" if report.is_complete else UNKNOWN_REST
    text = "; ".join([*parts, *([] if _is_plain_problem(report) else [rest])])
    return f"{text[:1].upper()}{text[1:]}."


def _is_plain_problem(report: ComparisonReport) -> bool:
    """Return whether nothing could be compared, so that nothing is to be said of the rest."""
    return bool(report.policies) and all(each.status == ERROR for each in report.policies)


def _undeployable(report: ComparisonReport) -> Iterator[str]:
    broken = [each for each in report.policies if each.status == ERROR]
    if broken:
        yield f"{counted(len(broken), 'policy', 'policies')} can't be loaded"
    if report.breaks:
        yield f"Azure would refuse {counted(len(report.breaks), 'part')} of it"
    if report.problem:
        yield "the services can't be compared"


def _access(report: ComparisonReport) -> Iterator[str]:
    opened = [each for each in report.weaker if each.after.startswith(ANYONE) and not each.before.startswith(ANYONE)]
    if opened:
        apis = len({each.api for each in opened})
        yield f"{ANYONE} can now call {_operations(opened)} of {counted(apis, 'API')}"
    weaker = [each for each in report.weaker if each not in opened]
    others = {word: [each for each in report.access if each.word == word] for word in ("stronger", "changed")}
    for word, changes in (("weaker", weaker), *others.items()):
        if changes:
            yield f"access is {word} for {_operations(changes)}"


def _operations(changes: list[AccessChange]) -> str:
    return counted(sum(len(each.operations) for each in changes), "operation")


def _changes(report: ComparisonReport) -> Iterator[str]:
    causes = {item.cause or (policy.path, item.sentence) for policy in report.policies for item in policy.items}
    noticed = [group for group in report.settings if group.affects_callers]
    number = len(causes) + len(noticed)
    if number:
        yield f"{counted(number, 'change')} for callers"
    if report.literals:
        yield f"{counted(len(report.literals), 'literal')} changed"
    for status, words in ((ADDED, "added"), (REMOVED, "removed")):
        found = [
            each
            for each in report.policies
            if each.status == status and not (each.items or each.is_unnoticed or each.is_open)
        ]
        if found:
            yield f"{counted(len(found), 'policy', 'policies')} {words}"
    repaired = [each for each in report.policies if each.status == DIFFERENT and each.problem and not each.items]
    if repaired:
        yield f"{counted(len(repaired), 'policy', 'policies')} can be loaded again"


def _nothing(report: ComparisonReport) -> str:
    """Return the sentence where nothing changes for callers, as far as that is known."""
    open_ = [policy for policy in report.policies if not policy.is_the_same]
    if open_:
        number = counted(len(open_), "policy", "policies")
        return f"No request was found that is treated differently, but that isn't proven for {number}."
    if report.is_partial:
        return "No difference was found, but not everything was read and compared: see the notes."
    if not report.has_no_rest:
        files = len(report.not_compared)
        verb = "is" if files == 1 else "are"
        return f"No difference was found, but {counted(files, 'changed file')} {verb} not compared."
    if report.policies:
        several = f"all {len(report.policies)} policies that changed are"
        which = "the policy that changed is" if len(report.policies) == 1 else several
        return f"Nothing changes for callers: {which} proven equivalent."
    if report.settings:
        return f"Nothing changes for callers: {counted(len(report.settings), 'part')} of the service changed otherwise."
    if report.changes:
        return "Nothing changes for callers: no operation uses the policies that changed."
    if report.is_of_files:
        return "Nothing changes for callers: the policy is the same."
    return "Nothing changes for callers: the policies, and everything around them, are the same."
