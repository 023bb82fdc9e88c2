"""TLS to backends: the authorities that the gateway trusts, and which certificates it does not check."""

from __future__ import annotations

import functools
import ssl
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from apimpolicy.dotnet.cryptography.certificate_parts import present
from apimpolicy.engine.backends import BackendPool

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from apimpolicy.dotnet.cryptography.certificate import Certificate
    from apimpolicy.engine.backends import AnyBackend


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
