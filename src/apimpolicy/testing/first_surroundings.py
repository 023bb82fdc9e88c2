"""Settings that the cases of a policy need, read from the policy: named values, certificates, backends, identities.

Nothing of it is known from the policy alone, so the values are stand-ins: a named value gets one that is likely to fit
its name, a backend the address of its id, an identity provider the audience and the claims that the policy asks for.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from html import unescape
from typing import TYPE_CHECKING, Any

import attrs

from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.checks.subject import Settings, Subject
from apimpolicy.errors import ConfigurationError, DiagnosticError
from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.project.configuration import load_configuration
from apimpolicy.project.embedded.shapes import with_named_placeholders
from apimpolicy.project.environments import find_configuration
from apimpolicy.project.files import read_policy_file
from apimpolicy.project.layout import fragments_of, place_of
from apimpolicy.project.named_values import read_text
from apimpolicy.project.service.leniency import KeptServices
from apimpolicy.project.service.likely_values import is_thumbprint, likely_value, literal_attribute, providers_of
from apimpolicy.testing.case_files import Case, load_case_tree
from apimpolicy.testing.tree import read_tree
from apimpolicy.text.markup import read
from apimpolicy.text.named_values import find_named_values

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.gateway import Gateway
    from apimpolicy.reasoning.scenarios.assignments import Assignment
    from apimpolicy.text.document import Element


@attrs.define
class CaseSurroundings:
    """The keys of a test file above its cases, and the named values among them that are texts."""

    policy: str = attrs.field(default="", kw_only=True)
    output: str = attrs.field(default="", kw_only=True)
    """The path of the test file."""
    defaults: dict[str, Any] = attrs.field(factory=dict)
    providers: dict[str, dict[str, Any]] = attrs.field(factory=dict)
    compiled: Gateway | None = None
    """A gateway of an earlier run, whose compiled documents the next ones use."""
    kept: KeptServices = attrs.field(factory=KeptServices)
    """Parts of the service read for earlier runs."""
    document: str = ""
    """The document around a fragment; the policy itself is the subject without one."""
    service: str = ""
    """The folder or the configuration of a service, which is the subject in the place of a policy."""
    config: str = ""
    """The configuration, where it isn't the nearest one."""
    command: str = "new test"
    """The command that writes the file."""

    @property
    def folder(self) -> str:
        return os.path.dirname(os.path.abspath(self.output))

    def subject(self) -> dict[str, str]:
        """Return the key of a test file that names what is tested, with an absolute path."""
        if self.service:
            return {"service": os.path.abspath(self.service)}
        return {"policy": self.document or os.path.abspath(self.policy)}

    def loaded(self, case: dict[str, Any]) -> Case:
        """Return a case with these keys in the file."""
        content = {**self.subject(), **self.content(), "cases": [case]}
        path = os.path.abspath(self.output)
        (loaded,) = load_case_tree(read_tree(json.dumps(content), path + ".json"), path).cases
        loaded.file.kept = self.kept
        return loaded

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

    def keys(self) -> CaseSurroundings:
        """Return the keys alone, to be sent between processes."""
        return CaseSurroundings(self.defaults, self.providers, service=self.service, output=self.output)

    def content(self) -> dict[str, Any]:
        """The keys as the file has them."""
        config = {"config": os.path.relpath(self.config, self.folder)} if self.config else {}
        return {**config, **({"openid-providers": self.providers} if self.providers else {}), "defaults": self.defaults}


_CERTIFICATE_OF_CALLER = re.compile(r"\.Certificate\b|<validate-client-certificate")
"""Not one of those that the gateway has, `Deployment.Certificates`."""


def subject_of(policy: str) -> Subject:
    """Return a policy file, read and bound. Raises ConfigurationError."""
    source, _ = read_policy_file(policy)
    return Subject(read(with_named_placeholders(source)), ExpressionCheck(), Settings())


def surroundings_of(subject: Subject, policy: str = "", output: str = "") -> CaseSurroundings:
    found = CaseSurroundings(policy=policy, output=output)
    add_named_values(found, subject.document.source.text)
    add_needs(found, subject)
    found.defaults = {key: found.defaults[key] for key in ("gateway", "named-values") if key in found.defaults}
    found.defaults["backend"] = {"status": 200, "json": {"from": "the backend"}}
    found.providers = numbered_providers(provider for _, provider in providers_of(subject.elements, found.filled))
    return found


