"""Uploaded certificates by their ids, which ignore case (Microsoft's release notes of March 2024).

That is known of the attributes that name a certificate. No source tells how `context.Deployment.Certificates` compares
the ids from expressions; that is exact here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

from apimpolicy.dotnet.values import from_utf16
from apimpolicy.policies.surroundings import Exchange, PolicyError

if TYPE_CHECKING:
    from apimpolicy.dotnet.cryptography.certificate import Certificate

_Held = TypeVar("_Held")


def uploaded_certificate(exchange: Exchange, wanted: str) -> Certificate:
    """Return the uploaded certificate with this id. Raises PolicyError without one."""
    uploaded = exchange.context.deployment.certificates
    found: Certificate | None = uploaded.try_get_value(wanted)[1]
    if found is None:
        found = find_by_id({from_utf16(pair.key): pair.value for pair in uploaded}, from_utf16(wanted))
    if found is None:
        raise PolicyError(None, f"No certificate with the id '{wanted}' is uploaded.")
    return found


def find_by_id(held: Mapping[str, _Held], wanted: str) -> _Held | None:
    """Return the certificate with this id, or with one that differs in case only; None without one."""
    if (found := held.get(wanted)) is not None:
        return found
    return next((each for name, each in held.items() if name.lower() == wanted.lower()), None)
