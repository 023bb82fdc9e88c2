"""The identity provider whose tokens a policy accepts, read from `validate-jwt` and `validate-azure-ad-token`.

Nothing is known of a provider from the policy alone: a made-up one publishes keys of its own at the URL that the policy
names, and its tokens have the audience and the claims that the policy asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from apimpolicy.policies.registry import has_trait

if TYPE_CHECKING:
    from apimpolicy.text.document import Element

WELL_KNOWN = "/.well-known/openid-configuration"
ENTRA = "https://login.microsoftonline.com"


def providers_of(
    elements: Iterable[Element], filled: Callable[[str], str] = lambda text: text
) -> Iterator[tuple[Element, dict[str, Any]]]:
    """Yield each check of a token with its provider, as a table of `openid-providers`; `filled` puts values in."""
    for element in elements:
        if not has_trait(element.name, "checks-token"):
            continue
        url = filled(_tenant_url(element) if _is_of_a_tenant(element) else _openid_url(element))
        if url.startswith(("http://", "https://")):
            yield element, _provider(element, url, filled)


def literal_attribute(element: Element, name: str) -> str:
    """Return an attribute that is no expression."""
    attribute = element.get(name)
    return "" if attribute is None or attribute.value.parts else attribute.value.text.strip()


def _provider(element: Element, url: str, filled: Callable[[str], str]) -> dict[str, Any]:
    issuer = _first(element, "issuer") or url.removesuffix(WELL_KNOWN)
    provider: dict[str, Any] = {"issuer": filled(issuer), "url": url}
    if audience := _first(element, "audience") or _first(element, "application-id", "backend-application-ids"):
        provider["audience"] = filled(audience)
    claims = {name: filled(value) for name, value in _claims(element).items()}
    if application := _first(element, "application-id", "client-application-ids"):
        claims["azp"] = filled(application)
    if _is_of_a_tenant(element):
        claims["tid"] = urlsplit(provider["issuer"]).path.strip("/").partition("/")[0]
    if claims:
        provider["claims"] = claims
    return provider


def _tenant_url(element: Element) -> str:
    endpoint = literal_attribute(element, "authentication-endpoint") or ENTRA
    tenant = literal_attribute(element, "tenant-id").rstrip("/").rpartition("/")[2]
    return f"{endpoint.rstrip('/')}/{tenant}/v2.0{WELL_KNOWN}" if tenant else ""


def _openid_url(element: Element) -> str:
    openid = next((child for child in element.elements() if child.name == "openid-config"), None)
    return "" if openid is None else literal_attribute(openid, "url")


def _claims(element: Element) -> dict[str, str]:
    """Return the claims that a policy requires, with a value that it takes."""
    found: dict[str, str] = {}
    for claim in element.descendants():
        if claim.name == "claim":
            children = [child for child in claim.elements() if child.name == "value"]
            if any(child.expression is not None for child in children):
                continue
            values = [child.text.strip() for child in children]
            separator = literal_attribute(claim, "separator")
            every = literal_attribute(claim, "match") != "any"
            chosen = (separator or " ").join(values) if every and separator else next(iter(values), "yes")
            found[literal_attribute(claim, "name")] = chosen
    return found


def _first(element: Element, name: str, inside: str = "") -> str:
    """Return the first text, not an expression, of an element with a name, if `inside` is given in a parent of that."""
    for each in element.descendants():
        if each.name == name and each.expression is None and (not inside or getattr(each.parent, "name", "") == inside):
            return each.text.strip()
    return ""


def _is_of_a_tenant(element: Element) -> bool:
    """Return whether a check of tokens names a tenant of Microsoft Entra ID."""
    return element.get("tenant-id") is not None
