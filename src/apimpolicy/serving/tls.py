"""TLS that asks for a client certificate where the host negotiates, and never refuses one: policies judge it.

Python's own `ssl` refuses a certificate that it does not trust, so these connections are pyOpenSSL's, behind the two
objects that asyncio knows: an `ssl.SSLContext`, and what its `wrap_bio` gives.

The authority and the certificate of a gateway on this machine, made at the first start and kept for the user.

The folder is `$APIMPOLICY_HOME/serve`, else that of the system for a user's data. The authority's key never leaves it;
it may sign for this machine and for the host names that the user names alone (name constraints), so that a client that
trusts it trusts nothing else: no file of a checkout adds a name.
"""

from __future__ import annotations

import datetime
import functools
import ipaddress
import os
import ssl
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID
from OpenSSL import SSL

from apimpolicy.csharp.dotnet.cryptography.certificate_parts import present
from apimpolicy.csharp.dotnet.cryptography.issuing import common_name, issue, new_key
from apimpolicy.gateway.engine.backends import AnyBackend, BackendPool

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate
    from apimpolicy.serving.ledger import Ledger

_BLOCK = 65536


class AskingContext(ssl.SSLContext):
    """The context of a server with this certificate chain and key (paths to PEM files).

    `asks` says for a host name, as the caller names it in the handshake (empty when it names none), whether to ask for
    a client certificate. Raises OSError for files that cannot be read or are no certificate.
    """

    def __new__(cls, chain: str, key: str, asks: Callable[[str], bool]) -> AskingContext:
        made = super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)
        made._openssl = _context(chain, key, asks)
        return made

    def __init__(self, *_: Any) -> None:
        self._openssl: SSL.Context
        self.ledger: Ledger | None = None
        """The account of connections; no handshake is done when it is full."""

    def wrap_bio(  # type: ignore[override] # what asyncio needs of an SSLObject, and no more
        self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *_: Any, **__: Any
    ) -> AskingConnection:
        return AskingConnection(self._openssl, incoming, outgoing, self.ledger)


def _context(chain: str, key: str, asks: Callable[[str], bool]) -> SSL.Context:
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    try:
        context.use_certificate_chain_file(chain)
        context.use_privatekey_file(key)
    except SSL.Error as error:
        raise OSError(f"{chain} or {key} is not a certificate with its key: {error}") from None
    context.set_session_id(b"apimpolicy")
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_options(SSL.OP_NO_TICKET | SSL.OP_NO_RENEGOTIATION)
    context.set_alpn_select_callback(_http_1)

    def named(connection: SSL.Connection) -> None:
        name = connection.get_servername() or b""
        if asks(name.decode("ascii", "replace")):
            connection.set_verify(SSL.VERIFY_PEER, _accept)

    context.set_tlsext_servername_callback(named)
    return context


def _accept(*_: object) -> bool:
    return True


def _http_1(_: SSL.Connection, offered: list[bytes]) -> Any:
    return b"http/1.1" if b"http/1.1" in offered else SSL.NO_OVERLAPPING_PROTOCOLS


class AskingConnection:
    """The part of `ssl.SSLObject` that asyncio uses."""

    def __init__(
        self, context: SSL.Context, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, ledger: Ledger | None = None
    ) -> None:
        self._ledger = ledger
        self._incoming, self._outgoing = incoming, outgoing
        self._tls = SSL.Connection(context, None)
        self._tls.set_accept_state()
        self.context = context

    def client_certificates(self) -> list[bytes]:
        """Return the certificates of the caller in DER, its own first; empty if it presented none."""
        own = self._tls.get_peer_certificate(as_cryptography=True)
        if own is None:
            return []
        chain = self._tls.get_peer_cert_chain(as_cryptography=True) or []
        first = own.public_bytes(Encoding.DER)
        others = [each.public_bytes(Encoding.DER) for each in chain]
        return [first, *(each for each in others if each != first)]

    def do_handshake(self) -> None:
        if self._ledger is not None and self._ledger.is_full:
            raise ssl.SSLError(ssl.SSL_ERROR_SSL, "there are too many connections")
        self._do(self._tls.do_handshake)

    def read(self, size: int = 1024, buffer: Any = None) -> Any:
        data = self._do(self._tls.recv, size)
        if buffer is None:
            return data
        buffer[: len(data)] = data
        return len(data)

    def write(self, data: Any) -> int:
        sent: int = self._do(self._tls.send, bytes(data))
        return sent

    def unwrap(self) -> None:
        self._do(self._tls.shutdown)

    def getpeercert(self, binary_form: bool = False) -> Any:
        found = self.client_certificates()
        return (found[0] if binary_form else {}) if found else None

    def cipher(self) -> tuple[str | None, str | None, int]:
        return self._tls.get_cipher_name(), self._tls.get_cipher_version(), self._tls.get_cipher_bits() or 0

    def compression(self) -> None:
        return None

    def version(self) -> str:
        return self._tls.get_protocol_version_name()

    def selected_alpn_protocol(self) -> str | None:
        return self._tls.get_alpn_proto_negotiated().decode() or None

    def pending(self) -> int:
        return self._tls.pending()

    def _do(self, call: Callable[..., Any], *arguments: Any) -> Any:
        data = self._incoming.read()
        if data:
            self._tls.bio_write(data)
        try:
            return call(*arguments)
        except SSL.WantReadError:
            raise ssl.SSLWantReadError(ssl.SSL_ERROR_WANT_READ, "want read") from None
        except SSL.ZeroReturnError:
            raise ssl.SSLZeroReturnError(ssl.SSL_ERROR_ZERO_RETURN, "closed") from None
        except SSL.SysCallError as error:
            raise ssl.SSLSyscallError(ssl.SSL_ERROR_SYSCALL, str(error)) from None
        except SSL.Error as error:
            raise ssl.SSLError(ssl.SSL_ERROR_SSL, str(error)) from None
        finally:
            self._flush()

    def _flush(self) -> None:
        try:
            while True:
                self._outgoing.write(self._tls.bio_read(_BLOCK))
        except SSL.WantReadError:
            pass


