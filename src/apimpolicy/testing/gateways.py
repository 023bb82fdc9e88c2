"""The gateway of a test case: `apimpolicy.toml`, the case's own keys on top, certificates by name, doubles."""

from __future__ import annotations

import datetime
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.errors import ConfigurationError
from apimpolicy.project.authority import CERTIFICATE_FILE, Author, allow, may_name
from apimpolicy.testing.doubles import AnsweringService, answers_of, content_of, headers_of
from apimpolicy.testing.format import METHODS, NAMED_VALUE, REQUEST
from apimpolicy.testing.tree import WRONG_KIND, Tree

if TYPE_CHECKING:
    from apimpolicy.gateway.context.records import Request
    from apimpolicy.gateway.engine.gateway import Gateway
    from apimpolicy.gateway.engine.service import Service
    from apimpolicy.gateway.engine.services import FixedClock
    from apimpolicy.testing.case_files import Case
    from apimpolicy.testing.certificates import TestCertificates
    from apimpolicy.testing.identities import CaseIdentities

NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
_CERTIFICATES = ("trusted-roots", "intermediates", "certificates", "unreachable-revocation-lists")
_OF_COMMANDS = ("audit", "check", "claims", "prove")
"""Keys of a configuration that say nothing of the gateway."""
_SERVICES = ("backend", "outside", "dapr")
_TABLES_OF_PATHS = ("fragments", "schemas", "key-vaults", "openid-documents")
_PATHS = (*_TABLES_OF_PATHS, "openapi", "wsdl", "graphql-schema", "policy", "file", "service", "global-policy")
"""Keys of settings whose texts are paths, unless they are documents."""
_DATA = ("cache", "json", "named-values", "headers", "claims", "sql", "cosmos")
"""Keys of settings that hold whatever a policy works with."""


class CaseGateway(NamedTuple):
    """The gateway of a case, its clock, and the identity providers that the case asks for tokens."""

    gateway: Gateway
    clock: FixedClock
    identities: CaseIdentities | None

    def issuers(self) -> CaseIdentities:
        """Return the providers; a name among none is a mistake like any other unknown one."""
        return _or_none(self.identities)


def _or_none(identities: CaseIdentities | None) -> CaseIdentities:
    if identities is not None:
        return identities
    from apimpolicy.testing.identities import CaseIdentities, TestIdentities

    return CaseIdentities({}, TestIdentities())


def _identities(case: Case) -> CaseIdentities | None:
    known, tree = case.file.identities, case.given.get("openid-providers")
    if known is None and tree is None:
        return None
    from apimpolicy.testing.identities import TestIdentities

    return (known or TestIdentities()).of_case({} if tree is None else tree.table())


def gateway_of(case: Case) -> CaseGateway:
    """Return a new gateway for a case. Raises TestFileError, ConfigurationError."""
    from apimpolicy.gateway.engine.services import FixedClock
    from apimpolicy.project.configuration import Configuration, read_configuration
    from apimpolicy.project.toml_table import Table

    file = case.file
    values: dict[str, Any] = {}
    if file.config is not None:
        values = read_configuration(file.config)
    tree = case.given.get("gateway")
    written = {key.replace("_", "-"): part for key, part in tree.table().items()} if tree is not None else {}
    overrides: dict[str, Any] = {}
    for name in _CERTIFICATES:
        part = written.pop(name, None)
        if part is not None:
            overrides[name.replace("-", "_")] = _certificates(part, file.certificates)
            values.pop(name, None)
    if _shows_certificates(case) or overrides:
        if "trusted-roots" not in values and "trusted_roots" not in overrides:
            overrides["trusted_roots"] = [file.certificates.authority("test-ca").certificate]
        if "trusted_roots" in overrides:
            overrides["further_revocation_lists"] = file.certificates.revocation_lists()
    identities = _identities(case)
    named_values = _named_values(case, written, identities)
    for name, part in written.items():
        values[name] = _joined(values.get(name), with_paths_from(part.plain(), name, file.author))
    values = {name: value for name, value in values.items() if value is not None}
    all_values = {**values.get("named-values", {}), **named_values}
    values["named-values"] = {name: text for name, text in all_values.items() if text is not None}
    clock = FixedClock(_now(case, values))
    for name in _SERVICES:
        if name in case.given:
            overrides[name] = AnsweringService(answers_of(case.given[name], file.author), clock.advance)
            values.pop(name, None)
    if identities is not None:
        overrides["openid_providers"] = list(identities.providers.values())
    for name in _OF_COMMANDS:
        values.pop(name, None)
    try:
        configuration = Configuration(Table(file.config or file.path, values))
        service = case.subject.service
        folder = service if service is not None and os.path.isdir(service) else None
        policies = list(case.subject.policies.values())
        kept = case.file.kept if folder is not None or service is not None else None
        gateway = configuration.gateway(folder, policies=policies, kept=kept, now=clock, **overrides)
        return CaseGateway(gateway, clock, identities)
    except ConfigurationError as error:
        if tree is None:
            raise
        raise tree.mistake(WRONG_KIND, str(error)) from None


