"""Certificate chains: what X509Certificate2.Verify() and VerifyNoRevocation() decide, with reasons.

Nothing is taken from the machine. A `TrustStore` is given the trusted roots, further authorities, revocation lists and
the names of authorities whose lists cannot be reached; the time is the environment's. The rules are those of
X509Chain.Build with its default policy:

- an issuer is found by name and, where both certificates state one, key identifier; its signature must verify;
- every certificate must be valid now; every issuer must be an authority (basic constraints, key usage, path length);
- the chain must end in a trusted root; a certificate without a known issuer gives PartialChain;
- `Verify()` asks for revocation of every certificate but the root, `VerifyNoRevocation()` does not ask;
- extended key usage and host names play no part.

A revocation list that is given says what its authority has revoked. Without one, the status of a certificate that names
no place to ask (a CRL distribution point or an OCSP responder) is RevocationStatusUnknown, and with it `Verify()` is
false, as in .NET; `missing_list="empty"` takes such a certificate for not revoked. Chosen here, since a simulation has
no network: a place that a certificate names is reachable and has revoked nothing, unless the authority is marked
unreachable. An unreachable, expired or wrongly signed list gives RevocationStatusUnknown as well.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.csharp.dotnet.cryptography.issuing import RevocationList, ticks_of
from apimpolicy.csharp.dotnet.environment import Trust, environment
from apimpolicy.errors import NotSimulatedError

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate

MAXIMUM_PRESENTED = 64
"""Further certificates that a caller's file may bring along; the rest is not looked at."""
NO_LIST = "{} publishes no revocation list"
MAXIMUM_LENGTH = 12
"""Certificates in one chain; longer ones end in PartialChain."""
_MAXIMUM_PATHS = 64
_MAXIMUM_CACHED = 1024
_KNOWN_EXTENSIONS = frozenset(f"2.5.29.{number}" for number in (14, 15, 17, 18, 19, 31, 32, 35, 37, 46)) | frozenset(
    ("1.3.6.1.5.5.7.1.1", "1.3.6.1.5.5.7.1.11")
)
_NAME_CONSTRAINTS = "2.5.29.30"


class ChainStatus(NamedTuple):
    """One problem of a chain: .NET's name for it, the certificate it is about, and a sentence for people."""

    name: str
    certificate: Certificate
    explanation: str


class Chain(NamedTuple):
    """A chain as built: `elements` from the certificate itself to the root, `statuses` empty when all is well."""

    elements: tuple[Certificate, ...]
    statuses: tuple[ChainStatus, ...]

    @property
    def is_valid(self) -> bool:
        return not self.statuses

    def has(self, status: str) -> bool:
        """Return whether the chain has a status of this name, e.g. `UntrustedRoot`."""
        return any(found.name == status for found in self.statuses)

    def __str__(self) -> str:
        """`CN=partner ← CN=Partner CA (not among the trusted roots)`"""
        remarks = {id(s.certificate): s.explanation for s in reversed(self.statuses)}
        return " ← ".join(
            element.subject + (f" ({remarks[id(element)]})" if id(element) in remarks else "")
            for element in self.elements
        )


class TrustStore:
    """Decides about certificates; implements the protocol `environment.Trust`. Fixed once made.

    `unreachable` says whose revocation lists cannot be fetched: certificates of authorities, or a function of one.
    `missing_list` decides about a certificate whose authority publishes no list: "unknown", as in .NET, or "empty".
    """

    def __init__(
        self,
        trusted_roots: Iterable[Certificate] = (),
        intermediates: Iterable[Certificate] = (),
        revocation_lists: Iterable[RevocationList | bytes] = (),
        unreachable: Collection[Certificate] | Callable[[Certificate], bool] = (),
        missing_list: str = "unknown",
    ) -> None:
        self.missing_list = missing_list
        self.trusted_roots = tuple(trusted_roots)
        self.intermediates = tuple(intermediates)
        lists = (item if isinstance(item, RevocationList) else RevocationList.read(item) for item in revocation_lists)
        self.revocation_lists = tuple(lists)
        self._unreachable = unreachable
        self._root_thumbprints = frozenset(root.thumbprint for root in self.trusted_roots)
        self._cache: dict[tuple[object, ...], Chain] = {}
        self._turns_of: dict[tuple[bytes, ...], list[int]] = {}
        pool = [*self.trusted_roots, *self.intermediates]
        self._turns = {turn for certificate in pool for turn in _turns(certificate)}
        self._turns.update(
            turn
            for revocations in self.revocation_lists
            for turn in (revocations.valid_from, revocations.valid_until + 1)
        )

    def build(self, certificate: Any, *, check_revocation: bool) -> Chain:
        """Return the best chain for a certificate at the environment's time. The same question is answered once."""
        now = environment().utc_now()
        presented = certificate.intermediates[:MAXIMUM_PRESENTED]
        asked = (certificate.raw, *(other.raw for other in presented))
        turns = self._turns_of.get(asked)
        if turns is None:
            if len(self._turns_of) >= _MAXIMUM_CACHED:
                self._turns_of.clear()
            turns = sorted(self._turns.union(*(_turns(c) for c in (certificate, *presented))))
            self._turns_of[asked] = turns
        key = (asked, check_revocation, bisect.bisect_right(turns, now))
        found = self._cache.get(key)
        if found is None:
            if len(self._cache) >= _MAXIMUM_CACHED:
                self._cache.clear()
            found = self._cache[key] = _ChainBuilder(self, now, check_revocation).best(certificate)
        return found

    def is_trusted_root(self, certificate: Certificate) -> bool:
        return certificate.thumbprint in self._root_thumbprints

    def is_unreachable(self, authority: Certificate) -> bool:
        """Return whether the revocation list of this authority cannot be fetched."""
        if callable(self._unreachable):
            return self._unreachable(authority)
        return authority in self._unreachable


