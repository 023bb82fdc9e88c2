"""Certificates: reading them in every format, and what C# sees of them."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from apimpolicy.csharp.dotnet.cryptography import certificate_members as members
from apimpolicy.csharp.dotnet.cryptography.certificate import BareCertificate, Certificate
from apimpolicy.csharp.dotnet.cryptography.certificate_parts import PublicKey, extension_text
from apimpolicy.csharp.dotnet.cryptography.identifiers import HashAlgorithmName, format_name
from apimpolicy.csharp.dotnet.exceptions import (
    ArgumentException,
    CryptographicException,
    DotnetException,
    PlatformNotSupportedException,
)
from apimpolicy.csharp.dotnet.registry import bound
from apimpolicy.csharp.dotnet.values import byte_array, type_of
from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.context.loading import read_certificates
from apimpolicy.testing.authority import TestAuthority, self_signed

CONTEXTS = Path(__file__).resolve().parents[6] / "shared" / "conformance" / "contexts.json"


@pytest.fixture(scope="module")
def authority():
    return TestAuthority("CN=Contoso Test CA, O=Contoso, C=US")


@pytest.fixture(scope="module")
def partner(authority):
    return authority.client("partner", dns_names=["partner.example"], email="me@partner.example")


@pytest.fixture(scope="module")
def known():
    """The certificates of the conformance data, about which .NET's answers are known."""
    if not CONTEXTS.exists():
        pytest.skip("the shared conformance data is not here")
    import json

    return read_certificates(json.loads(CONTEXTS.read_text())["certs"])


def called(certificate, member, *arguments):
    return bound(NAMESPACE + "X509Certificate", member)(certificate, *arguments)


def test_what_dotnet_says(known):
    client = known["client"]
    assert client.thumbprint == "5E658AF48E85AF5A28946579B012A97FFC69B4A6"
    assert client.subject == client.subject_name.name == "CN=client.fabrikam.example, O=Fabrikam, C=US"
    assert client.issuer == client.issuer_name.name == "CN=Contoso Test CA, O=Contoso, C=US"
    assert client.serial_number == "1A2B3C4D5E"
    assert client.friendly_name == ""
    assert (client.version, client.has_private_key) == (3, False)
    assert called(client, "string GetFormat()") == "X509"
    assert called(client, "string GetName()") == "C=US, O=Fabrikam, CN=client.fabrikam.example"
    assert members.name_info(client, members.SIMPLE_NAME, False) == "client.fabrikam.example"
    assert members.name_info(client, members.SIMPLE_NAME, True) == "Contoso Test CA"
    assert members.name_info(client, members.DNS_NAME, False) == "client.fabrikam.example"
    assert members.name_info(client, members.EMAIL_NAME, False) == "client@fabrikam.example"
    assert members.name_info(client, members.URL_NAME, False) == ""
    assert len(called(client, "byte[] GetCertHash()")) == 20
    assert called(client, "string GetKeyAlgorithm()") == "1.2.840.113549.1.1.1"
    assert client.signature_algorithm.value == "1.2.840.113549.1.1.11"
    assert client.signature_algorithm.friendly_name == "sha256RSA"
    assert called(client, "string GetKeyAlgorithmParametersString()") == "0500"
    assert called(client, "string GetExpirationDateString()") == "11/21/2036 13:37:11"
    assert bytes(called(client, "byte[] GetSerialNumber()")) == bytes.fromhex("5E4D3C2B1A")
    assert [e.oid.value for e in client.extensions] == ["2.5.29.17", "2.5.29.37", "2.5.29.15", "2.5.29.14", "2.5.29.35"]
    names = client.extensions.find("2.5.29.17")
    assert names.format(False) == "DNS:client.fabrikam.example, email:client@fabrikam.example"
    assert members.from_bytes(Certificate, members.raw_data(client)).thumbprint == client.thumbprint


