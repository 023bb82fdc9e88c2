"""A command line in a process of its own, and certificates made for the purpose."""

from __future__ import annotations

import datetime
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from tests.processes import APIMPOLICY, run_python

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCES = Path(__file__).resolve().parents[3] / "src"


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def sources() -> Path:
    """The directory to import apimpolicy from."""
    return SOURCES


@pytest.fixture
def apimpolicy(tmp_path: Path) -> Callable[..., Outcome]:
    """Run `apimpolicy …` in an empty directory; never sees a traceback."""

    def run(*arguments: str, stdin: bytes = b"", **environ: str) -> Outcome:
        own = {"PYTHONPATH": str(SOURCES), "PYTHONUTF8": "1", "NO_COLOR": "", "FORCE_COLOR": ""}
        done = run_python(*APIMPOLICY, *arguments, input=stdin, cwd=tmp_path, env={**os.environ, **own, **environ})
        outcome = Outcome(done.returncode, done.stdout, done.stderr)
        assert "Traceback" not in outcome.err
        return outcome

    return run


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with ca.pem, partner.pem, other.pem, expired.pem, selfmade.pem and partner.pfx (password: secret).

    unlisted.pem names no revocation list.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import pkcs12

    directory = tmp_path_factory.mktemp("certificates")
    made: dict[str, tuple[x509.Certificate, ec.EllipticCurvePrivateKey]] = {}

    list_url = x509.UniformResourceIdentifier("http://crl.example/ca.crl")
    place = x509.CRLDistributionPoints([x509.DistributionPoint([list_url], None, None, None)])
    no_place = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")

    def make(name: str, issuer: str | None, until: int, is_listed: bool = True) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(made[issuer][0].subject if issuer else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(datetime.datetime(2025, 1, 1))
            .not_valid_after(datetime.datetime(until, 1, 1))
            .add_extension(x509.BasicConstraints(issuer is None, None), critical=True)
            .add_extension(place if is_listed else no_place, critical=False)
            .sign(made[issuer][1] if issuer else key, hashes.SHA256())
        )
        made[name] = certificate, key
        (directory / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    make("ca", None, 2030)
    make("partner", "ca", 2028)
    make("other", "ca", 2028)
    make("expired", "ca", 2026)
    make("selfmade", None, 2028)
    make("unlisted", "ca", 2028, is_listed=False)
    certificate, key = made["partner"]
    encryption = serialization.BestAvailableEncryption(b"secret")
    (directory / "partner.pfx").write_bytes(
        pkcs12.serialize_key_and_certificates(b"partner", key, certificate, None, encryption)
    )
    return directory
