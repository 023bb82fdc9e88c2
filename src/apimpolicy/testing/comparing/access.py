"""Who gains or loses access to the backend between two versions of a service: the analysis of `audit`.

Only operations whose policies or settings differ are analysed: the others have the access that they had.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.audit.analysis import audit_service
from apimpolicy.audit.tools import METHOD
from apimpolicy.project.audit_changes import changes_between
from apimpolicy.project.audit_run import context_of
from apimpolicy.report.difference_data import AccessChange

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from apimpolicy.audit.analysis import ServiceAudit
    from apimpolicy.testing.comparing.service_comparison import ServiceComparison
    from apimpolicy.testing.comparing.sides import ServiceSide


def access_changes(
    old: ServiceSide, new: ServiceSide, comparison: ServiceComparison, apis: Collection[str] = ()
) -> list[AccessChange]:
    """Return the changes, those of several operations of an API together, weaker ones first.

    Operations with other policies are analysed, those of `apis`, the ids of APIs with other settings, and all tools.
    """
    changed = comparison.changed_routes
    if not changed and not apis:
        return []
    names = {route.operation: route.label for pair in comparison.operations.pairs for route in pair}
    wanted = {route.operation for pair in changed for route in pair}

    def is_wanted(api: str, operation: str) -> bool:
        return api in apis or (api, operation) in wanted or operation.startswith(f"{METHOD} ")

    groups: dict[tuple[str, str, str, bool], list[str]] = {}
    for each in changes_between(*(_audited(side, is_wanted) for side in (old, new))):
        if each.is_there_on_both_sides:
            name = names.get((each.api, each.operation), each.operation)
            groups.setdefault((each.api, each.before, each.after, each.is_weaker), []).append(name)
    found = [
        AccessChange(api, tuple(operations), before, after, is_weaker)
        for (api, before, after, is_weaker), operations in groups.items()
    ]
    return sorted(found, key=lambda each: not each.is_weaker)


def _audited(side: ServiceSide, is_wanted: Callable[[str, str], bool]) -> ServiceAudit:
    assert side.gateway.service is not None
    return audit_service(side.gateway.service, context_of(side.gateway, side.description), is_wanted)
