"""Requirements and weaknesses of token checks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from apimpolicy.audit.facts import Token, attribute_of
from apimpolicy.text.document import Characters, Element
from apimpolicy.text.source import is_unknown

_ANY_TENANT = re.compile(r"login\.microsoftonline\.(?:com|us)/(?:common|organizations|consumers)(?:/|$)", re.IGNORECASE)
_ANYBODY = re.compile(r"https?://(?:accounts\.google\.com|appleid\.apple\.com)(?:/|$)", re.IGNORECASE)
_OF_ISSUER = frozenset(("iss", "tid", "idp", "ver", "exp", "nbf", "iat"))
ENTRA = "https://login.microsoftonline.com"
_TENANTS = frozenset(("common", "organizations", "consumers"))
_TENANT = re.compile(r"login\.microsoftonline\.(?:com|us)/([^/]+)", re.IGNORECASE)


def token_of(element: Element, is_chosen: Callable[[Characters], bool] = lambda value: False) -> Token:
    """Read validate-jwt or validate-azure-ad-token requirements; `is_chosen` tells what callers can choose."""
    urls = [attribute_of(each, "url") for each in element.descendants() if each.name == "openid-config"]
    tenant = attribute_of(element, "tenant-id")
    issuers = [*_texts(element, is_chosen, "issuers", "issuer")]
    keys = [each for each in element.descendants() if each.name == "key" and _is_inside(each, "issuer-signing-keys")]
    required = [each for each in element.descendants() if each.name == "claim"]
    audiences = [*_texts(element, is_chosen, "audiences", "audience")]
    audiences += _texts(element, is_chosen, "backend-application-ids", "application-id")
    applications = [*_texts(element, is_chosen, "client-application-ids", "application-id")]
    weak: list[str] = []
    if attribute_of(element, "require-signed-tokens").lower() == "false":
        weak.append("unsigned tokens are accepted")
    if any(each.text.strip() and not is_unknown(each.text) and each.expression is None for each in keys):
        weak.append("the signing key is written in the policy")
    if not (audiences or applications or keys or any(_narrows(claim) for claim in required)):
        weak.append("any audience")
    chooses_tenant = (written := element.get("tenant-id")) is not None and is_chosen(written.value)
    if (not issuers and any(_ANY_TENANT.search(url) for url in urls)) or tenant.lower() in _TENANTS or chooses_tenant:
        weak.append("any tenant")
    if any(_ANYBODY.search(url) for url in urls) and not (audiences or applications):
        weak.append("any account of a public provider")
    weaknesses = list(weak)
    if attribute_of(element, "require-expiration-time").lower() == "false":
        weaknesses.append("tokens never have to expire")
    shown = issuers or ([tenant] if tenant else [_issuer(url) for url in urls if url])
    if tenant:
        urls.append(
            f"{attribute_of(element, 'authentication-endpoint') or ENTRA}/{tenant.rstrip('/').rpartition('/')[2]}"
        )
    claims = tuple(attribute_of(each, "name") for each in required)
    return Token(
        tuple(shown), tuple(audiences), claims, tuple(applications), tuple(weaknesses), tuple(urls), bool(weak)
    )


def keys_of(element: Element) -> Iterator[Characters]:
    """Yield whatever a token check gets its keys from: URLs of providers, and keys in the policy."""
    for each in element.descendants():
        if each.name == "openid-config" and (url := each.get("url")) is not None:
            yield url.value
        elif each.name == "key":
            yield from (child for child in each.children if isinstance(child, Characters))
            yield from (attribute.value for attribute in each.attributes)


def _narrows(claim: Element) -> bool:
    """Return whether a required claim is only in tokens for some: it has values, and isn't about the issuer or time."""
    has_value = any(each.name == "value" and each.text.strip() for each in claim.elements())
    return has_value and attribute_of(claim, "name").lower() not in _OF_ISSUER


def _issuer(url: str) -> str:
    found = _TENANT.search(url)
    return found[1] if found else url.partition("/.well-known")[0].removeprefix("https://")


def _is_inside(element: Element, name: str) -> bool:
    return getattr(element.parent, "name", "") == name


def _texts(element: Element, is_chosen: Callable[[Characters], bool], group: str, name: str) -> Iterator[str]:
    for each in element.descendants():
        is_named = each.name == name and _is_inside(each, group)
        if is_named and not any(isinstance(child, Characters) and is_chosen(child) for child in each.children):
            yield each.text.strip()
