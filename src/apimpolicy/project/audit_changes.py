"""Changes that made access weaker or stronger since a revision: `apimpolicy audit --since`."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from apimpolicy.errors import ApimPolicyError, ConfigurationError
from apimpolicy.project.audit_run import AuditRun, audit_path, audit_services
from apimpolicy.project.environments import selected_service, service_name
from apimpolicy.project.gateways import NoApisError, services_at
from apimpolicy.project.revisions import revision_of
from apimpolicy.project.service.leniency import Leniency, leniency, lenient
from apimpolicy.project.service.pairing import paired
from apimpolicy.project.service.reading import FoundService, chosen, kept_services
from apimpolicy.reasoning.audit import kinds
from apimpolicy.reasoning.audit.findings import lent_to_anyone
from apimpolicy.reasoning.audit.order import CHANGED, STRONGER, UNCHANGED, UNKNOWN, WEAKER, AccessOrder, compared
from apimpolicy.reasoning.audit.states import simplified

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.gateway import Gateway
    from apimpolicy.reasoning.audit.analysis import OperationAudit, ServiceAudit
    from apimpolicy.reasoning.audit.confirming import Search

_Made = TypeVar("_Made")
ABSENT, NOT_READ = "not there", "not read"


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
    service: str = ""
    """The name of the service, if there are several."""

    @property
    def subject(self) -> str:
        """The API, after the service if there are several."""
        return f"{self.service}: {self.api}" if self.service else self.api


def changes_since(
    path: str, revision: str, config: str | None = None, search_of: Callable[[Gateway], Search] | None = None
) -> list[Change]:
    """Compare the services of a folder with what they were at a revision. Raises ConfigurationError.

    `search_of` makes a search for requests, as for `audit_path`.
    """
    found = revision_of(revision, path)
    inside = None if found is None else found.find(path)
    if found is None or inside is None:
        raise ConfigurationError(f"git has no {path} at {revision}")
    with tempfile.TemporaryDirectory(prefix="apimpolicy-") as folder, kept_services():
        os.mkdir(os.path.join(folder, ".git"))  # where the search for a configuration ends
        found.write(inside, folder)
        before = os.path.normpath(os.path.join(folder, *inside.split("/")))
        runs = audit_services(path, config, search_of=search_of)
        return changes_of(runs, before, revision, folder, config, search_of, needs_apis=len(runs) == 1)


def changes_of(
    runs: Sequence[AuditRun],
    path: str | None,
    revision: str,
    root: str,
    config: str | None = None,
    search_of: Callable[[Gateway], Search] | None = None,
    *,
    needs_apis: bool = False,
) -> list[Change]:
    """Compare audited services with those of their folder at a revision, whose files were written to `root`.

    `path` is the folder at the revision; None if it did not exist then. The operations of a new service count as
    added, and those of a service that is gone as removed; with `needs_apis`, one that had no API then is an error.
    `search_of` is what `runs` were made with. Raises ConfigurationError.
    """
    where, selected = runs[0].path, service_name()
    nothing = runs[0].audit._replace(operations=())
    now = services_at(where, config) or [FoundService("", where, None)]
    before = [] if path is None else _then(partial(services_at, path, config), revision, root)
    before = before or ([] if path is None else [FoundService("", path, None)])
    audits = {run.service or chosen(now, where, selected).name: run for run in runs}
    changes: list[Change] = []
    for old, new in paired(before, now):
        after = None if new is None else audits.get(new.name)
        if after is None and (new is not None or selected is not None):
            continue  # another service than the selected one
        then = nothing
        unread_then: Mapping[str, str] = {}
        if old is not None and path is not None:
            ignored = () if needs_apis else (NoApisError,)
            with selected_service(old.name if len(before) > 1 else None), suppress(*ignored):
                run = _then(partial(audit_path, path, config, search_of=search_of), revision, root)
                then, unread_then = run.audit, run.unread_apis
        service = after.service if after is not None else "" if old is None else old.name
        unread = (unread_then, {} if after is None else after.unread_apis)
        between = changes_between(then, nothing if after is None else after.audit, unread)
        changes += (change._replace(service=service) for change in between)
    return changes


def changes_between(
    before: ServiceAudit, after: ServiceAudit, unread: tuple[Mapping[str, str], Mapping[str, str]] = ({}, {})
) -> list[Change]:
    """Return the operations with other access in two versions of a service.

    The operations of APIs that one version has, and the other can't read (`unread`), can't be compared.
    """
    old = {operation.key: operation for operation in before.operations}
    new = {operation.key: operation for operation in after.operations}
    pairs = [(old.get(key), new.get(key)) for key in dict.fromkeys((*old, *new))]
    return [change for pair in pairs if (change := _change(*pair, unread)) is not None]


def _then(make: Callable[[], _Made], revision: str, folder: str) -> _Made:
    """Read what was at a revision. Its problems are no longer those of the user, and its paths never were."""
    current = leniency()
    try:
        with nullcontext() if current is None else lenient(Leniency(is_strict=current.is_strict)):
            return make()
    except NoApisError as error:
        raise NoApisError(_without_folder(error, revision, folder)) from None
    except ApimPolicyError as error:
        raise ConfigurationError(_without_folder(error, revision, folder)) from None


def _without_folder(error: ApimPolicyError, revision: str, folder: str) -> str:
    return f"at {revision}: {str(error).replace(os.path.join(folder, ''), '').replace(folder, os.curdir)}"


def _change(
    old: OperationAudit | None, new: OperationAudit | None, unread: tuple[Mapping[str, str], Mapping[str, str]]
) -> Change | None:
    shown = new or old
    assert shown is not None
    before, after = _words(old), _words(new)
    other = unread[1] if new is None else unread[0]
    if (old is None or new is None) and (why := other.get(shown.api.id.lower())):
        sides = (before, NOT_READ) if new is None else (NOT_READ, after)
        return Change(shown.api.id, shown.name, *sides, False, UNKNOWN, (f"{'now ' * (new is None)}{why}",))
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