class Verification(NamedTuple):
    """One question that an expression asked about a certificate, and the answer; `now` is the time in ticks."""

    certificate: Certificate
    check_revocation: bool
    chain: Chain
    now: int = 0


class VerificationRecorder:
    """Passes questions on to a trust store and remembers them; one per request, for explanations."""

    def __init__(self, trust: Trust) -> None:
        self._trust = trust
        self.verifications: list[Verification] = []

    def build(self, certificate: Any, *, check_revocation: bool) -> Chain:
        chain: Chain = self._trust.build(certificate, check_revocation=check_revocation)  # type: ignore[assignment]
        self.verifications.append(Verification(certificate, check_revocation, chain, environment().utc_now()))
        return chain


class _ChainBuilder:
    """Builds the chains of one certificate at one time, and keeps the one with the fewest statuses."""

    def __init__(self, store: TrustStore, now: int, check_revocation: bool) -> None:
        self.store = store
        self.now = now
        self.check_revocation = check_revocation
        self._signatures: dict[tuple[str, str], bool] = {}

    def best(self, certificate: Certificate) -> Chain:
        pool = {
            c.thumbprint: c
            for c in (
                *self.store.trusted_roots,
                *self.store.intermediates,
                *certificate.intermediates[:MAXIMUM_PRESENTED],
            )
        }
        best: Chain | None = None
        for number, path in enumerate(self._paths((certificate,), tuple(pool.values()))):
            chain = Chain(path, tuple(self._judge(path)))
            if best is None or len(chain.statuses) < len(best.statuses):
                best = chain
            if chain.is_valid or number >= _MAXIMUM_PATHS:
                break
        assert best is not None  # _paths always yields one
        return best

    def _paths(self, path: tuple[Certificate, ...], pool: tuple[Certificate, ...]) -> Iterator[tuple[Certificate, ...]]:
        """Yield every chain that begins with `path`; at most MAXIMUM_LENGTH deep."""
        last = path[-1]
        if last.is_self_issued or len(path) >= MAXIMUM_LENGTH:
            yield path
            return
        seen = {certificate.thumbprint for certificate in path}
        issuers = [c for c in pool if c.thumbprint not in seen and _may_have_issued(c, last)]
        issuers.sort(key=lambda issuer: (not self._is_signed_by(last, issuer), not issuer.is_self_issued))
        for issuer in issuers:
            yield from self._paths((*path, issuer), pool)
        if not issuers:
            yield path

    def _is_signed_by(self, certificate: Certificate, issuer: Certificate) -> bool:
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

        key = (certificate.thumbprint, issuer.thumbprint)
        found = self._signatures.get(key)
        if found is None:
            try:
                certificate.parsed.verify_directly_issued_by(issuer.parsed)
                found = True
            except (InvalidSignature, UnsupportedAlgorithm, TypeError, ValueError):
                found = False
            self._signatures[key] = found
        return found

    def _judge(self, path: tuple[Certificate, ...]) -> Iterator[ChainStatus]:
        last = path[-1]
        if not last.is_self_issued:
            yield ChainStatus("PartialChain", last, f"its issuer {last.issuer} is not known")
        elif not self.store.is_trusted_root(last):
            sentence = (
                "self-signed, and not among the trusted roots" if len(path) == 1 else "not among the trusted roots"
            )
            yield ChainStatus("UntrustedRoot", last, sentence)
        for depth, certificate in enumerate(path):
            yield from self._judge_alone(certificate)
            issuer = path[depth + 1] if depth + 1 < len(path) else certificate if certificate.is_self_issued else None
            if issuer is not None and not self._is_signed_by(certificate, issuer):
                yield ChainStatus("NotSignatureValid", certificate, f"its signature was not made by {issuer.subject}")
            if depth:
                yield from _judge_authority(certificate, sum(not c.is_self_issued for c in path[1:depth]))
            if self.check_revocation and depth + 1 < len(path):
                yield from self._judge_revocation(certificate, path[depth + 1])

    def _judge_alone(self, certificate: Certificate) -> Iterator[ChainStatus]:
        if self.now < ticks_of(certificate.valid_from):
            sentence = f"not valid before {certificate.valid_from:%Y-%m-%d %H:%M:%S} UTC"
            yield ChainStatus("NotTimeValid", certificate, sentence)
        elif self.now > ticks_of(certificate.valid_until):
            yield ChainStatus(
                "NotTimeValid", certificate, f"expired on {certificate.valid_until:%Y-%m-%d %H:%M:%S} UTC"
            )
        for extension in certificate.parsed.extensions:
            oid = extension.oid.dotted_string
            if oid == _NAME_CONSTRAINTS:
                raise NotSimulatedError("X509Certificate2.Verify()", f"{certificate.subject} has name constraints")
            if extension.critical and oid not in _KNOWN_EXTENSIONS:
                sentence = f"has the critical extension {oid}, which is not supported"
                yield ChainStatus("HasNotSupportedCriticalExtension", certificate, sentence)

    def _judge_revocation(self, certificate: Certificate, authority: Certificate) -> Iterator[ChainStatus]:
        if self.store.is_unreachable(authority):
            sentence = f"the revocation list of {authority.subject} could not be reached"
            yield ChainStatus("RevocationStatusUnknown", certificate, sentence)
            return
        name = authority.parsed.subject.public_bytes()
        lists = [found for found in self.store.revocation_lists if found.issuer == name]
        if not lists:
            if self.store.missing_list == "unknown" and not _says_where_to_ask(certificate):
                yield ChainStatus("RevocationStatusUnknown", certificate, NO_LIST.format(authority.subject))
            return
        signed = [found for found in lists if found.is_current(self.now) and found.is_signed_by(authority.parsed)]
        if any(found.revokes(certificate.parsed.serial_number) for found in signed):
            yield ChainStatus("Revoked", certificate, f"revoked by {authority.subject}")
        elif not signed:
            sentence = f"the revocation list of {authority.subject} is out of date or not signed by it"
            yield ChainStatus("RevocationStatusUnknown", certificate, sentence)