def test_to_string(known):
    assert (
        known["client"]
        .to_string()
        .startswith("[Subject]\n  CN=client.fabrikam.example, O=Fabrikam, C=US\n\n[Issuer]\n")
    )
    assert known["client"].to_string().endswith("\n[Thumbprint]\n  5E658AF48E85AF5A28946579B012A97FFC69B4A6\n")


def named_parts(*parts):
    """A name from (oid, value) pairs or lists of such pairs, most general first."""
    rdns = []
    for part in parts:
        pairs = part if isinstance(part, list) else [part]
        rdns.append(
            x509.RelativeDistinguishedName(
                [x509.NameAttribute(x509.ObjectIdentifier(oid), value) for oid, value in pairs]
            )
        )
    return x509.Name(rdns)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (named_parts(("2.5.4.10", "Contoso, Inc."), ("2.5.4.3", "a")), 'CN=a, O="Contoso, Inc."'),
        (named_parts(("2.5.4.3", 'say "hi"')), 'CN="say ""hi"""'),
        (named_parts(("2.5.4.3", " padded ")), 'CN=" padded "'),
        (named_parts(("2.5.4.3", "a+b")), 'CN="a+b"'),
        (named_parts(("2.5.4.3", "a;b")), 'CN="a;b"'),
        (named_parts(("2.5.4.8", "Bavaria"), ("2.5.4.7", "Nuremberg")), "L=Nuremberg, S=Bavaria"),
        (named_parts(("1.2.840.113549.1.9.1", "a@b.example")), "E=a@b.example"),
        (named_parts(("1.2.3.4", "odd")), "OID.1.2.3.4=odd"),
        (named_parts([("2.5.4.3", "a"), ("2.5.4.11", "b")]), "CN=a + OU=b"),
        (named_parts(("0.9.2342.19200300.100.1.25", "example")), "DC=example"),
        (named_parts(("2.5.4.3", "Zoë 😀")), "CN=Zoë \ud83d\ude00"),
        (named_parts(), ""),
    ],
)
def test_distinguished_names(name, expected):
    assert format_name(name) == expected


def test_a_high_first_bit_of_the_serial_number_keeps_its_zero(authority):
    assert authority.client("x", serial_number=0x80).serial_number == "0080"
    assert authority.client("x", serial_number=0x7F).serial_number == "7F"


def test_equality_is_issuer_and_serial_number(authority, partner):
    twin = authority.client("someone else", serial_number=partner.parsed.serial_number)
    assert twin == partner
    assert hash(twin) == hash(partner)
    assert twin.thumbprint != partner.thumbprint
    assert authority.client("partner") != partner
    assert partner != "CN=partner"


def test_round_trips(partner, tmp_path):
    pem = partner.to_pem(include_key=True, include_intermediates=True)
    assert Certificate.from_pem(pem).has_private_key
    assert not Certificate.from_pem(partner.to_pem()).has_private_key
    assert Certificate.from_der(partner.raw).thumbprint == partner.thumbprint
    archive = pkcs12.serialize_key_and_certificates(
        b"my partner", partner.private_key, partner.parsed, None, serialization.BestAvailableEncryption(b"secret")
    )
    for data, password in ((pem.encode(), None), (partner.raw, None), (archive, "secret")):
        file = tmp_path / "certificate"
        file.write_bytes(data)
        assert Certificate.from_file(file, password).thumbprint == partner.thumbprint
    assert Certificate.from_pkcs12(archive, "secret").friendly_name == "my partner"


def test_the_private_key_chooses_the_certificate_of_a_pem(authority, partner):
    pem = authority.certificate.to_pem() + partner.to_pem(include_key=True)
    found = Certificate.from_pem(pem)
    assert found.thumbprint == partner.thumbprint
    assert [c.thumbprint for c in found.intermediates] == [authority.certificate.thumbprint]