def numbered_providers(given: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return identity providers by name, one for each URL: `login`, `login-2`."""
    found: dict[str, dict[str, Any]] = {}
    for provider in given:
        found.setdefault(provider["url"], provider)
    names = ["login", *(f"login-{number}" for number in range(2, len(found) + 1))]
    return dict(zip(names, found.values(), strict=False))


def with_certificates() -> dict[str, Any]:
    """Return the settings of a gateway that asks callers for certificates, and has one of theirs."""
    return {"negotiate-client-certificate": True, "certificates": {"partner": "partner"}}


def shows_certificates(elements: Iterable[Element]) -> bool:
    texts = {id(element.source): element.source.text for element in elements}
    return any(_CERTIFICATE_OF_CALLER.search(text) for text in texts.values())


def address_in(ip_filter: Element, wanted: str) -> str | None:
    """Return an address that an ip-filter names, if its action is `wanted`: `allow` or `forbid`."""
    action = ip_filter.get("action")
    if action is None or action.value.text != wanted:
        return None
    address, span = ip_filter.find("address"), ip_filter.find("address-range")
    first = None if span is None else span.get("from")
    texts = ("" if address is None else address.text, "" if first is None else first.value.text)
    return next((text.strip() for text in texts if re.fullmatch(r"\s*[0-9A-Fa-f.:]+\s*", text)), None)


def accepted_caller(elements: Iterable[Element], providers: Iterable[str]) -> Assignment:
    found: Assignment = {}
    given = list(elements)
    if (first := next(iter(providers), None)) is not None:
        found["token", first] = "good"
    if shows_certificates(given):
        found["certificate",] = "partner"
    for element in given:
        if has_trait(element.name, "checks-header") and (name := element.get("name")) is not None:
            key = ("header", name.value.text.lower())
            value = next((child.text.strip() for child in element.elements()), "x")
            found |= {(*key, "there"): True, key: value}
        elif has_trait(element.name, "checks-address") and (address := address_in(element, "allow")):
            found["address",] = address
    return found


def add_needs(found: CaseSurroundings, subject: Subject) -> None:
    """Add what the policies of a document need, besides named values."""
    gateway: dict[str, Any] = found.defaults.get("gateway", {})
    if shows_certificates(subject.elements):
        gateway |= with_certificates()
    if backends := _literals(subject, "chooses-backend", "backend-id"):
        gateway["backends"] = {**gateway.get("backends", {}), **{name: f"https://{name}.example" for name in backends}}
    if _has_any(subject, "acquires-token"):
        identities = gateway.setdefault("managed-identity", {"system-assigned": True})
        clients = [found.filled(client) for client in _literals(subject, "acquires-token", "client-id")]
        if clients:
            identities["user-assigned"] = list(dict.fromkeys((*identities.get("user-assigned", ()), *clients)))
    if _has_any(subject, "moderates-content"):
        gateway["content-safety"] = {"categories": {"Hate": {"hateful": 6}}}
    if _has_any(subject, "per-subscription"):
        gateway["subscription"] = {"id": "partner"}
    if gateway:
        found.defaults["gateway"] = gateway


def add_named_values(found: CaseSurroundings, text: str) -> None:
    """Values for the named values of a text that have none yet."""
    names = dict.fromkeys(reference.name for reference in find_named_values(text))
    known = found.defaults.get("named-values", {})
    if new := {name: _named_value(name, text) for name in names if name not in known}:
        found.defaults["named-values"] = {**known, **new}


def _has_any(subject: Subject, trait: str) -> bool:
    return any(has_trait(element.name, trait) for element in subject.elements)


def _literals(subject: Subject, trait: str, attribute: str) -> list[str]:
    """The values of an attribute of such policies that are no expressions, each once."""
    values = (literal_attribute(element, attribute) for element in subject.elements if has_trait(element.name, trait))
    return list(dict.fromkeys(value for value in values if value))


def _named_value(name: str, text: str) -> Any:
    """A value that is likely to fit: the thumbprint of a certificate where one is meant, or the name itself."""
    return {"thumbprint": "partner"} if is_thumbprint(name) else likely_value(name, text, name)


# The fragments that a policy includes, for its first test file: the configuration's, a file beside it, or nothing.
#
# An unknown fragment is looked for near the policy by its id. Without such a file, an empty one replaces it.

_COMMENTS = re.compile(r"<!--.*?-->", re.DOTALL)
_INCLUDES = re.compile(r"""<include-fragment\s[^>]*?fragment-id\s*=\s*["']([^"'{]+)["']""")
EMPTY = "<fragment />"
_FOLDERS = ("", "fragments", "policy-fragments", "policyFragments", "../fragments", "../policy-fragments", "..")
_NAMES = ("{}.xml", "{}.policy", "frag-{}.xml", "pf-{}.xml", "fragment-{}.xml", "{}.fragment.xml", "{}/policy.xml")


def add_fragments(around: CaseSurroundings, subject: Subject) -> None:
    """Add the fragments that the policy includes and the configuration lacks. Raises ConfigurationError."""
    waiting = list(_included(subject.document.source.text))
    if not waiting:
        return
    folder = around.folder
    configuration = find_configuration(folder)
    known = {} if configuration is None else load_configuration(configuration).fragment_paths()
    found: dict[str, str] = {}
    while waiting:
        name = waiting.pop(0)
        if name not in known and name not in found:
            found[name] = _near(name, around.policy, folder)
            if found[name] != EMPTY:
                text = read_text(os.path.join(folder, found[name]))
                waiting += _included(text)
                add_named_values(around, text)
                _add_needs(around, os.path.join(folder, found[name]))
    if found:
        around.defaults.setdefault("gateway", {})["fragments"] = found


def _add_needs(around: CaseSurroundings, path: str) -> None:
    """Add what a fragment needs; an invalid one is reported where it is included."""
    try:
        add_needs(around, subject_of(path))
    except (ConfigurationError, DiagnosticError):
        return


def without_files(around: CaseSurroundings) -> None:
    """Replace fragments of files that a gateway would not accept by empty ones."""
    fragments = around.defaults.get("gateway", {}).get("fragments", {})
    for name in fragments:
        fragments[name] = EMPTY


def section_of(subject: Subject) -> str:
    """Return the section in which a fragment finds what it reads; inbound for any other document."""
    text = subject.document.source.text
    root = subject.document.root
    if root is None or root.name != "fragment":
        return "inbound"
    return "on-error" if "context.LastError" in text else "outbound" if "context.Response" in text else "inbound"


def put_into_document(around: CaseSurroundings, fragments: dict[str, str], section: str) -> None:
    """Test a document that includes the fragment in a section, and add the fragment to those of the gateway."""
    stem = os.path.splitext(os.path.basename(around.policy))[0]
    name = re.sub(r"[^A-Za-z0-9-]+", "-", stem).strip("-") or "fragment"
    fragments[name] = os.path.relpath(around.policy, around.folder)
    sections = ("inbound", "backend", "outbound", "on-error")
    include = f'<include-fragment fragment-id="{name}" />'
    inner = "".join(f"<{each}><base />{include if each == section else ''}</{each}>" for each in sections)
    around.document = f"<policies>{inner}</policies>"


def _included(text: str) -> list[str]:
    return [unescape(found[1]) for found in _INCLUDES.finditer(_COMMENTS.sub("", text))]


def _near(name: str, policy: str, output: str) -> str:
    """Return the file of a fragment as a test file in the folder `output` names it, or an empty one."""
    if os.path.basename(name) == name:
        folder = os.path.dirname(os.path.abspath(policy))
        for inner in _FOLDERS:
            for pattern in _NAMES:
                path = os.path.normpath(os.path.join(folder, inner, pattern.format(name)))
                if os.path.isfile(path) and path != os.path.abspath(policy):
                    return os.path.relpath(path, output)
        root = place_of(policy).root
        if root is not None and name in (known := fragments_of(root)):
            return os.path.relpath(known[name], output)
    return EMPTY