def _says_where_to_ask(certificate: Certificate) -> bool:
    """Return whether a certificate names a revocation list or an OCSP responder."""
    from cryptography import x509

    extensions = certificate.parsed.extensions
    try:
        if any(point.full_name for point in extensions.get_extension_for_class(x509.CRLDistributionPoints).value):
            return True
    except x509.ExtensionNotFound:
        pass
    try:
        access = extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return False
    return any(each.access_method == x509.oid.AuthorityInformationAccessOID.OCSP for each in access)


def _turns(certificate: Certificate) -> tuple[int, int]:
    """Return the two moments, in ticks, from which on the certificate begins and ceases to be valid."""
    return ticks_of(certificate.valid_from), ticks_of(certificate.valid_until) + 1


def _may_have_issued(issuer: Certificate, certificate: Certificate) -> bool:
    """By name, and by key identifier where both certificates state one."""
    if issuer.parsed.subject != certificate.parsed.issuer:
        return False
    wanted, offered = _authority_key(certificate), _subject_key(issuer)
    return wanted is None or offered is None or wanted == offered


def _authority_key(certificate: Certificate) -> bytes | None:
    from cryptography import x509

    try:
        extension = certificate.parsed.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    except x509.ExtensionNotFound:
        return None
    return extension.value.key_identifier


def _subject_key(certificate: Certificate) -> bytes | None:
    from cryptography import x509

    try:
        return certificate.parsed.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return None


def _judge_authority(certificate: Certificate, authorities_below: int) -> Iterator[ChainStatus]:
    """Yield the reasons why a certificate may not issue others; `authorities_below` are between it and the end."""
    from cryptography import x509

    extensions = certificate.parsed.extensions
    try:
        constraints = extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        # Version 1 has no extensions; as a root it is accepted for what it is.
        if certificate.version != 1 or not certificate.is_self_issued:
            yield ChainStatus("InvalidBasicConstraints", certificate, "not an authority: it has no basic constraints")
        return
    if not constraints.ca:
        yield ChainStatus("InvalidBasicConstraints", certificate, "not an authority: its basic constraints say so")
    elif constraints.path_length is not None and authorities_below > constraints.path_length:
        sentence = f"allows {constraints.path_length} authorities below it, the chain has {authorities_below}"
        yield ChainStatus("InvalidBasicConstraints", certificate, sentence)
    try:
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return
    if not usage.key_cert_sign:
        yield ChainStatus("NotValidForUsage", certificate, "its key usage does not allow signing certificates")
