"""Two resources of one id: the second is left out and reported, whatever their kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from apimpolicy.project.overlays import NO_CHANGES
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
from apimpolicy.project.service.reading import describe
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


@pytest.mark.parametrize("kind", ["apis", "products", "backends", "fragments"])
def test_why_it_is_not_known_has_no_place(kind: str) -> None:
    """The reasons of two versions are compared: a moved line, or another folder, is no difference."""
    reasons = []
    for first in (1, 40):
        service = ServiceDescription("here")
        getattr(service, kind).extend(
            KINDS[kind]("a", FileLocation(f"{first}/main.tf", line)) for line in (first, first + 1)
        )
        for api in service.apis:
            api.path = Sourced("a")
        repair(service)
        (left,) = getattr(service, kind)
        reasons.append(left.url.value if kind == "backends" else left.policy.unknown)
    assert reasons[0] == reasons[1]
    assert reasons[0]


def test_two_policies_of_one_owner_are_not_known_for_a_reason_without_places(tmp_path: Path) -> None:
    policy = (
        'resource "azurerm_api_management_policy" "{}" {{\n  api_management_id = azurerm_api_management.a.id\n'
        "  xml_content = <<X\n<policies><inbound>{}</inbound><backend><forward-request /></backend></policies>\nX\n}}\n"
    )
    service = 'resource "azurerm_api_management" "a" {\n  name = "a"\n  location = "x"\n}\n'
    reasons = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        text = service + "\n" * len(name) + policy.format("a", "") + policy.format("b", '<set-status code="200" />')
        (tmp_path / name / "main.tf").write_text(text, "utf-8")
        policy_text = describe(str(tmp_path / name), NO_CHANGES).policy
        assert policy_text is not None
        reasons.append(policy_text.unknown)
    assert reasons[0] == reasons[1]
    assert "two resources set" in reasons[0]
