"""The documented limits of a tier on the number of resources, and the services that exceed them.

Only what is described counts: operations that an OpenAPI document adds are not counted, so that a service may exceed a
limit without a finding. A service that exceeded the limits when they took effect keeps higher ones, so that nothing is
an error.

Source: https://learn.microsoft.com/azure/api-management/service-limits (from March to May 2026)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.project.files import read_data, source_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apimpolicy.checks.subject import Settings
    from apimpolicy.project.service.description import ServiceDescription

TOO_MANY = "POL166"
_SOURCE = "https://learn.microsoft.com/azure/api-management/service-limits"
_COLUMNS = ("consumption", "developer", "basic", "standard", "premium")
LIMITS: Mapping[str, tuple[int | None, ...]] = {
    "API operations": (3_000, 3_000, 10_000, 50_000, 75_000),
    "named values": (5_000, 5_000, 5_000, 10_000, 18_000),
    "loggers": (100, 100, 100, 200, 400),
    "products": (100, 100, 200, 500, 2_000),
    "subscriptions": (None, 10_000, 15_000, 25_000, 75_000),
}
"""The v2 tiers have the limits of the classic ones."""


def limit_of(kind: str, tier: str) -> int | None:
    """Return how many resources of a kind a tier allows; None where nothing is documented.

    >>> limit_of("products", "basicv2"), limit_of("products", "premium"), limit_of("subscriptions", "consumption")
    (200, 2000, None)
    """
    column = tier.removesuffix("v2")
    return LIMITS[kind][_COLUMNS.index(column)] if column in _COLUMNS else None


def exceeded(service: ServiceDescription, settings: Settings) -> dict[str, list[Diagnostic]]:
    """Return a finding for each limit that a service exceeds, at the first resource beyond it, by file."""
    tier = settings.tier or (service.sku.known or "").partition("_")[0].lower()
    found: dict[str, list[Diagnostic]] = {}
    if not tier or not settings.wants(TOO_MANY):
        return found
    severity = settings.severities.get(TOO_MANY, Severity.WARNING)
    for kind in LIMITS:
        limit, resources = limit_of(kind, tier), _counted(service, kind)
        if limit is None or len(resources) <= limit:
            continue
        origin = resources[limit].origin
        source, _ = source_of(*read_data(origin.file))
        start = source.line_starts[origin.line - 1] + origin.column - 1
        message = f"the service has {len(resources):,} {kind}, and the tier '{tier}' allows {limit:,}"
        help = f"Remove some, or choose another tier ({_SOURCE})."
        found.setdefault(origin.file, []).append(
            Diagnostic(TOO_MANY, message, source, start, start, severity, help=help)
        )
    return found


def _counted(service: ServiceDescription, kind: str) -> list[Any]:
    if kind == "API operations":
        return [operation for api in service.apis for operation in api.operations]
    found = service.resources(kind.replace(" ", "-"))
    return [each for each in found if not getattr(each, "is_made_up", False)]