def request_of(
    tree: Tree | None, case: Case, identities: CaseIdentities | None, service: Service | None = None
) -> Request:
    """Return the request that a tree describes; without one, GET /. `service` has the MCP server that it names; that
    of the case unless given. Raises TestFileError.
    """
    from apimpolicy.gateway.context.records import Request

    if tree is None:
        return Request("GET", "/")
    keys = tree.known(REQUEST)
    method = next((key for key in METHODS if key in keys), None)
    url = "/" if "mcp" in keys else keys[method or "url"].text()
    if method is None:
        method = keys["method"].text() if "method" in keys else "GET"
    options: dict[str, Any] = {}
    if "headers" in keys:
        options["headers"] = headers_of(keys["headers"])
    if "json" in keys:
        options["json"] = keys["json"].plain()
    if "body" in keys:
        options["body"] = keys["body"].text()
    if "file" in keys:
        options["body"] = content_of(keys["file"], case.file.author)
    if "certificate" in keys and keys["certificate"].value not in (None, False):
        place = keys["certificate"]
        options["certificate"] = case.file.certificates.get(place.text(), place)
    if "token" in keys and keys["token"].value not in (None, False):
        url = _bring_token(keys["token"], case, identities, url, options)
    if "compressed" in keys:
        _compress(keys["compressed"].text(), options)
    if "ip-address" in keys:
        options["ip_address"] = keys["ip-address"].text()
    request = Request(method.upper(), url, **options)
    if "mcp" not in keys:
        return request
    from apimpolicy.testing.mcp_cases import addressed

    return addressed(keys["mcp"], request, service or gateway_of(case).gateway.service)


def _bring_token(tree: Tree, case: Case, identities: CaseIdentities | None, url: str, options: dict[str, Any]) -> str:
    """Put the token into a header, or into the query of the URL, which comes back."""
    token, given = _or_none(identities).token(tree, case.file.certificates.get)
    if "query" in given:
        return f"{url}{'&' if '?' in url else '?'}{given['query'].text()}={token}"
    header = given["header"].text() if "header" in given else "Authorization"
    scheme = given["scheme"].text() if "scheme" in given else "Bearer"
    options["headers"] = {**options.get("headers", {}), header: f"{scheme} {token}".strip()}
    return url


def _compress(coding: str, options: dict[str, Any]) -> None:
    import gzip
    import json
    import zlib

    headers = options.get("headers", {})
    if "json" in options:
        options["body"] = json.dumps(options.pop("json"), ensure_ascii=False)
        headers = {"Content-Type": "application/json", **headers}
    body = options.get("body", b"")
    data = body.encode() if isinstance(body, str) else body
    options["body"] = gzip.compress(data, mtime=0) if coding == "gzip" else zlib.compress(data)
    options["headers"] = {**headers, "Content-Encoding": coding}


def _shows_certificates(case: Case) -> bool:
    """Return whether callers show certificates: without any, no caller has one of `test-ca`, whose key
    takes time to make.
    """
    requests = (step.request for step in case.steps)
    return any(request is not None and "certificate" in request.table() for request in requests)


def _certificates(tree: Tree, known: TestCertificates) -> Any:
    if isinstance(tree.value, dict):
        given = {name: part for name, part in tree.value.items() if part.value is not None}
        return {name: known.get(part.text(), part) for name, part in given.items()}
    return [known.get(part.text(), part) for part in tree.items()]


def _named_values(case: Case, given: dict[str, Tree], identities: CaseIdentities | None) -> dict[str, str | None]:
    """Named values of the gateway and of the case, None for one that is taken away."""
    found: dict[str, str | None] = {}
    for tree in (given.pop("named-values", None), case.given.get("named-values")):
        for name, part in tree.table().items() if tree is not None else ():
            if part.value is None:
                found[name] = None
            else:
                found[name] = _known_text(part, case, identities) if isinstance(part.value, dict) else part.text()
    return found


def _known_text(tree: Tree, case: Case, identities: CaseIdentities | None) -> str:
    """Return a named value that is made of a certificate, or of the key of an identity provider. Raises
    TestFileError.
    """
    given = tree.known(NAMED_VALUE)
    if len(given) != 1:
        raise tree.mistake(WRONG_KIND, "this must be a text, or {thumbprint: the name of a certificate}")
    ((kind, place),) = given.items()
    if kind == "thumbprint":
        return case.file.certificates.get(place.text(), place).thumbprint
    key = _or_none(identities).get(place.text(), place).key
    try:
        return {"modulus": lambda: key.n, "exponent": lambda: key.e, "secret": lambda: key.base64}[kind]()
    except (KeyError, ConfigurationError):
        raise place.mistake(WRONG_KIND, f"the key of '{place.text()}' ({key.algorithm}) has no {kind}") from None


def _now(case: Case, values: dict[str, Any]) -> datetime.datetime:
    given: object = values.pop("now", None)
    if "now" in case.given:
        return case.given["now"].moment()
    if isinstance(given, datetime.datetime):
        return given if given.tzinfo is not None else given.replace(tzinfo=datetime.UTC)
    return NOW


def with_paths_from(value: Any, key: str, author: Author) -> Any:
    """Return a value of a setting, whose paths an author names, with absolute paths. Raises ConfigurationError."""
    if isinstance(value, str):
        if key not in _PATHS or value.lstrip().startswith(("<", "{")):
            return value
        path = os.path.abspath(may_name(author, value, *((CERTIFICATE_FILE,) if key == "key-vaults" else ())))
        allow(path)  # also where it is written into the configuration of another folder
        return path
    if isinstance(value, list):
        return [with_paths_from(each, key, author) for each in value]
    if isinstance(value, dict) and key not in _DATA:
        return {
            name: with_paths_from(each, key if key in _TABLES_OF_PATHS else name, author)
            for name, each in value.items()
        }
    return value


def _joined(below: Any, above: Any) -> Any:
    if isinstance(below, dict) and isinstance(above, dict):
        return {**below, **{key: _joined(below.get(key), value) for key, value in above.items()}}
    return above
