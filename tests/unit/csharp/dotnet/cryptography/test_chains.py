"""Chains: every status, with certificates made to have it."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from apimpolicy.csharp.dotnet.cryptography import certificate_members as members
from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate
from apimpolicy.csharp.dotnet.cryptography.chain import TrustStore, VerificationRecorder
from apimpolicy.csharp.dotnet.cryptography.issuing import RevocationList
from apimpolicy.csharp.dotnet.environment import Environment, use_environment
from apimpolicy.errors import ConfigurationError, NotSimulatedError
from apimpolicy.gateway.context.moments import ticks_of_text
from apimpolicy.testing.authority import TestAuthority, self_signed

NOW = "2026-05-30T23:00:00Z"


@pytest.fixture(scope="module")
def authority():
    return TestAuthority("Partner CA")


def build(store, certificate, *, at=NOW, check_revocation=True):
    with use_environment(Environment(utc_now=lambda: ticks_of_text(at))):
        return store.build(certificate, check_revocation=check_revocation)


def names(chain):
    return [status.name for status in chain.statuses]


def resigned(certificate, key, *extensions, subject=None, issuer=None, ca=None):
    """A copy of a certificate with another signature, other extensions or names."""
    parsed = certificate.parsed
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject or parsed.subject)
        .issuer_name(issuer or parsed.issuer)
        .public_key(parsed.public_key())
        .serial_number(parsed.serial_number)
        .not_valid_before(parsed.not_valid_before_utc)
        .not_valid_after(parsed.not_valid_after_utc)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    made = Certificate(builder.sign(key, hashes.SHA256()), certificate.private_key)
    made.intermediates = certificate.intermediates
    return made


def test_a_chain_to_a_trusted_root(authority):
    partner = authority.client("partner")
    chain = build(TrustStore([authority.certificate]), partner)
    assert chain.is_valid
    assert chain.elements == (partner, authority.certificate)
    assert str(chain) == "CN=partner ← CN=Partner CA"


def test_untrusted_root(authority):
    chain = build(TrustStore(intermediates=[authority.certificate]), authority.client("partner"))
    assert names(chain) == ["UntrustedRoot"]
    assert not chain.is_valid
    assert chain.has("UntrustedRoot")
    assert str(chain) == "CN=partner ← CN=Partner CA (not among the trusted roots)"


def test_an_untrusted_self_signed_certificate():
    chain = build(TrustStore(), self_signed("partner"))
    assert names(chain) == ["UntrustedRoot"]
    assert str(chain) == "CN=partner (self-signed, and not among the trusted roots)"


def test_a_trusted_self_signed_certificate():
    partner = self_signed("partner")
    assert build(TrustStore([partner]), partner).is_valid


def test_a_namesake_of_a_trusted_root_is_not_trusted(authority):
    impostor = TestAuthority("Partner CA")
    chain = build(TrustStore([authority.certificate], [impostor.certificate]), impostor.client("partner"))
    assert names(chain) == ["UntrustedRoot"]


def test_partial_chain(authority):
    chain = build(TrustStore([TestAuthority("Another CA").certificate]), authority.client("partner"))
    assert names(chain) == ["PartialChain"]
    assert str(chain) == "CN=partner (its issuer CN=Partner CA is not known)"


@pytest.mark.parametrize(
    ("at", "sentence"),
    [
        ("2026-05-31T00:00:00Z", None),
        ("2026-05-31T00:00:00.0000001Z", "expired on 2026-05-31 00:00:00 UTC"),
        ("2020-01-01T00:00:00Z", None),
        ("2019-12-31T23:59:59.9999999Z", "not valid before 2020-01-01 00:00:00 UTC"),
    ],
)
def test_time_validity_to_the_tick(authority, at, sentence):
    store = TrustStore([authority.certificate])
    partner = authority.client("partner", not_after="2026-05-31")
    for _ in range(2):
        chain = build(store, partner, at=at)
        assert names(chain) == ([] if sentence is None else ["NotTimeValid"])
        assert [status.explanation for status in chain.statuses] == ([] if sentence is None else [sentence])


def test_an_expired_authority():
    old = TestAuthority("Old CA", not_after="2025-01-01")
    chain = build(TrustStore([old.certificate]), old.client("partner"))
    assert [(s.name, s.certificate) for s in chain.statuses] == [("NotTimeValid", old.certificate)]


def test_a_certificate_of_an_intermediate(authority):
    middle = authority.intermediate("Middle CA")
    lower = middle.intermediate("Lower CA")
    partner = lower.client("partner")
    chain = build(TrustStore([authority.certificate]), partner)
    assert chain.is_valid
    assert [c.subject for c in chain.elements] == ["CN=partner", "CN=Lower CA", "CN=Middle CA", "CN=Partner CA"]
    alone = Certificate.from_der(partner.raw)
    assert names(build(TrustStore([authority.certificate]), alone)) == ["PartialChain"]
    known = TrustStore([authority.certificate], [middle.certificate, lower.certificate])
    assert build(known, alone).is_valid


def test_path_length():
    root = TestAuthority("Root", path_length=0)
    partner = root.intermediate("Middle").client("partner")
    chain = build(TrustStore([root.certificate]), partner)
    assert [(s.name, s.certificate) for s in chain.statuses] == [("InvalidBasicConstraints", root.certificate)]


def test_an_issuer_that_is_no_authority(authority):
    partner = authority.client("partner")
    leaf = resigned(self_signed("leaf"), partner.private_key, issuer=partner.parsed.subject)
    chain = build(TrustStore([authority.certificate], [partner], missing_list="empty"), leaf)
    assert names(chain) == ["InvalidBasicConstraints"]


def test_key_usage_of_an_authority(authority):
    no_signing = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
    crippled = resigned(
        authority.certificate, authority._key, (x509.BasicConstraints(True, None), True), (no_signing, True)
    )
    assert names(build(TrustStore([crippled]), authority.client("partner"))) == ["NotValidForUsage"]


def test_a_wrong_signature(authority):
    forged = resigned(authority.client("partner"), self_signed("forger").private_key)
    chain = build(TrustStore([authority.certificate], missing_list="empty"), forged)
    assert names(chain) == ["NotSignatureValid"]
    assert "CN=Partner CA" in chain.statuses[0].explanation


def test_an_unknown_critical_extension(authority):
    odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    store = TrustStore([authority.certificate], missing_list="empty")
    for critical, expected in ((True, ["HasNotSupportedCriticalExtension"]), (False, [])):
        assert names(build(store, resigned(authority.client("p"), authority._key, (odd, critical)))) == expected


def test_name_constraints_fail_by_name(authority):
    constraints = x509.NameConstraints([x509.DNSName("example")], None)
    limited = resigned(
        authority.certificate, authority._key, (x509.BasicConstraints(True, None), True), (constraints, True)
    )
    with pytest.raises(NotSimulatedError, match="name constraints"):
        build(TrustStore([limited]), authority.client("partner"))


def test_two_ways_up_and_only_one_is_trusted(authority):
    """An authority certified twice: the chain that works is found."""
    other = TestAuthority("Other root")
    middle = authority.intermediate("Middle")
    cross = resigned(
        middle.certificate,
        other._key,
        (x509.BasicConstraints(True, None), True),
        issuer=other.certificate.parsed.subject,
    )
    partner = middle.client("partner")
    for root in (authority, other):
        partner.intermediates = (middle.certificate, cross, authority.certificate, other.certificate)
        chain = build(TrustStore([root.certificate], missing_list="empty"), partner)
        assert chain.is_valid
        assert chain.elements[-1] == root.certificate


def test_authorities_that_certify_each_other_end():
    first = TestAuthority("First")
    second = TestAuthority("Second")
    one = resigned(
        first.certificate, second._key, (x509.BasicConstraints(True, None), True),
        issuer=second.certificate.parsed.subject,
    )  # fmt: skip
    two = resigned(
        second.certificate, first._key, (x509.BasicConstraints(True, None), True),
        issuer=first.certificate.parsed.subject,
    )  # fmt: skip
    assert names(build(TrustStore(intermediates=[one, two], missing_list="empty"), first.client("partner"))) == [
        "PartialChain"
    ]


def test_a_crowd_of_possible_issuers_costs_little(authority):
    """Many authorities of one name and without key identifiers would make exponentially many paths."""
    crowd = [TestAuthority("Same") for _ in range(6)]
    subject = crowd[0].certificate.parsed.subject
    top = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Top")])
    layers = [
        resigned(member.certificate, member._key, (x509.BasicConstraints(True, None), True), subject=a, issuer=b)
        for member in crowd
        for a, b in ((subject, top), (top, subject))
    ]
    assert not build(TrustStore(intermediates=layers), crowd[0].client("partner")).is_valid


def test_revocation(authority):
    issuer = TestAuthority("Revoking CA")
    good, bad = issuer.client("good"), issuer.client("bad")
    issuer.revoke(bad)
    store = TrustStore([issuer.certificate], revocation_lists=[issuer.crl()])
    assert build(store, good).is_valid
    assert names(build(store, bad)) == ["Revoked"]
    assert build(store, bad).statuses[0].explanation == "revoked by CN=Revoking CA"
    assert build(store, bad, check_revocation=False).is_valid
    with pytest.raises(ConfigurationError, match="was not issued by"):
        issuer.revoke(authority.client("foreign"))


def test_a_revoked_intermediate(authority):
    root = TestAuthority("Root")
    middle = root.intermediate("Middle")
    root.revoke(middle.certificate)
    store = TrustStore([root.certificate], revocation_lists=[root.crl()])
    chain = build(store, middle.client("partner"))
    assert [(s.name, s.certificate) for s in chain.statuses] == [("Revoked", middle.certificate)]


def test_without_a_list_nobody_is_revoked(authority):
    assert build(TrustStore([authority.certificate]), authority.client("partner")).is_valid


@pytest.mark.parametrize("by_function", [False, True])
def test_an_unreachable_list(authority, by_function):
    root = authority.certificate
    unreachable = (lambda issuer: issuer.subject == "CN=Partner CA") if by_function else [root]
    store = TrustStore([root], unreachable=unreachable)
    partner = authority.client("partner")
    chain = build(store, partner)
    assert names(chain) == ["RevocationStatusUnknown"]
    assert chain.statuses[0].explanation == "the revocation list of CN=Partner CA could not be reached"
    assert build(store, partner, check_revocation=False).is_valid


def test_a_list_out_of_date_or_of_somebody_else(authority):
    old = TrustStore([authority.certificate], revocation_lists=[authority.crl(next_update="2025-01-01")])
    assert names(build(old, authority.client("partner"))) == ["RevocationStatusUnknown"]
    impostor = TestAuthority("Partner CA")
    wrong = TrustStore([authority.certificate], revocation_lists=[impostor.crl()])
    assert names(build(wrong, authority.client("partner"))) == ["RevocationStatusUnknown"]


def test_reading_revocation_lists(authority):
    der = authority.crl()
    pem = x509.load_der_x509_crl(der).public_bytes(serialization.Encoding.PEM)
    assert RevocationList.read(pem).issuer == RevocationList.read(der).issuer
    for broken in (b"", b"nonsense", pem[:50]):
        with pytest.raises(ConfigurationError):
            RevocationList.read(broken)


def test_verify_asks_the_environment(authority):
    partner = authority.client("partner")
    store = TrustStore([authority.certificate], unreachable=[authority.certificate])
    recorder = VerificationRecorder(store)
    with use_environment(Environment(utc_now=lambda: ticks_of_text(NOW), trust=recorder)):
        assert not partner.verify()
        assert members.verify_no_revocation(partner)
    assert [(v.certificate, v.check_revocation, v.chain.is_valid) for v in recorder.verifications] == [
        (partner, True, False),
        (partner, False, True),
    ]


def test_without_trust_every_root_is_untrusted(authority):
    with use_environment(Environment()):
        assert not authority.client("partner").verify()
        assert not members.verify_no_revocation(self_signed("partner"))


def test_the_same_question_is_answered_once(authority):
    store = TrustStore([authority.certificate])
    partner = authority.client("partner", not_after="2026-05-31")
    first = build(store, partner)
    assert build(store, partner, at="2026-05-30T23:30:00Z") is first
    assert build(store, partner, at="2026-06-01T00:00:00Z") is not first
    assert build(store, partner, check_revocation=False) is not first


def test_an_authority_that_publishes_no_list():
    """Nobody can tell whether a certificate is revoked that names no list: .NET says no to Verify()."""
    private = TestAuthority("Private CA", publishes_list=False)
    partner = private.client("partner")
    (status,) = build(TrustStore([private.certificate]), partner).statuses
    assert (status.name, status.explanation) == (
        "RevocationStatusUnknown",
        "CN=Private CA publishes no revocation list",
    )
    assert build(TrustStore([private.certificate]), partner, check_revocation=False).is_valid
    assert build(TrustStore([private.certificate], missing_list="empty"), partner).is_valid
    assert build(TrustStore([private.certificate], revocation_lists=[private.crl()]), partner).is_valid
    assert private.lists() == []


def test_an_ocsp_responder_is_somewhere_to_ask(authority):
    place = x509.AccessDescription(
        x509.oid.AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://ocsp.example")
    )
    asked = resigned(authority.client("p"), authority._key, (x509.AuthorityInformationAccess([place]), False))
    assert build(TrustStore([authority.certificate]), asked).is_valid


def test_lists_of_authorities_below():
    root = TestAuthority("Root")
    middle = root.intermediate("Middle")
    partner = middle.client("partner")
    middle.revoke(partner)
    chain = build(TrustStore([root.certificate], revocation_lists=root.lists()), partner)
    assert names(chain) == ["Revoked"]
