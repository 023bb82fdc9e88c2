"""Changes that made access weaker or stronger since a revision: `apimpolicy audit --since`."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.errors import ApimPolicyError, ConfigurationError
from apimpolicy.project.audit_run import AuditRun, audit_path
from apimpolicy.project.environments import selected_service
from apimpolicy.project.gateways import NoApisError, services_at
from apimpolicy.project.revisions import revision_of
from apimpolicy.project.service.leniency import Leniency, leniency, lenient
from apimpolicy.reasoning.audit import kinds
from apimpolicy.reasoning.audit.findings import lent_to_anyone
from apimpolicy.reasoning.audit.order import CHANGED, STRONGER, UNCHANGED, UNKNOWN, WEAKER, AccessOrder, compared
from apimpolicy.reasoning.audit.states import simplified

if TYPE_CHECKING:
    from apimpolicy.reasoning.audit.analysis import OperationAudit, ServiceAudit

ABSENT = "not there"


ADDED, REMOVED = "added", "removed"
"""The relations of an operation that only one version has."""


class Change(NamedTuple):
    """An operation whose access differs, with the words for both versions.

    `relation` is `weaker`, `stronger`, `changed` (some callers gain access and others lose it), `can't be compared`,
    `added` or `removed`; `details` are the accepted values that make the difference.
    """

    api: str
    operation: str
    before: str
    after: str
    is_weaker: bool
    """True when requests reach the backend now that didn't before, or with more credentials of the gateway."""

    relation: str = ""
    details: tuple[str, ...] = ()


def changes_since(path: str, revision: str, config: str | None = None) -> list[Change]:
    """Compare a folder with what it was at a revision. Raises ConfigurationError."""
    found = revision_of(revision, path)
    inside = None if found is None else found.find(path)
    if found is None or inside is None:
        raise ConfigurationError(f"git has no {path} at {revision}")
    with tempfile.TemporaryDirectory(prefix="apimpolicy-") as folder:
        os.mkdir(os.path.join(folder, ".git"))  # where the search for a configuration ends
        found.write(inside, folder)
        before = _audited(os.path.join(folder, *inside.split("/")), config, revision, folder)
        return changes_between(before.audit, audit_path(path, config).audit)


def changes_of(runs: Sequence[AuditRun], path: str | None, revision: str, root: str) -> list[Change]:
    """Compare audited services with those of their folder at a revision, whose files were written to `root`.

    `path` is the folder at the revision; None if it did not exist then. The operations of a new service count as
    added. Services that were removed are not listed: `diff` reports them. Raises ConfigurationError.
    """
    names = [] if path is None else [each.name for each in services_at(path)]
    changes: list[Change] = []
    for run in runs:
        before = run.audit._replace(operations=())
        name = run.service
        if not name and len(names) > 1:
            name = next(each.name for each in services_at(run.path))
        if path is not None and (not name or name in names):
            with selected_service(name or None), suppress(NoApisError):
                before = _audited(path, None, revision, root).audit
        changes += changes_between(before, run.audit)
    return changes


def changes_between(before: ServiceAudit, after: ServiceAudit) -> list[Change]:
    """Return the operations with other access in two versions of a service."""
    old = {operation.key: operation for operation in before.operations}
    new = {operation.key: operation for operation in after.operations}
    pairs = [(old.get(key), new.get(key)) for key in dict.fromkeys((*old, *new))]
    return [change for pair in pairs if (change := _change(*pair)) is not None]


def _audited(path: str, config: str | None, revision: str, folder: str) -> AuditRun:
    """Audit what a folder was at a revision. Its problems are no longer those of the user, and its paths never were."""
    current = leniency()
    try:
        with nullcontext() if current is None else lenient(Leniency(is_strict=current.is_strict)):
            return audit_path(path, config)
    except ApimPolicyError as error:
        message = str(error).replace(os.path.join(folder, ""), "")
        raise ConfigurationError(f"at {revision}: {message}") from None


def _change(old: OperationAudit | None, new: OperationAudit | None) -> Change | None:
    shown = new or old
    assert shown is not None
    before, after = _words(old), _words(new)
    if old is None or new is None:
        is_weaker = new is not None and new.access.is_open
        return Change(shown.api.id, shown.name, before, after, is_weaker, REMOVED if new is None else ADDED)
    relation, details = _order(old, new)
    if relation == UNCHANGED:
        return None
    return Change(shown.api.id, shown.name, before, after, relation == WEAKER, relation, details)


def _order(old: OperationAudit, new: OperationAudit) -> AccessOrder:
    if old.problem != new.problem:
        return AccessOrder(UNKNOWN, (f"{'now ' if new.problem else ''}the policies can't be read",))
    if old.assumed is not None or new.assumed is not None:  # the answers if the global policy asks for nothing
        sides = [each.assumed or _without_undecided(each) for each in (old, new)]
        if all(each.access.is_decided for each in sides):
            return _order(*sides)
        return AccessOrder(UNKNOWN, ("the global policy is known in one of the versions only",))
    found = compared(old.alternatives, new.alternatives)
    lent = [set(lent_to_anyone(each)) if each.access.is_open else set() for each in (old, new)]
    if found.relation == UNCHANGED and lent[0] != lent[1]:
        return AccessOrder(WEAKER if lent[1] > lent[0] else STRONGER if lent[1] < lent[0] else CHANGED)
    return found


def _without_undecided(operation: OperationAudit) -> OperationAudit:
    """Return an operation whose access is decided without what an unknown policy may ask besides."""
    known = (frozenset(fact for fact in each if fact.kind != kinds.UNDECIDED) for each in operation.alternatives)
    return operation._replace(alternatives=simplified(known)) if operation.access.is_decided else operation


def _words(operation: OperationAudit | None) -> str:
    if operation is None:
        return ABSENT
    if operation.assumed is not None:
        return f"{_words(operation.assumed)}, unless the global policy asks"
    lent = lent_to_anyone(operation) if operation.access.is_open else []
    return operation.access.words + (f" with {', '.join(sorted(lent))}" if lent else "")
