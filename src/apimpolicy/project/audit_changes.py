"""Changes that made access weaker or stronger since a revision: `apimpolicy audit --since`."""

from __future__ import annotations

import os
import tempfile
from contextlib import nullcontext
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.errors import ApimPolicyError, ConfigurationError
from apimpolicy.project.audit_run import AuditRun, audit_path
from apimpolicy.project.revisions import revision_of
from apimpolicy.project.service.leniency import Leniency, leniency, lenient
from apimpolicy.reasoning.audit.access import is_weaker
from apimpolicy.reasoning.audit.findings import lent_to_anyone

if TYPE_CHECKING:
    from apimpolicy.reasoning.audit.analysis import OperationAudit, ServiceAudit

ABSENT = "not there"


class Change(NamedTuple):
    """An operation whose answer differs, with the words for both."""

    api: str
    operation: str
    before: str
    after: str
    is_weaker: bool
    """True when requests reach the backend now that didn't before, or with more credentials of the gateway."""

    @property
    def is_there_on_both_sides(self) -> bool:
        return ABSENT not in (self.before, self.after)


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
    if before == after:
        return None
    return Change(shown.api.id, shown.name, before, after, _is_weaker(old, new))


def _words(operation: OperationAudit | None) -> str:
    if operation is None:
        return ABSENT
    if operation.assumed is not None:
        return f"{_words(operation.assumed)}, unless the global policy asks"
    lent = lent_to_anyone(operation) if operation.access.is_open else []
    return operation.access.words + (f" with {', '.join(sorted(lent))}" if lent else "")


def _is_weaker(old: OperationAudit | None, new: OperationAudit | None) -> bool:
    if new is None:
        return False
    if old is None:
        return new.access.is_open
    if old.assumed is not None and new.assumed is not None:  # under the same condition
        return _is_weaker(old.assumed, new.assumed)
    return is_weaker(new, old.access.paths) or (
        new.access.is_open and bool({*lent_to_anyone(new)} - {*lent_to_anyone(old)})
    )
