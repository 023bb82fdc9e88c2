"""In what two versions of policies differ, in texts and numbers, for people and for programs."""

from __future__ import annotations

from typing import NamedTuple

CHANGED = "changed"
EQUIVALENT, DIFFERENT, UNDECIDED, ADDED, REMOVED, ERROR, SAME = (
    "equivalent",
    "different",
    "undecided",
    "added",
    "removed",
    "error",
    "same",
)


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


class DifferenceReport(NamedTuple):
    """The result of comparing two versions of a policy.

    `status` is `equivalent` (proven), `different`, `undecided`, `added`, `removed`, or `error` with a `problem`;
    `same` when neither the policy nor anything around it differs, which is not shown.
    `reasons` tell why other differences are not excluded; without any there are none. `subject` is what a policy of
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

    @property
    def name(self) -> str:
        """Return the path, with what the policy applies to where the path doesn't tell."""
        return f"{self.path} ({self.subject})" if self.subject else self.path

    @property
    def is_complete(self) -> bool:
        """Return whether everything that is not listed is proven to be the same."""
        return self.status in (EQUIVALENT, DIFFERENT) and not self.reasons


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

    @property
    def place(self) -> str:
        """Return the file and the line."""
        return f"{self.file}:{self.line}" if self.file else ""

    @property
    def sentence(self) -> str:
        """Return the change: `subscription required was yes, is now no`."""
        name = ": ".join(filter(None, (self.subject, self.setting)))
        if self.what == CHANGED:
            return f"{name} was {self.old}, is now {self.new}" if self.old is not None else f"{name} changed"
        return f"{name} {self.what}".strip()


class SettingGroup(NamedTuple):
    """The changed settings of an API, product or other entity, and requests that get another response."""

    name: str
    changes: tuple[SettingChange, ...]
    items: tuple[DifferenceItem, ...] = ()

    @property
    def affects_callers(self) -> bool:
        """Return whether callers notice anything."""
        return bool(self.items) or any(change.meaning for change in self.changes)
