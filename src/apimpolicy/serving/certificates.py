"""The authority and the certificate of a gateway on this machine, made at the first start and kept for the user.

The folder is `$APIMPOLICY_HOME/serve`, else that of the system for a user's data. The authority's key never leaves it;
it may sign for the names of this gateway alone, so that a client that trusts it trusts nothing else.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from apimpolicy.dotnet.cryptography.issuing import common_name, issue, new_key

_AUTHORITY_YEARS, _DAYS, _RENEWED_BEFORE = 10, 397, 30
_ALWAYS = ("localhost", "127.0.0.1", "::1")


class ServerCertificate(NamedTuple):
    """Paths to PEM files: the certificate, its key, and the authority that callers are to trust."""

    chain: str
    key: str
    authority: str


def user_folder() -> Path:
    given = os.environ.get("APIMPOLICY_HOME")
    if given:
        return Path(given) / "serve"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "apimpolicy" / "serve"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "apimpolicy" / "serve"


def authority_path(folder: Path | None = None) -> Path:
    """Return the path of the authority's certificate, made if it doesn't exist. Raises OSError."""
    folder = folder or user_folder()
    path = folder / "authority.pem"
    if not path.exists() or not (folder / "authority.key").exists():
        key = new_key()
        _write(folder / "authority.key", _key_text(key), secret=True)
        _write(path, _certificate_text(_make_authority(key)))
    return path


def server_certificate(names: Iterable[str] = (), folder: Path | None = None) -> ServerCertificate:
    """Return a certificate for these host names and for this machine, renewed when necessary. Raises OSError."""
    folder = folder or user_folder()
    authority = authority_path(folder)
    chain, key = folder / "server.pem", folder / "server.key"
    wanted = sorted({*_ALWAYS, *(name.lower() for name in names if name)})
    if not (chain.exists() and key.exists() and _is_good(chain, authority, wanted)):
        made = new_key()
        _write(key, _key_text(made), secret=True)
        _write(chain, _certificate_text(_make_server(made, wanted, folder)))
    return ServerCertificate(str(chain), str(key), str(authority))


def _is_good(chain: Path, authority: Path, names: list[str]) -> bool:
    try:
        found = x509.load_pem_x509_certificate(chain.read_bytes())
        found.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.read_bytes()))
        held = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except Exception:  # whatever is wrong with a file, a new one is right
        return False
    ends = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=_RENEWED_BEFORE)
    return found.not_valid_after_utc > ends and set(_alternatives(names)) <= set(held)


def _alternatives(names: Iterable[str]) -> list[Any]:
    found: list[Any] = []
    for name in names:
        try:
            found.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            if name.isascii():
                found.append(x509.DNSName(name))
    return found


def _make_authority(key: Any) -> Any:
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    name = f"apimpolicy on {os.uname().nodename if hasattr(os, 'uname') else 'this machine'}"[:64]
    extensions = [
        (x509.BasicConstraints(ca=True, path_length=0), True),
        (usage, True),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
    ]
    serial_number = x509.random_serial_number()
    return issue(common_name(name), key, *_life(365 * _AUTHORITY_YEARS), extensions, serial_number=serial_number)


def _make_server(key: Any, names: list[str], folder: Path) -> Any:
    authority_key: Any = serialization.load_pem_private_key((folder / "authority.key").read_bytes(), None)
    authority = x509.load_pem_x509_certificate((folder / "authority.pem").read_bytes())
    extensions = [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.SubjectAlternativeName(_alternatives(names)), False),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), False),
    ]
    return issue(
        common_name("localhost"),
        key,
        *_life(_DAYS),
        extensions,
        serial_number=x509.random_serial_number(),
        issuer=authority.subject,
        signing_key=authority_key,
    )


def _life(days: int) -> tuple[datetime.datetime, datetime.datetime]:
    """Return when a certificate made now begins and ends."""
    now = datetime.datetime.now(datetime.UTC)
    return now - datetime.timedelta(hours=1), now + datetime.timedelta(days=days)


def _key_text(key: Any) -> bytes:
    found: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return found


def _certificate_text(certificate: Any) -> bytes:
    found: bytes = certificate.public_bytes(Encoding.PEM)
    return found


def _write(path: Path, data: bytes, *, secret: bool = False) -> None:
    """Write a file at once: another gateway that starts now sees all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600 if secret else 0o644), "wb") as file:
        file.write(data)
    os.replace(beside, path)
