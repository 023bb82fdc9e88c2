"""The places in which the gateway allows a policy beyond its section: scopes, gateways, tiers, and how often.

Each policy declares it beside its sections, and only what is *not* allowed. Source: the policy's page,
https://learn.microsoft.com/azure/api-management/…-policy; `cache-lookup-value` and `cache-store-value` have no `once`,
which their pages ask for and deployed policies do not keep.
"""

from __future__ import annotations

from typing import NamedTuple

SECTIONS = ("inbound", "backend", "outbound", "on-error")
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


EVERYWHERE = Placement()


def simulated_tier(sku: str) -> str | None:
    """Return the setting `tier` for a SKU as infrastructure code has it; None for an unknown one.

    >>> simulated_tier("Developer_1"), simulated_tier("BasicV2"), simulated_tier("Premium"), simulated_tier("Isolated")
    ('developer', 'v2', 'classic', None)
    """
    tier = sku.partition("_")[0].lower()
    if tier not in TIERS:
        return None
    return tier if tier == "developer" else gateway_of(tier)


def gateway_of(tier: str) -> str:
    """Return the gateway of a tier when it is not self-hosted."""
    return "consumption" if tier == "consumption" else "v2" if tier in V2_TIERS else "classic"
