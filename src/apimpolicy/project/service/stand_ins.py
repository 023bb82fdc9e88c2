"""Values for everything that a service needs and doesn't have, each as the lines of a configuration that give it.

    named value  openai-key          secret without a value            infra/values.tf:12
    identity     system-assigned     token for cognitiveservices       infra/policies/chat.xml:7

A stand-in is a piece of `apimpolicy.toml`: what commands use is exactly what `apimpolicy new config` writes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from apimpolicy.gateway.engine.backends import Backend, BackendPool
from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.project.embedded.shapes import PLACEHOLDER
from apimpolicy.project.environments import merged
from apimpolicy.project.service.described import server_of
from apimpolicy.project.service.description import FileLocation, ServiceDescription
from apimpolicy.project.service.likely_values import likely_value, literal_attribute, providers_of, specification_at
from apimpolicy.project.service.repair import made_up_url, served_backend, served_path
from apimpolicy.text.document import Element
from apimpolicy.text.markup import read
from apimpolicy.text.named_values import find_named_values, substitute
from apimpolicy.text.source import Source

KEY = "key"
"""So short that no report hides it as a secret: people are to send it."""
SUBSCRIPTION = "stand-in"

_CERTIFICATES = r"\bDeployment\s*\.\s*Certificates\s*"
_CERTIFICATE_BY_NAME = re.compile(_CERTIFICATES + r"""(?:\[|\.\s*\w+\()\s*(?:"|&quot;|')([^"'&{}()]+)(?:"|&quot;|')""")
_FIRST_CERTIFICATE = re.compile(_CERTIFICATES + r"(?:\.\s*Values\s*)?\.\s*First(?:OrDefault)?\(\s*\)")


class StandIn(NamedTuple):
    """Something missing: its kind and name, its purpose, where it is used or declared, and its configuration."""

    kind: str
    name: str
    purpose: str
    origin: FileLocation
    table: dict[str, Any]


class ExistingParts:
    """Parts that a gateway has, which need no stand-in."""

    def __init__(self, settings: Mapping[str, Any], has_identity: bool, knows_url: Callable[[str], bool]) -> None:
        self.named_values: Mapping[str, Any] = settings.get("named_values") or {}
        self.fragments: Mapping[str, Any] = settings.get("fragments") or {}
        self.backends: Mapping[str, Any] = settings.get("backends") or {}
        self.certificates: Mapping[str, Any] = settings.get("certificates") or {}
        self.connections: set[tuple[str, str]] = set(settings.get("connections") or ())
        self.has_identity = has_identity
        self.knows_url = knows_url

    def has_thumbprint(self, thumbprint: str) -> bool:
        """Return whether an uploaded certificate has a thumbprint; one in Key Vault may have any."""
        given = (getattr(each, "thumbprint", thumbprint) for each in self.certificates.values())
        return thumbprint.upper() in (each.upper() for each in given)


def tables_of(found: Iterable[StandIn]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for each in found:
        lists = {key: values[key] + value for key, value in each.table.items() if key in values and type(value) is list}
        values = merged(values, each.table) | lists
    return values


def stand_ins(
    documents: Sequence[Source], known: ExistingParts, description: ServiceDescription | None = None
) -> list[StandIn]:
    """Return stand-ins for everything that documents, including fragments, need and don't have."""
    found = list(_named_values(documents, known, description))
    values = {**known.named_values, **tables_of(found).get("named-values", {})}
    filled = [substitute(document, values)[0] for document in documents]
    elements = [element for document in filled for element in read(document).elements()]
    found += _unique(_missing(elements, known, description))
    found += _unique(_certificates_in_code(filled, known))
    found += _of_apis(description)
    return found


def _named_values(
    documents: Sequence[Source], known: ExistingParts, description: ServiceDescription | None
) -> Iterator[StandIn]:
    texts = [*documents, *_credentials(description)]
    declared = (
        {named_value.display_name: named_value for named_value in description.named_values}
        if description is not None
        else {}
    )
    done: set[str] = set()
    everything = ""
    for source in texts:
        for name, start, _ in find_named_values(source.text):
            if name in known.named_values or name in done:
                continue
            done.add(name)
            everything = everything or "\n".join(each.text for each in texts)
            described = declared.get(name)
            purpose = "a template puts it in" if name.startswith(PLACEHOLDER) else "not in this repository"
            origin = FileLocation(source.path, *source.position(start))
            if described is not None:
                purpose = "in Key Vault" if not described.key_vault.is_missing else "without a value"
                purpose = f"secret {purpose}" if described.is_secret.known else purpose
                purpose = f"{described.value.text()} isn't known" if described.value.hole is not None else purpose
                origin = described.origin
            value = likely_value(name, everything, f"stand-in-{name}")
            yield StandIn("named value", name, purpose, origin, {"named-values": {name: value}})


def _credentials(description: ServiceDescription | None) -> Iterator[Source]:
    """Yield the texts of backends that contain named values."""
    for each in description.backends if description is not None else ():
        if isinstance(each.backend, Backend):
            texts = backend_texts(each.backend)
            if any("{{" in text for text in texts):
                yield Source("\n".join(texts), each.origin.file)


def backend_texts(backend: Backend) -> list[str]:
    """Return the texts of a backend that may contain named values."""
    texts = [backend.url, *(backend.authorization or ())]
    for given in (*backend.headers.values(), *backend.query.values()):
        texts += [given] if isinstance(given, str) else given
    return texts


def _missing(
    elements: Sequence[Element], known: ExistingParts, description: ServiceDescription | None
) -> Iterator[StandIn]:
    declared = {} if description is None else {each.id: each for each in description.backends}
    left_out = set() if description is None else {problem.part for problem in description.problems}
    for name, origin in _named(elements, "fragments"):
        if name not in known.fragments:
            yield StandIn("fragment", name, "not in this repository", origin, {"fragments": {name: "<fragment />"}})
    for name, origin in (*_named(elements, "backends"), *_described_backends(description)):
        if name not in known.backends and name != "dapr":
            described = declared.get(name)
            purpose = "not in this repository" if described is None else "its URL isn't known"
            purpose = "left out, see above" if f"the backend '{name}'" in left_out else purpose
            origin = origin if described is None else described.origin
            yield StandIn("backend", name, purpose, origin, {"backends": {name: made_up_url(name)}})
    for name, origin in _named(elements, "certificates"):
        if name not in known.certificates:
            table = {"certificates": {name: {"self-signed": f"CN={name}"}}}
            yield StandIn("certificate", name, "not in this repository", origin, table)
    yield from _certificates_by_thumbprint(elements, known)
    yield from _identities(elements, known)
    for each in description.backends if description is not None else ():
        identity = each.backend.managed_identity if isinstance(each.backend, Backend) else None
        if identity is not None and not known.has_identity:
            yield _identity(identity.client_id, identity.resource or "the backend", each.origin)


def _identity(client_id: str | None, resource: str, origin: FileLocation) -> StandIn:
    purpose = f"token for {resource.removeprefix('https://').rstrip('/')}"
    table = {"managed-identity": {"system-assigned": True}}
    return StandIn("identity", client_id or "system-assigned", purpose, origin, table)


def _certificates_by_thumbprint(elements: Iterable[Element], known: ExistingParts) -> Iterator[StandIn]:
    """Yield a certificate for each thumbprint that the gateway presents to backends."""
    for element in elements:
        thumbprint = literal_attribute(element, "thumbprint")
        specification = specification_at(element) if thumbprint and not known.has_thumbprint(thumbprint) else None
        if specification is not None and any(slot.refers == "certificates" for slot in specification.attributes):
            name = f"thumbprint-{thumbprint[:8].lower()}"
            table = {"certificates": {name: {"self-signed": f"CN={name}", "thumbprint": thumbprint}}}
            yield StandIn("certificate", name, f"has the thumbprint {thumbprint}", _origin(element), table)


def _certificates_in_code(documents: Iterable[Source], known: ExistingParts) -> Iterator[StandIn]:
    """Yield the certificates that code takes by their names, and one where it takes the first of none."""
    for source in documents:
        found = [(match[1], match.start()) for match in _CERTIFICATE_BY_NAME.finditer(source.text)]
        if not known.certificates and not found and (first := _FIRST_CERTIFICATE.search(source.text)):
            found = [("stand-in", first.start())]
        for name, start in found:
            if name not in known.certificates:
                table = {"certificates": {name: {"self-signed": f"CN={name}"}}}
                origin = FileLocation(source.path, *source.position(start))
                yield StandIn("certificate", name, "not in this repository", origin, table)


def _identities(elements: Sequence[Element], known: ExistingParts) -> Iterator[StandIn]:
    for element in elements:
        if has_trait(element.name, "acquires-token") and not known.has_identity:
            resource = literal_attribute(element, "resource") or "a resource that the policy computes"
            yield _identity(literal_attribute(element, "client-id"), resource, _origin(element))
        providers, connections = _names(element, "authorization-providers"), _names(element, "authorizations")
        for owner, name in zip(providers, connections, strict=False):
            if (owner, name) not in known.connections:
                row = {"provider": owner, "id": name, "access-token": f"stand-in-token-of-{name}"}
                table = {"authorizations": [row]}
                yield StandIn("connection", f"{owner}/{name}", "access token", _origin(element), table)
    urls: set[str] = set()
    for element, provider in providers_of(elements):
        url = provider["url"]
        if url not in urls and not known.knows_url(url):
            urls.add(url)
            name = "login" if len(urls) == 1 else f"login-{len(urls)}"
            yield StandIn("issuer", name, f"keys of {url}", _origin(element), {"openid-providers": {name: provider}})


def missing_subscription(origin: FileLocation) -> StandIn:
    """Return a stand-in subscription for all APIs, so that APIs that require a key can be called."""
    table = {"subscriptions": {SUBSCRIPTION: {"primary-key": KEY, "scope": "/apis"}}}
    return StandIn("subscription", SUBSCRIPTION, f"its key is '{KEY}', for all APIs", origin, table)


def _named(elements: Iterable[Element], kind: str) -> Iterator[tuple[str, FileLocation]]:
    """Yield the resources of a kind that elements name, each with its place."""
    return ((name, _origin(element)) for element in elements for name in _names(element, kind))


def _names(element: Element, kind: str) -> list[str]:
    """Return the resources of a kind that an element names; expressions aside."""
    specification = specification_at(element)
    slots = () if specification is None else specification.attributes
    return [name for slot in slots if slot.refers == kind and (name := literal_attribute(element, slot.name))]


def _described_backends(description: ServiceDescription | None) -> Iterator[tuple[str, FileLocation]]:
    """Yield the backends that pools and MCP servers name."""
    if description is None:
        return
    for each in description.backends:
        if isinstance(each.backend, BackendPool):
            yield from ((member.id, each.origin) for member in each.backend.members)
    for api in description.apis:
        server = server_of(api)
        if server is not None and server.backend_id is not None:
            yield server.backend_id, api.backend.origin


def _origin(element: Element) -> FileLocation:
    return FileLocation(element.source.path, *element.source.position(element.start))


def _of_apis(description: ServiceDescription | None) -> Iterator[StandIn]:
    """Paths and backends of APIs that are written and not known; there are no lines for these."""
    for api in description.apis if description is not None else ():
        if (hole := api.path.hole) is not None:
            purpose = f"{hole.text} isn't known; served at /{served_path(api)}"
            yield StandIn("path", api.id, purpose, api.path.origin, {})
        if (hole := api.service_url.hole) is not None:
            purpose = f"{hole.text} isn't known; {served_backend(api)} instead"
            yield StandIn("backend", f"of the API {api.id}", purpose, api.service_url.origin, {})


def _unique(found: Iterable[StandIn]) -> Iterator[StandIn]:
    done: set[tuple[str, str]] = set()
    for each in found:
        if (each.kind, each.name) not in done:
            done.add((each.kind, each.name))
            yield each
