"""Where the gateway allows a policy beyond its section: scopes, gateways, tiers, and how often.

Only what is *not* allowed is listed. Source: the policy's page,
https://learn.microsoft.com/azure/api-management/…-policy; `cache-lookup-value` and `cache-store-value` are left out of
`once`, which their pages ask for and deployed policies do not keep.
"""

from __future__ import annotations

from typing import NamedTuple

SCOPES = ("global", "workspace", "product", "api", "operation")
GATEWAYS = ("classic", "v2", "consumption", "self-hosted", "workspace")
CLASSIC_TIERS = ("developer", "basic", "standard", "premium")
V2_TIERS = ("basicv2", "standardv2", "premiumv2")
TIERS = ("consumption", *CLASSIC_TIERS, *V2_TIERS)


class Placement(NamedTuple):
    """`not_at`: scopes; `not_on`: gateways; `tiers`: those that have it, all when empty; `once`: per what."""

    not_at: tuple[str, ...] = ()
    not_on: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    once: str = ""


_EVERYWHERE = Placement()

PLACEMENTS: dict[str, Placement] = {
    "authentication-basic": Placement(once="section"),
    "authentication-managed-identity": Placement(not_at=("workspace",), not_on=("workspace",)),
    "azure-openai-semantic-cache-lookup": Placement(
        not_at=("workspace",), not_on=("consumption", "self-hosted", "workspace"), once="section"
    ),
    "azure-openai-semantic-cache-store": Placement(
        not_at=("workspace",), not_on=("consumption", "self-hosted", "workspace"), once="section"
    ),
    "azure-openai-token-limit": Placement(not_on=("consumption",)),
    "cache-lookup": Placement(once="section"),
    "cache-store": Placement(once="section"),
    "check-header": Placement(not_at=("workspace",)),
    "cors": Placement(once="section"),
    "cross-domain": Placement(not_at=("workspace", "product", "api", "operation"), not_on=("workspace",)),
    "get-authorization-context": Placement(not_at=("workspace",), not_on=("self-hosted", "workspace")),
    "invoke-dapr-binding": Placement(
        not_at=("workspace",), not_on=("classic", "v2", "consumption", "workspace"), tiers=("developer", "premium")
    ),
    "jsonp": Placement(once="section"),
    "llm-content-safety": Placement(not_at=("operation",), tiers=(*CLASSIC_TIERS, *V2_TIERS)),
    "llm-semantic-cache-lookup": Placement(not_at=("workspace",), not_on=("workspace",), once="section"),
    "llm-semantic-cache-store": Placement(not_at=("workspace",), not_on=("workspace",), once="section"),
    "llm-token-limit": Placement(not_on=("consumption",), tiers=(*CLASSIC_TIERS, *V2_TIERS)),
    "log-to-eventhub": Placement(not_at=("workspace",), not_on=("workspace",)),
    "publish-to-dapr": Placement(
        not_at=("workspace",), not_on=("classic", "v2", "consumption", "workspace"), tiers=("developer", "premium")
    ),
    "quota": Placement(not_at=("global", "workspace", "api", "operation"), once="document"),
    "quota-by-key": Placement(not_on=("consumption",), tiers=CLASSIC_TIERS),
    "rate-limit": Placement(not_at=("global", "workspace"), once="document"),
    "rate-limit-by-key": Placement(not_on=("consumption",), tiers=(*CLASSIC_TIERS, *V2_TIERS)),
    "redirect-content-urls": Placement(once="section"),
    "send-one-way-request": Placement(not_on=("workspace",)),
    "send-service-bus-message": Placement(
        not_at=("workspace",), not_on=("v2", "consumption", "self-hosted", "workspace"), tiers=CLASSIC_TIERS
    ),
    "validate-graphql-request": Placement(not_at=("operation",), once="section"),
    "validate-headers": Placement(once="section"),
    "validate-odata-request": Placement(not_at=("operation",), once="section"),
    "validate-parameters": Placement(once="section"),
    "validate-status-code": Placement(once="section"),
    "xsl-transform": Placement(once="section"),
}


def placement_of(name: str) -> Placement:
    """Where a policy may stand."""
    return PLACEMENTS.get(name, _EVERYWHERE)


def gateway_of(tier: str) -> str:
    """The gateway of a tier when it is not self-hosted."""
    return "consumption" if tier == "consumption" else "v2" if tier in V2_TIERS else "classic"