def encrypted_key(partner):
    return partner.private_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"secret")
    ).decode()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (lambda p: "", "is empty"),
        (lambda p: " \n", "is empty"),
        (lambda p: "hello", "holds no certificate"),
        (lambda p: "-----BEGIN CERTIFICATE-----\nAAAA\n", "has no '-----END CERTIFICATE-----'"),
        (lambda p: "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----", "block 1 (CERTIFICATE) is broken"),
        (lambda p: "-----BEGIN ", "does not end in five hyphens"),
        (lambda p: p.to_pem() + self_signed("other").to_pem(include_key=True).partition("-----BEGIN PRIV")[1]
            + self_signed("other").to_pem(include_key=True).partition("-----BEGIN PRIV")[2], "belongs to none"),
        (lambda p: p.to_pem() + encrypted_key(p), "needs a password"),
        (lambda p: p.to_pem(include_key=True).partition("-----BEGIN PRIV")[1]
            + p.to_pem(include_key=True).partition("-----BEGIN PRIV")[2], "holds no certificate"),
    ],
)  # fmt: skip
def test_broken_pem(partner, text, sentence):
    with pytest.raises(ConfigurationError) as caught:
        Certificate.from_pem(text(partner))
    assert sentence in str(caught.value)


def test_passwords(partner):
    pem = partner.to_pem() + encrypted_key(partner)
    assert Certificate.from_pem(pem, "secret").has_private_key
    with pytest.raises(ConfigurationError, match="the password of its private key is wrong"):
        Certificate.from_pem(pem, "nope")
    archive = pkcs12.serialize_key_and_certificates(
        None, partner.private_key, partner.parsed, None, serialization.BestAvailableEncryption(b"secret")
    )
    with pytest.raises(ConfigurationError, match="the password is wrong"):
        Certificate.from_pkcs12(archive, "nope")
    with pytest.raises(ConfigurationError, match="needs a password"):
        Certificate.from_pkcs12(archive)
    with pytest.raises(ConfigurationError, match="not a PKCS#12 file"):
        Certificate.from_pkcs12(b"nonsense", "secret")
    with pytest.raises(CryptographicException, match="The specified network password is not correct"):
        members.read_certificate(Certificate, byte_array(archive), "nope")
    assert members.read_certificate(Certificate, byte_array(archive), "secret").has_private_key


@pytest.mark.parametrize("data", [b"\x30", b"\x30\x82\xff\xff", b"\x00" * 100, b"garbage", bytes(range(256))])
def test_broken_der(data):
    with pytest.raises(ConfigurationError):
        Certificate.from_der(data)
    with pytest.raises(CryptographicException):
        members.from_bytes(Certificate, byte_array(data))


def test_every_cut_of_a_certificate_is_refused_cleanly(partner):
    for length in range(0, len(partner.raw), 7):
        with pytest.raises(ConfigurationError):
            Certificate.from_der(partner.raw[:length])


def test_flipped_bytes_are_read_or_refused_cleanly(partner):
    for position in range(0, len(partner.raw), 3):
        data = bytearray(partner.raw)
        data[position] ^= 0x55
        try:
            read = Certificate.from_der(bytes(data))
        except ConfigurationError:
            continue
        assert read.thumbprint != partner.thumbprint
        assert read.to_string()


def test_many_opening_lines_cost_no_more_than_their_length():
    with pytest.raises(ConfigurationError):
        Certificate.from_pem("-----BEGIN CERTIFICATE-----\n" * 100_000)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(ConfigurationError, match=r"cannot read .*missing\.pem"):
        Certificate.from_file(tmp_path / "missing.pem")
    empty = tmp_path / "empty.pem"
    empty.write_bytes(b"")
    with pytest.raises(ConfigurationError, match=r"empty\.pem is empty"):
        Certificate.from_file(empty)


def test_constructor_arguments():
    with pytest.raises(ArgumentException) as caught:
        members.read_certificate(Certificate, None, None)
    assert caught.value.message == "Array may not be empty or null. (Parameter 'rawData')"


