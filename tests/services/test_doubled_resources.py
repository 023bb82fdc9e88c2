"""Two resources of one id: the second is left out and reported, whatever their kind."""

from __future__ import annotations

import pytest

from apimpolicy.project.service.description import (
    ApiDescription,
    BackendDescription,
    FileLocation,
    FragmentDescription,
    ProductDescription,
    ServiceDescription,
    Sourced,
    SubscriptionDescription,
    VersionSetDescription,
    WorkspaceDescription,
)
from apimpolicy.project.service.repair import repair

KINDS = {
    "apis": ApiDescription,
    "products": ProductDescription,
    "subscriptions": SubscriptionDescription,
    "version_sets": VersionSetDescription,
    "backends": BackendDescription,
    "workspaces": WorkspaceDescription,
    "fragments": FragmentDescription,
}


@pytest.mark.parametrize("kind", KINDS)
def test_one_is_left(kind: str) -> None:
    service = ServiceDescription("here")
    getattr(service, kind).extend(KINDS[kind]("a", FileLocation("main.tf", line)) for line in (1, 2))
    for api in service.apis:
        api.path = Sourced("a")
    repair(service)
    assert len(getattr(service, kind)) <= 1
    assert any("there is another" in each.message for each in service.problems)
