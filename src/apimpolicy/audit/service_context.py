"""Facts about a service besides its policies, as far as they are known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from apimpolicy.engine.document import AnyPolicy
    from apimpolicy.engine.gateway import Gateway


class ServiceContext(NamedTuple):
    """Facts about a service besides its policies. Named values that are missing here, or secret, are unknown."""

    named_values: Mapping[str, str]
    secrets: frozenset[str]
    fragments: Mapping[str, AnyPolicy]
    lending_backends: Mapping[str, str]
    """Backends with credentials of their own, by id, with words for what they lend."""
    inherit_missing: bool = True
    cors_needs_base: bool = False
    unsettled: frozenset[str] = frozenset()
    """The APIs of which isn't known whether they need a key."""

    @classmethod
    def of(cls, gateway: Gateway) -> ServiceContext:
        """Return the context of a gateway. Anything made up in it is unknown."""
        secrets, made_up = frozenset(gateway.secrets) | gateway.unknown_secrets, gateway.made_up
        unknown = secrets | made_up["named_values"]
        missing = made_up["fragments"]
        known = {name: value for name, value in gateway.named_values.items() if name not in unknown}
        return cls(
            known,
            secrets,
            {name: text for name, text in gateway.fragments.items() if name not in missing},
            dict(_lending(gateway)),
            gateway.missing_section == "inherit",
            gateway.cors_needs_base,
        )


def _lending(gateway: Gateway) -> Iterator[tuple[str, str]]:
    from apimpolicy.engine.backends import Backend

    for id_, backend in (gateway.backends or {}).items():
        if not isinstance(backend, Backend):
            continue
        if backend.managed_identity is not None:
            yield id_, f"managed identity for {backend.managed_identity.resource.removeprefix('https://').rstrip('/')}"
        elif backend.headers or backend.query or backend.authorization or backend.certificates:
            yield id_, f"credentials of the backend '{id_}'"
