"""What the cases of a policy need around it, read from the policy: named values, certificates, backends, identities.

Nothing of it is known from the policy alone, so the values are stand-ins: a named value gets one that is likely to fit
its name, a backend the address of its id, an identity provider the audience and the claims that the policy asks for.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import attrs

from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.checks.subject import Settings, Subject
from apimpolicy.policies.registry import has_trait
from apimpolicy.project.files import read_policy_file
from apimpolicy.text.markup import read
from apimpolicy.text.named_values import find_named_values, substitute

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apimpolicy.engine.gateway import Gateway
    from apimpolicy.text.document import Element

WELL_KNOWN = "/.well-known/openid-configuration"
ENTRA = "https://login.microsoftonline.com"
_URL_BEGINS = r"""(?:url\s*=\s*["']|<set-url>|<issuer>|<origin>)\s*"""
BASE64_KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
GUID = "11111111-2222-3333-4444-555555555555"


@attrs.define
class Surroundings:
    """The keys of a test file above its cases, and the named values among them that are texts."""

    defaults: dict[str, Any] = attrs.field(factory=dict)
    providers: dict[str, dict[str, Any]] = attrs.field(factory=dict)
    compiled: Gateway | None = None
    """A gateway of an earlier run, whose compiled documents the next ones use."""
    document: str = ""
    """The document around a fragment; the policy itself is the subject without one."""

    @property
    def named_values(self) -> dict[str, str]:
        """Names and values; thumbprints of certificates aside."""
        found = self.defaults.get("named-values", {})
        return {name: value for name, value in found.items() if isinstance(value, str)}

    def filled(self, text: str) -> str:
        """A text of the policy with its named values."""
        for name, value in self.named_values.items():
            text = text.replace(f"{{{{{name}}}}}", value)
        return text

    def content(self) -> dict[str, Any]:
        """The keys as the file has them."""
        return {**({"identity-providers": self.providers} if self.providers else {}), "defaults": self.defaults}


def subject_of(policy: str, named_values: Mapping[str, str] | None = None) -> Subject:
    """A policy file, read and bound, with named values put in as far as they are given. Raises ConfigurationError."""
    source, _ = read_policy_file(policy)
    source, _ = substitute(source, named_values or {})
    return Subject(read(source), ExpressionCheck(), Settings())


def surroundings_of(subject: Subject) -> Surroundings:
    """What the policy needs around it."""
    found = Surroundings()
    add_named_values(found, subject.document.source.text)
    add_needs(found, subject)
    found.defaults = {key: found.defaults[key] for key in ("gateway", "named-values") if key in found.defaults}
    found.defaults["backend"] = {"status": 200, "json": {"from": "the backend"}}
    for element in subject.elements:
        if not has_trait(element.name, "checks-token"):
            continue
        if not _is_of_a_tenant(element):
            _add_provider(found, element, _openid_url(element))
        else:
            endpoint = _text(element, "authentication-endpoint") or ENTRA
            tenant = _text(element, "tenant-id").rstrip("/").rpartition("/")[2]
            _add_provider(found, element, f"{endpoint.rstrip('/')}/{tenant}/v2.0{WELL_KNOWN}")
    return found


def add_needs(found: Surroundings, subject: Subject) -> None:
    """What the policies of a document ask a gateway for, besides named values."""
    gateway: dict[str, Any] = found.defaults.get("gateway", {})
    text = subject.document.source.text
    if ".Certificate" in text or "<validate-client-certificate" in text:
        gateway |= {"negotiate-client-certificate": True, "certificates": {"partner": "partner"}}
    if backends := _literals(subject, "chooses-backend", "backend-id"):
        gateway["backends"] = {**gateway.get("backends", {}), **{name: f"https://{name}.example" for name in backends}}
    if _has_any(subject, "asks-for-token"):
        identities = gateway.setdefault("managed-identity", {"system-assigned": True})
        clients = [found.filled(client) for client in _literals(subject, "asks-for-token", "client-id")]
        if clients:
            identities["user-assigned"] = list(dict.fromkeys((*identities.get("user-assigned", ()), *clients)))
    if _has_any(subject, "judges-content"):
        gateway["content-safety"] = {"categories": {"Hate": {"hateful": 6}}}
    if _has_any(subject, "counts-subscription"):
        gateway["subscription"] = {"id": "partner"}
    if gateway:
        found.defaults["gateway"] = gateway


def add_named_values(found: Surroundings, text: str) -> None:
    """Values for the named values of a text that have none yet."""
    names = dict.fromkeys(reference.name for reference in find_named_values(text))
    known = found.defaults.get("named-values", {})
    if new := {name: _named_value(name, text) for name in names if name not in known}:
        found.defaults["named-values"] = {**known, **new}


def _add_provider(found: Surroundings, element: Element, url: str) -> None:
    """A provider that publishes at that URL what the policy accepts."""
    url = found.filled(url)
    if not url.startswith(("http://", "https://")) or any(each.get("url") == url for each in found.providers.values()):
        return
    issuer = _first(element, "issuer") or url.removesuffix(WELL_KNOWN)
    provider: dict[str, Any] = {"issuer": found.filled(issuer), "url": url}
    if audience := _first(element, "audience") or _first(element, "application-id", "backend-application-ids"):
        provider["audience"] = found.filled(audience)
    claims = {name: found.filled(value) for name, value in _claims(element).items()}
    if application := _first(element, "application-id", "client-application-ids"):
        claims["azp"] = found.filled(application)
    if _is_of_a_tenant(element):
        claims["tid"] = urlsplit(provider["issuer"]).path.strip("/").partition("/")[0]
    if claims:
        provider["claims"] = claims
    name = "login" if not found.providers else f"login-{len(found.providers) + 1}"
    found.providers[name] = provider


def _openid_url(element: Element) -> str:
    openid = next((child for child in element.elements() if child.name == "openid-config"), None)
    return "" if openid is None else _text(openid, "url")


def _claims(element: Element) -> dict[str, str]:
    """The claims that a policy requires, with a value that it takes."""
    found: dict[str, str] = {}
    for claim in element.descendants():
        if claim.name == "claim":
            values = [child.text.strip() for child in claim.elements() if child.name == "value"]
            separator = _text(claim, "separator")
            every = _text(claim, "match") != "any"
            chosen = (separator or " ").join(values) if every and separator else next(iter(values), "yes")
            found[_text(claim, "name")] = chosen
    return found


def _first(element: Element, name: str, inside: str = "") -> str:
    """The first text of an element of that name that is no expression; with `inside` in a parent of that name."""
    for each in element.descendants():
        if each.name == name and each.expression is None and (not inside or getattr(each.parent, "name", "") == inside):
            return each.text.strip()
    return ""


def _text(element: Element, name: str) -> str:
    """An attribute that is no expression."""
    attribute = element.get(name)
    return "" if attribute is None or attribute.value.parts else attribute.value.text.strip()


def _is_of_a_tenant(element: Element) -> bool:
    """Whether a check of tokens names a tenant of Microsoft Entra ID."""
    return element.get("tenant-id") is not None


def _has_any(subject: Subject, trait: str) -> bool:
    return any(has_trait(element.name, trait) for element in subject.elements)


def _literals(subject: Subject, trait: str, attribute: str) -> list[str]:
    """The values of an attribute of such policies that are no expressions, each once."""
    values = (_text(element, attribute) for element in subject.elements if has_trait(element.name, trait))
    return list(dict.fromkeys(value for value in values if value))


def _named_value(name: str, text: str) -> Any:
    """A value that is likely to fit: a thumbprint where one is meant, a number, a URL, an id, or the name itself."""
    lowered = name.lower()
    if "thumbprint" in lowered:
        return {"thumbprint": "partner"}
    if re.search(_URL_BEGINS + re.escape("{{" + name + "}}"), text) or any(
        word in lowered for word in ("url", "endpoint", "uri", "authority", "issuer")
    ):
        return f"https://{lowered}.example"
    if re.search(r"<key(?:\s[^>]*)?>\s*\{\{" + re.escape(name), text) or (
        "FromBase64String" in text and "key" in lowered
    ):
        return BASE64_KEY
    quoted = r"""["']?\s*\{\{""" + re.escape(name) + r"""\}\}\s*["']?"""
    if re.search(r"(?:bool|Boolean)\.Parse\(\s*" + quoted + "|ToBoolean\\(\\s*" + quoted, text):
        return "true"
    if re.search(
        r"\{\{" + re.escape(name) + r"""\}\}["']?\)?\s*\.?(?:==|Equals\(|ToLower\(\) ==)\s*["'](?:true|false)""",
        text,
        re.IGNORECASE,
    ):
        return "true"
    if re.search(r"(?:int|long|double)\.(?:Try)?Parse\(\s*" + quoted + r"|[<>]=?\s*\{\{" + re.escape(name), text):
        return "10"
    if any(word in lowered for word in ("count", "limit", "seconds", "duration", "timeout", "ttl", "max", "calls")):
        return "10"
    if any(word in lowered for word in ("tenant", "client-id", "clientid", "app-id", "appid", "application-id")):
        return GUID
    return name