class BackendTrust:
    """The authorities that TLS to backends trusts, those of the machine and `roots`, and the checks of each backend.

    `backends` are those of the gateway. Each one tells whether the chain and the name of its certificate are checked.
    """

    def __init__(self, roots: Iterable[Certificate] = (), backends: Mapping[str, AnyBackend] | None = None) -> None:
        self._roots = "\n".join(root.to_pem() for root in roots)
        self._checks = [
            (place, each.validates_certificate_chain, each.validates_certificate_name)
            for each in (backends or {}).values()
            if not isinstance(each, (str, BackendPool)) and (place := _url_parts(each.url)) is not None
        ]
        self._contexts: dict[tuple[str | None, bool, bool], ssl.SSLContext] = {}

    def context(self, url: str, certificate: Certificate | None) -> ssl.SSLContext:
        """Return the context for a request, with the gateway's own certificate if the policy chose one."""
        chain, name = self._checks_of(url)
        key = (None if certificate is None else certificate.thumbprint, chain, name)
        found = self._contexts.get(key)
        if found is None:
            found = self._contexts[key] = self._made(certificate, chain, name)
        return found

    def _checks_of(self, url: str) -> tuple[bool, bool]:
        """Return whether the chain and the name are checked, by the backend with the longest matching path.

        Where several backends have the same URL, a check that one of them asks for is made.
        """
        place = _url_parts(url)
        around = [found for found in self._checks if place is not None and _is_below(place, found[0])]
        length = max((len(base.segments) for base, _, _ in around), default=0)
        nearest = [(chain, name) for base, chain, name in around if len(base.segments) == length]
        if not nearest:
            return True, True
        return any(chain for chain, _ in nearest), any(name for _, name in nearest)

    def _made(self, certificate: Certificate | None, checks_chain: bool, checks_name: bool) -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # .NET does not ask for what RFC 5280 has beyond the chain
        if self._roots:
            context.load_verify_locations(cadata=self._roots)
        context.check_hostname = checks_name and checks_chain
        if not checks_chain:
            context.verify_mode = ssl.CERT_NONE
        if certificate is not None:
            present(context, certificate)
        return context


class _UrlParts(NamedTuple):
    """The parts of a URL: two URLs with the same scheme, host and port share connections and certificates."""

    scheme: str
    host: str
    port: int
    segments: tuple[str, ...]


@functools.lru_cache(maxsize=1024)
def _url_parts(url: str) -> _UrlParts | None:
    """Return the parts of a URL, or None for one that can't be requested."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}[parts.scheme]
    except (ValueError, KeyError):
        return None
    segments = tuple(parts.path.strip("/").split("/")) if parts.path.strip("/") else ()
    return _UrlParts(parts.scheme, parts.hostname or "", port, segments)


def _is_below(place: _UrlParts, base: _UrlParts) -> bool:
    return place[:3] == base[:3] and place.segments[: len(base.segments)] == base.segments


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


def authority_path(folder: Path | None = None, names: Iterable[str] = ()) -> Path:
    """Return the path of the authority's certificate, which may sign for this machine and for these names.

    It is made if it doesn't exist, and again, with the same key, for a name that the user hasn't named before. Raises
    OSError.
    """
    folder = folder or user_folder()
    path = folder / "authority.pem"
    has_key = path.exists() and (folder / "authority.key").exists()
    before = _permitted(path) if has_key else frozenset()
    permitted = before.union(map(_constraint, _alternatives({*_ALWAYS, *names})))
    if has_key and permitted == before:
        return path
    if has_key:
        key: Any = serialization.load_pem_private_key((folder / "authority.key").read_bytes(), None)
    else:
        key = new_key()
        _write(folder / "authority.key", _key_text(key), secret=True)
    _write(path, _certificate_text(_make_authority(key, permitted)))
    return path


def _permitted(path: Path) -> frozenset[Any]:
    """Return what an authority may sign for; empty for one that may sign for everything, or can't be read."""
    try:
        found = x509.load_pem_x509_certificate(path.read_bytes())
        return frozenset(found.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees or ())
    except (ValueError, x509.ExtensionNotFound):
        return frozenset()


def _constraint(name: Any) -> Any:
    """Return the constraint that permits a name: an address by itself, a host with the names below it."""
    if isinstance(name, x509.IPAddress):
        return x509.IPAddress(ipaddress.ip_network(name.value))
    return x509.DNSName(name.value.removeprefix("*."))


def server_certificate(names: Iterable[str] = (), folder: Path | None = None) -> ServerCertificate:
    """Return a certificate for these host names and for this machine, renewed when necessary. Raises OSError."""
    folder = folder or user_folder()
    wanted = sorted({*_ALWAYS, *(name.lower() for name in names if name)})
    authority = authority_path(folder, wanted)
    chain, key = folder / "server.pem", folder / "server.key"
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


def _make_authority(key: Any, permitted: Iterable[Any]) -> Any:
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
        (x509.NameConstraints(sorted(permitted, key=repr), None), True),
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