def test_members(partner):
    assert (
        called(
            partner,
            "string GetCertHashString(System.Security.Cryptography.HashAlgorithmName hashAlgorithm)",
            HashAlgorithmName("SHA256"),
        )
        == partner.parsed.fingerprint(hashes.SHA256()).hex().upper()
    )
    assert called(partner, "string GetPublicKeyString()").startswith("04")
    assert partner.public_key.oid.friendly_name == "ECC"
    assert members.rsa_public_key(partner) is None
    assert bytes(members.export(partner, 1)) == partner.raw
    exported = members.export(partner, 3, "secret")
    assert Certificate.from_pkcs12(bytes(exported), "secret").has_private_key
    assert members.content_type(exported) == 3
    assert members.content_type(byte_array(partner.raw)) == 1
    assert members.name_info(partner, members.DNS_FROM_ALTERNATIVE_NAME, False) == "partner.example"
    assert partner.get_hash_code() & 0xFFFFFFFF == int(partner.thumbprint[:8], 16)


def test_rsa_keys(authority):
    partner = authority.client("rsa", rsa=True)
    from apimpolicy.csharp.dotnet.cryptography.rsa_parameters import PKCS1_SIGNATURE

    name = HashAlgorithmName("SHA256")
    signature = members.rsa_private_key(partner).sign_data(byte_array(b"x"), name, PKCS1_SIGNATURE)
    assert members.rsa_public_key(partner).verify_data(byte_array(b"x"), signature, name, PKCS1_SIGNATURE)
    assert members.rsa_private_key(Certificate.from_der(partner.raw)) is None


def test_user_principal_name():
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([])
    other = x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), b"\x0c\x03a@b")
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.datetime(2020, 1, 1))
        .not_valid_after(datetime.datetime(2030, 1, 1))
        .add_extension(x509.SubjectAlternativeName([other]), False)
        .sign(key, hashes.SHA256())
    )
    assert members.name_info(Certificate(built), members.UPN_NAME, False) == "a@b"
    assert Certificate(built).subject == ""


def test_reading_the_thumbprint_again_is_an_attribute_read(partner):
    assert partner.thumbprint == vars(partner)["thumbprint"]


NAMESPACE = "System.Security.Cryptography.X509Certificates."


@pytest.mark.parametrize("name", ["X509Certificate", "X509Certificate2"])
def test_certificates_without_data(name):
    """No bytes make an empty certificate, whose members fail; so does `Reset()`."""
    parameter = "rawData" if name.endswith("2") else "data"
    for made in (
        bound(NAMESPACE + name, "new()")(),
        bound(NAMESPACE + name, f"new(byte[] {parameter})")(None),
        bound(NAMESPACE + name, f"new(byte[] {parameter})")(byte_array(b"")),
    ):
        assert made.to_string() == NAMESPACE + name
        assert (made.get_hash_code(), made.equals(Certificate(None))) == (0, True)
        with pytest.raises(CryptographicException, match="m_safeCertContext is an invalid handle"):
            _ = made.subject
    with pytest.raises(ArgumentException) as caught:
        bound(NAMESPACE + name, "new(byte[] rawData, string password)")(None, None)
    assert caught.value.message == "Array may not be empty or null. (Parameter 'rawData')"
    with pytest.raises(PlatformNotSupportedException, match="immutable on this platform"):
        bound(NAMESPACE + name, "void Import(byte[] rawData)")(made, byte_array(b"x"))


def test_reset(partner):
    copied = members.copy_as(Certificate, partner)
    assert copied.subject == partner.subject
    copied.reset()
    with pytest.raises(CryptographicException):
        _ = copied.subject
    assert partner.subject


def test_bare_certificates(partner):
    bare = members.from_bytes(BareCertificate, byte_array(partner.raw))
    assert bare.to_string() == str(type_of(bare)) == NAMESPACE + "X509Certificate"
    verbose = bound(NAMESPACE + "X509Certificate", "string ToString(bool fVerbose)")
    assert verbose(bare, False) == NAMESPACE + "X509Certificate"
    assert verbose(bare, True) == partner.to_string()
    assert bare == partner


