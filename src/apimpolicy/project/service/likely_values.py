"""Values that are likely to fit a named value of which only the name and the policies around it are known.

The identity provider whose tokens a policy accepts, read from `validate-jwt` and `validate-azure-ad-token`.

Nothing is known of a provider from the policy alone: a made-up one publishes keys of its own at the URL that the policy
names, and its tokens have the audience and the claims that the policy asks for.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from apimpolicy.csharp.dotnet.exceptions import DotnetException
from apimpolicy.gateway.policies.conversions import InvalidValueError
from apimpolicy.gateway.policies.registry import has_trait, specification_of
from apimpolicy.text.markup import read
from apimpolicy.text.named_values import find_named_values
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from apimpolicy.gateway.policies.spec import AttributeSlot, ContentSlot, Specification
    from apimpolicy.text.document import Element

BASE64_KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
GUID = "11111111-2222-3333-4444-555555555555"
THUMBPRINT = "A1" * 20
ADDRESS = "203.0.113.10"
"""Of a range that is kept for examples."""
_URL_BEGINS = r"""(?:url\s*=\s*["']|<set-url>|<issuer>|<origin>)\s*"""
_URL = re.compile(r"(?:url|endpoint|uri|authority|issuer)s?\b|[a-z0-9](?:url|endpoint|uri)s?\b")
_NUMBER = re.compile(r"\b(?:count|limit|seconds|duration|timeout|ttl|max|calls|period|interval|bandwidth|port)s?\b")
_ID = re.compile(r"\b(?:tenant(?: ?id)?|(?:client|app|application) ?id)s?\b")
_NUMBERS = ("10", "200", "1", "0")


def is_thumbprint(name: str) -> bool:
    return "thumbprint" in name.lower()


def likely_value(name: str, text: str, otherwise: str) -> str:
    """Return a value of the kind that the name or its uses in the text suggest, such as a URL; else `otherwise`.

    Where it is used in policies, the gateway accepts it, as far as one value can be accepted everywhere.
    """
    guess = _likely(name, text, otherwise)
    uses = [use for use in _uses(text) if use.name == name]
    listed: list[str] = [value for use in uses for value in getattr(use.slot, "values", ())]
    candidates = [guess, *listed, "true", *_NUMBERS]
    return max(candidates, key=lambda value: sum(use.accepts(value) for use in uses))


def words_of(name: str) -> str:
    """Return the words of a name, in lower case and with blanks between them.

    >>> words_of("maxRetryCount_of-API")
    'max retry count of api'
    """
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+", " ", name)
    return parted.lower().strip()


def _likely(name: str, text: str, otherwise: str) -> str:
    words, reference = words_of(name), re.escape("{{" + name + "}}")
    if is_thumbprint(name):
        return THUMBPRINT
    if re.search(_URL_BEGINS + reference, text) or _URL.search(words):
        host = re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-")
        return f"https://{host}.example{'/' if re.search(reference + r'[A-Za-z0-9{]', text) else ''}"
    if re.search(r"<address>\s*" + reference + r"""|<address-range[^>]*?=\s*["']\s*""" + reference, text):
        return ADDRESS
    if re.search(r"<key(?:\s[^>]*)?>\s*" + reference, text) or ("FromBase64String" in text and "key" in name.lower()):
        return BASE64_KEY
    quoted = r"""["']?\s*""" + reference + r"""\s*["']?"""
    if re.search(r"(?:bool|Boolean)\.Parse\(\s*" + quoted + "|ToBoolean\\(\\s*" + quoted, text):
        return "true"
    compared = r"""["']?\)?\s*\.?(?:==|Equals\(|ToLower\(\) ==)\s*["'](?:true|false)"""
    if re.search(reference + compared, text, re.IGNORECASE):
        return "true"
    if re.search(r"(?:int|long|double)\.(?:Try)?Parse\(\s*" + quoted + r"|\s[<>]=?\s*" + reference, text):
        return "10"
    if _NUMBER.search(words):
        return "10"
    return GUID if _ID.search(words) else otherwise


class _Use(NamedTuple):
    """A text of a policy in which a named value is, and what the gateway does with the text."""

    name: str
    text: str
    slot: AttributeSlot | ContentSlot

    def accepts(self, value: str) -> bool:
        written = self.text.replace("{{" + self.name + "}}", value)
        try:
            converted = self.slot.convert(written)
        except (DotnetException, InvalidValueError):
            return False
        within = getattr(self.slot, "within", None)
        is_within = within is None or not isinstance(converted, (int, float)) or within.has(converted)
        return is_within and not self.slot.why_invalid(converted)


@functools.lru_cache(maxsize=4)
def _uses(text: str) -> list[_Use]:
    if "{{" not in text:
        return []
    return [use for element in read(Source(text)).elements() for use in _uses_in(element)]


def _uses_in(element: Element) -> Iterator[_Use]:
    """Yield the uses of named values in the literal texts of an element that are nothing but text and one of them."""
    specification = specification_at(element)
    for slot in () if specification is None else specification.attributes:
        attribute = element.get(slot.name)
        if attribute is not None and attribute.value.expression is None:
            yield from _uses_of(attribute.value.text, slot)
    above = None if element.parent is None else specification_at(element.parent)
    for owner, child in ((specification, None), (above, element.name)):
        for content in () if owner is None or element.expression is not None else owner.contents:
            if content.child == child:
                yield from _uses_of(element.text, content)


def _uses_of(text: str, slot: AttributeSlot | ContentSlot) -> Iterator[_Use]:
    names = {each.name for each in find_named_values(text)}
    if len(names) == 1:
        yield _Use(names.pop(), text, slot)


def specification_at(element: Element) -> Specification | None:
    """Return the specification of a policy, or of a part of one, such as the keys of validate-jwt."""
    found = specification_of(element.name)
    if found is not None or element.parent is None:
        return found
    above = specification_at(element.parent)
    return None if above is None else above.part(element.name)


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


def asked_by(element: Element) -> dict[str, Any]:
    """Return what a check of tokens asks for, as a table of `openid-providers`, where it names no provider."""
    return _provider(element, "https://login.contoso.example" + WELL_KNOWN, lambda text: text)


def _provider(element: Element, url: str, filled: Callable[[str], str]) -> dict[str, Any]:
    issuer = _first(element, "issuer") or url.removesuffix(WELL_KNOWN)
    provider: dict[str, Any] = {"issuer": filled(issuer), "url": url}
    if audience := _first(element, "audience") or _first(element, "application-id", "backend-application-ids"):
        provider["audience"] = filled(audience)
    claims: dict[str, Any] = {
        name: [*map(filled, value)] if isinstance(value, list) else filled(value)
        for name, value in _claims(element).items()
    }
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


def _claims(element: Element) -> dict[str, str | list[str]]:
    """Return the claims that a policy requires, with a value that it takes."""
    found: dict[str, str | list[str]] = {}
    for claim in element.descendants():
        if claim.name == "claim":
            children = [child for child in claim.elements() if child.name == "value"]
            if any(child.expression is not None for child in children):
                continue
            values = [child.text.strip() for child in children]
            separator = literal_attribute(claim, "separator")
            every = literal_attribute(claim, "match") != "any"
            chosen: str | list[str] = next(iter(values), "yes")
            if every and len(values) > 1:
                chosen = separator.join(values) if separator else values
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
