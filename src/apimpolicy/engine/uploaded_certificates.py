"""The certificates that were uploaded to a gateway, and `context.Deployment` with them in it."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from apimpolicy.dotnet.collections.dictionary import Dictionary
from apimpolicy.dotnet.values import to_utf16
from apimpolicy.engine.services import KeyVaultReference
from apimpolicy.policies.certificates import find_by_id

if TYPE_CHECKING:
    from apimpolicy.context.entities import Deployment
    from apimpolicy.dotnet.cryptography.certificate import Certificate

    _Held: TypeAlias = Sequence[tuple[str, Certificate]]


class UploadedCertificates:
    """Certificates by id, each as it is when it is used: a reference leads to the key vault's newest version."""

    def __init__(self, certificates: Mapping[str, Certificate | KeyVaultReference]) -> None:
        self._certificates = certificates
        self._last: _Deployed | None = None

    def get(self, name: str) -> Certificate | None:
        """Return a certificate by its id. Raises ConfigurationError when a key vault does not have it."""
        held = find_by_id(self._certificates, name)
        return None if held is None else _current(held)

    def deployment(self, given: Deployment) -> Deployment:
        """Return a deployment with the certificates in it; the same one as long as neither it nor they have changed."""
        held: _Held = ()
        if self._certificates:
            held = [(name, _current(each)) for name, each in self._certificates.items()]
        last = self._last
        if last is not None and last.is_for(given, held):
            return last.deployment
        deployment = copy.copy(given)
        deployment.certificates = Dictionary.from_dictionary(deployment.certificates.types, deployment.certificates)
        for name, certificate in held:
            deployment.certificates.set_item(to_utf16(name), certificate)
        self._last = _Deployed(given, held, deployment)
        return deployment


def _current(held: Certificate | KeyVaultReference) -> Certificate:
    return held.resolve() if isinstance(held, KeyVaultReference) else held


class _Deployed:
    """A deployment with certificates in it: the same one serves requests as long as nothing changes."""

    __slots__ = ("deployment", "given", "given_version", "held", "version")

    def __init__(self, given: Deployment, held: _Held, deployment: Deployment) -> None:
        self.given = given
        self.given_version = given.certificates.version
        self.held = held
        self.deployment = deployment
        self.version = deployment.certificates.version

    def is_for(self, given: Deployment, held: _Held) -> bool:
        return (
            self.given is given
            and self.given_version == given.certificates.version
            and self.version == self.deployment.certificates.version
            and len(held) == len(self.held)
            and all(map(_is_same, held, self.held))
        )


def _is_same(one: tuple[str, Certificate], other: tuple[str, Certificate]) -> bool:
    return one[1] is other[1] and one[0] == other[0]