def test_long_text(known):
    text = bound(NAMESPACE + "X509Certificate2", "string ToString(bool verbose)")
    client = known["client"]
    assert text(client, False) == client.to_string()
    headings = [line for line in text(client, True).split("\n") if line.startswith("[")]
    assert headings == [
        "[Version]", "[Subject]", "[Issuer]", "[Serial Number]", "[Not Before]", "[Not After]", "[Thumbprint]",
        "[Signature Algorithm]", "[Public Key]", "[Extensions]",
    ]  # fmt: skip
    assert text(client, True).startswith(
        "[Version]\n  V3\n\n[Subject]\n  CN=client.fabrikam.example, O=Fabrikam, C=US\n"
        "  Simple Name: client.fabrikam.example\n  Email Name: client@fabrikam.example\n"
    )


EXTENSION_TEXTS = [
    (x509.BasicConstraints(ca=True, path_length=1), "CA:TRUE, pathlen:1"),
    (x509.BasicConstraints(ca=False, path_length=None), "CA:FALSE"),
    (x509.KeyUsage(True, False, True, False, False, False, False, False, False), "Digital Signature, Key Encipherment"),
    (
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, x509.ObjectIdentifier("1.2.3")]),
        "TLS Web Client Authentication, 1.2.3",
    ),
    (x509.SubjectKeyIdentifier(b"\x01\xab"), "01:AB"),
    (x509.AuthorityKeyIdentifier(b"\x01\xab", None, None), "keyid:01:AB\n"),
    (x509.SubjectAlternativeName([x509.DNSName("a.example"), x509.RFC822Name("b@c")]), "DNS:a.example, email:b@c"),
    (
        x509.AuthorityInformationAccess(
            [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://o"))]
        ),
        "OCSP - URI:http://o\n",
    ),
    (
        x509.CRLDistributionPoints(
            [x509.DistributionPoint([x509.UniformResourceIdentifier("http://c")], None, None, None)]
        ),
        "\nFull Name:\n  URI:http://c\n",
    ),
    (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3"), b"\x05\x00"), None),
]


@pytest.mark.parametrize(("extension", "text"), EXTENSION_TEXTS)
def test_extensions_in_words(extension, text):
    assert extension_text(extension) == text


def test_a_key_goes_to_its_certificate_only(authority):
    owner, other = authority.client("owner", rsa=True), authority.client("other", rsa=True)
    public = Certificate.from_der(owner.raw)
    again = members.copy_with_private_key(public, members.rsa_private_key(owner))
    assert again.has_private_key
    for certificate, key, message in (
        (public, members.rsa_private_key(other), "The provided key does not match the public key for this certificate."
         " (Parameter 'privateKey')"),
        (owner, members.rsa_private_key(owner), "The certificate already has an associated private key."),
        (public, None, "Value cannot be null. (Parameter 'privateKey')"),
        (None, None, "Value cannot be null. (Parameter 'certificate')"),
    ):  # fmt: skip
        with pytest.raises(DotnetException) as caught:
            members.copy_with_private_key(certificate, key)
        assert caught.value.message == message


def test_public_keys_from_parts(authority):
    key = authority.client("owner", rsa=True).public_key
    made = PublicKey.create(key.oid, key.encoded_parameters, key.encoded_key_value)
    assert made.algorithm().to_xml_string(False) == key.algorithm().to_xml_string(False)
    with pytest.raises(ArgumentException, match="'oid'"):
        PublicKey.create(None, key.encoded_parameters, key.encoded_key_value)


def test_what_cannot_be_exported(partner):
    with pytest.raises(CryptographicException, match="Invalid content type"):
        members.export(partner, 5)
    with pytest.raises(PlatformNotSupportedException):
        members.export(partner, 2)
