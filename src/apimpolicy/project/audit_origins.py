"""Places in a service's files that decide who may call it, for the evidence of `audit`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from apimpolicy.audit.facts import PolicyLocation
from apimpolicy.audit.findings import AuditFinding, Evidence, SourceLocations
from apimpolicy.project.information_checks import LINK_UNKNOWN
from apimpolicy.project.service.description import OPERATIONS
from apimpolicy.text.holes import OPEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.engine.service import ServiceApi
    from apimpolicy.project.service.description import Origin, ServiceDescription


class DescribedOrigins(SourceLocations):
    """The origins that a description of a service has."""

    def __init__(self, description: ServiceDescription) -> None:
        self.description = description

    def key_requirement(self, api: ServiceApi) -> PolicyLocation | None:
        described = self.description.api(api.id) or self.description.api(api.base_id)
        if described is not None and described.subscription_required.known is False:
            return _place(described.subscription_required.origin)
        for product in self.description.products:
            if product.subscription_required.known is False and any(
                each.known in (api.id, api.base_id) for each in product.apis
            ):
                return _place(product.subscription_required.origin)
        return None

    def api(self, api: ServiceApi) -> PolicyLocation | None:
        described = self.description.api(api.id) or self.description.api(api.base_id)
        if described is None:
            return super().api(api)
        return super().api(api) or _place(described.origin)


def unread(description: ServiceDescription | None) -> Iterator[AuditFinding]:
    """Yield a finding for each part of a service that isn't read, and so isn't audited.

    A reference to something that can't be elsewhere is the error that it is in `check`.
    """
    if description is None:
        return
    kinds = ("apis", "products", OPERATIONS)
    gaps = [each for each in description.gaps if not each.kind or (each.kind in kinds and OPEN in each.name)]
    reasons = [(each.reason, each.origin) for each in gaps if os.path.isfile(each.origin.file)]
    for problem in (each for each in description.problems if each.is_error):
        place = _place(problem.origin)
        if problem.missing is None or place is None or description.gap(*problem.missing) is not None:
            reasons.append((problem.message, problem.origin))
            continue
        shown = (Evidence("refers to it", place),)
        yield AuditFinding(LINK_UNKNOWN, "", (), problem.message, shown, problem.message, is_error=True)
    for reason, origin in dict.fromkeys(reasons):
        place = _place(origin) if os.path.isfile(origin.file) else None
        evidence = () if place is None else (Evidence("not decided", place),)
        yield AuditFinding("AUD011", "", (), f"not decided: {reason}", evidence, reason)


def _place(origin: Origin) -> PolicyLocation | None:
    return PolicyLocation(origin.file, origin.line, origin.column) if origin.file else None
