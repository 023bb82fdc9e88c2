"""Who gains or loses access to the backend between two versions of a service: the analysis of `audit`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.audit.analysis import audit_service
from apimpolicy.project.audit_changes import changes_between
from apimpolicy.project.audit_run import context_of
from apimpolicy.report.difference_data import AccessChange
from apimpolicy.testing.claims.services import routes_of

if TYPE_CHECKING:
    from apimpolicy.audit.analysis import ServiceAudit
    from apimpolicy.engine.service import Service
    from apimpolicy.testing.comparing.sides import ServiceSide


def access_changes(old: ServiceSide, new: ServiceSide) -> list[AccessChange]:
    """Return the changes, those of several operations of an API together, weaker ones first."""
    names = _names(old) | _names(new)
    groups: dict[tuple[str, str, str, bool], list[str]] = {}
    for each in changes_between(_audited(old), _audited(new)):
        if each.is_there_on_both_sides:
            groups.setdefault((each.api, each.before, each.after, each.is_weaker), []).append(
                names.get((each.api, each.operation), each.operation)
            )
    found = [
        AccessChange(api, tuple(operations), before, after, is_weaker)
        for (api, before, after, is_weaker), operations in groups.items()
    ]
    return sorted(found, key=lambda each: not each.is_weaker)


def _audited(side: ServiceSide) -> ServiceAudit:
    return audit_service(_service(side), context_of(side.gateway, side.description))


def _service(side: ServiceSide) -> Service:
    assert side.gateway.service is not None
    return side.gateway.service


def _names(side: ServiceSide) -> dict[tuple[str, str], str]:
    """Return the operations with their URLs, as in requests: `GET /orders/{id}`."""
    found: dict[tuple[str, str], str] = {}
    for pair_side in routes_of(_service(side)).values():
        for route in pair_side:
            method, _, path = route.label.partition(" ")
            found[route.api, f"{method} {path.removeprefix(route.prefix)}"] = route.label
    return found
