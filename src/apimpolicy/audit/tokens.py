"""Requirements and weaknesses of token checks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.audit.facts import Token, attribute_of
from apimpolicy.text.holes import is_unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.text.document import Element

_ANY_TENANT = re.compile(r"login\.microsoftonline\.(?:com|us)/(?:common|organizations|consumers)(?:/|$)", re.IGNORECASE)
_ANYBODY = re.compile(r"https?://(?:accounts\.google\.com|appleid\.apple\.com)(?:/|$)", re.IGNORECASE)
ENTRA = "https://login.microsoftonline.com"
_TENANTS = frozenset(("common", "organizations", "consumers"))
_TENANT = re.compile(r"login\.microsoftonline\.(?:com|us)/([^/]+)", re.IGNORECASE)


def token_of(element: Element) -> Token:
    """Read validate-jwt or validate-azure-ad-token requirements."""
    urls = [attribute_of(each, "url") for each in element.descendants() if each.name == "openid-config"]
    tenant = attribute_of(element, "tenant-id")
    issuers = [*_texts(element, "issuers", "issuer")]
    keys = [each for each in element.descendants() if each.name == "key" and _is_inside(each, "issuer-signing-keys")]
    claims = [attribute_of(each, "name") for each in element.descendants() if each.name == "claim"]
    audiences = [*_texts(element, "audiences", "audience")]
    audiences += _texts(element, "backend-application-ids", "application-id")
    applications = [*_texts(element, "client-application-ids", "application-id")]
    weaknesses: list[str] = []
    if attribute_of(element, "require-signed-tokens").lower() == "false":
        weaknesses.append("unsigned tokens are accepted")
    if attribute_of(element, "require-expiration-time").lower() == "false":
        weaknesses.append("tokens never have to expire")
    if any(each.text.strip() and not is_unknown(each.text) and each.expression is None for each in keys):
        weaknesses.append("the signing key is written in the policy")
    if not (audiences or claims or applications or keys):
        weaknesses.append("any audience")
    if (not issuers and any(_ANY_TENANT.search(url) for url in urls)) or tenant.lower() in _TENANTS:
        weaknesses.append("any tenant")
    if any(_ANYBODY.search(url) for url in urls) and not (audiences or applications):
        weaknesses.append("any account of a public provider")
    shown = issuers or ([tenant] if tenant else [_issuer(url) for url in urls if url])
    if tenant:
        urls.append(
            f"{attribute_of(element, 'authentication-endpoint') or ENTRA}/{tenant.rstrip('/').rpartition('/')[2]}"
        )
    return Token(tuple(shown), tuple(audiences), tuple(claims), tuple(applications), tuple(weaknesses), tuple(urls))


def _issuer(url: str) -> str:
    found = _TENANT.search(url)
    return found[1] if found else url.partition("/.well-known")[0].removeprefix("https://")


def _is_inside(element: Element, name: str) -> bool:
    return getattr(element.parent, "name", "") == name


def _texts(element: Element, group: str, name: str) -> Iterator[str]:
    for each in element.descendants():
        if each.name == name and _is_inside(each, group):
            yield each.text.strip()
