"""The harness of claims: policies, the gateway around them, and possible callers.

The setup of a policy that is named on a command line is that of its test file, else stand-ins for what it needs.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.checkout import listing
from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.checks.subject import Settings, Subject
from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate
from apimpolicy.errors import ApimPolicyError
from apimpolicy.gateway.engine.partial_runs import own_expressions
from apimpolicy.gateway.engine.steps import Step as PolicyStep
from apimpolicy.gateway.engine.steps import compiled
from apimpolicy.gateway.engine.token_issuers import EntraTenant
from apimpolicy.project.configuration import read_configuration
from apimpolicy.project.layout import is_service_folder, place_of
from apimpolicy.project.manual_requests import issuers_of
from apimpolicy.project.service_tables import ServiceTables
from apimpolicy.project.toml_table import Table
from apimpolicy.reasoning.scenarios.harness import Harness, StandIns
from apimpolicy.reasoning.scenarios.scenario import ENTITIES
from apimpolicy.testing import first_surroundings
from apimpolicy.testing.case_files import Case, CaseFile, CaseStep, load_case_file, load_case_tree
from apimpolicy.testing.certificates import STANDARD, TestCertificates
from apimpolicy.testing.claims.caller_tokens import CallerTokens
from apimpolicy.testing.first_surroundings import EMPTY
from apimpolicy.testing.gateways import CaseGateway, gateway_of
from apimpolicy.testing.test_file_search import is_about_policies, is_case_file
from apimpolicy.testing.tree import Tree, read_tree

if TYPE_CHECKING:
    import datetime

    from apimpolicy.gateway.engine.document import AnyPolicy, Policy
    from apimpolicy.gateway.engine.gateway import Gateway
    from apimpolicy.gateway.engine.service import Service
    from apimpolicy.testing.identities import Issuer

UPLOADED = "uploaded "
"""Prefix of the names of certificates that are uploaded besides those of the gateway."""
_INVALID = ("expired", "early", "revoked", "self-signed", "stranger")
"""Invalid states of an uploaded certificate, then or now."""
_ANSWERED = ("backend", "outside", "dapr", "request", "expect")
"""Keys of cases about a request or a response: a claim is about all of them."""
_CERTIFICATES = re.compile(r"\bCertificates?\b|client-certificate")
_SHOWN = read_tree("{certificate: partner}", "claims.yaml")


class Setup(NamedTuple):
    """The gateway that claims are about, at its time; the callers, and the variables of every request."""

    gateway: Gateway
    now: datetime.datetime
    certificates: TestCertificates
    variables: Mapping[str, Any] | None = None
    issuers: Mapping[str, Issuer] = MappingProxyType({})
    """Identity providers of callers, by name: the test file's, the configuration's, and those that stand in."""
    declared: tuple[str, ...] = ()
    """The providers that the test file declares, by name."""

    @property
    def service(self) -> Service:
        assert self.gateway.service is not None
        return self.gateway.service


def case_of_claims(file: CaseFile) -> Case:
    """Return a case with the gateway settings of a file's defaults, and without requests and responses."""
    given = {key: part for key, part in file.defaults.items() if key not in _ANSWERED}
    return Case(file, "claims", 1, given, [], file.subject)


def setup_of(file: CaseFile) -> Setup:
    """Return the setup that a test file describes. Raises TestFileError, ConfigurationError, DiagnosticError."""
    case = case_of_claims(file)
    made = gateway_of(case)
    if made.gateway.service is not None or _reads_certificates(steps_of(made.gateway, case.subject.policies)):
        made = _with_certificates(case)
    return _setup(case, made)


def setup_with(case: Case, *, has_certificates: bool) -> Setup:
    """Return the setup of a case, in which callers may have certificates. Raises as `setup_of` does."""
    return _setup(case, _with_certificates(case) if has_certificates else gateway_of(case))


def _setup(case: Case, made: CaseGateway) -> Setup:
    variables = case.given.get("variables")
    given = None if variables is None else variables.plain()
    own = {} if made.identities is None else made.identities.providers
    others = {name: each for name, each in issuers_of(made.gateway).items() if each not in own.values()}
    issuers = others | own
    return Setup(made.gateway, made.clock.now(), case.file.certificates, given, issuers, tuple(own))


def _with_certificates(case: Case) -> CaseGateway:
    """Return the gateway of a file whose callers show certificates: it trusts the authority that made them."""
    return gateway_of(Case(case.file, case.name, case.line, case.given, [CaseStep(_SHOWN, None)], case.subject))


def steps_of(gateway: Gateway, policies: Mapping[str, AnyPolicy]) -> list[PolicyStep]:
    """Return the steps of policies by scope. Raises ConfigurationError, DiagnosticError."""
    return list(gateway.program(gateway.scopes(dict(policies))).steps())


def _reads_certificates(steps: Iterable[PolicyStep]) -> bool:
    texts = {id(step.element.source): step.element.source.text for step in steps}
    return any(_CERTIFICATES.search(text) for text in texts.values())


def harness_of(policies: Mapping[str, AnyPolicy], setup: Setup) -> Harness:
    """Return the harness of policies by scope. Raises ConfigurationError, DiagnosticError."""
    settings, options = harness_parts(policies, setup)
    return Harness(dict(policies), settings, **options)


def harness_parts(policies: Mapping[str, AnyPolicy], setup: Setup) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the parts of the harness of policies: the settings of the gateway, and options of `Harness`."""
    gateway = setup.gateway
    settings = {name: getattr(gateway, name) for name in gateway.declared} | {"now": setup.now}
    tokens = caller_tokens(setup, policies)
    if tokens.own:
        declared = gateway.openid_providers
        settings["openid_providers"] = [*(declared if isinstance(declared, (list, tuple)) else [declared]), *tokens.own]
    certificates: dict[str, Certificate] = {}
    uploads: dict[str, Certificate] = {}
    steps = steps_of(gateway, policies)
    if _reads_certificates(steps):
        certificates = {**forged_certificates(steps), **_certificates(setup.certificates, gateway)}
        uploads = {f"{UPLOADED}{name}": certificates[name] for name in _INVALID}
    return settings, {
        "certificates": certificates | uploads,
        "uploads": uploads,
        "providers": tokens.names,
        "token": tokens,
        "variables": setup.variables,
        "like": gateway,
        "stand_ins": StandIns(gateway.made_up["named_values"], gateway.made_up["fragments"]),
        "fixed": [kind for kind in ENTITIES if kind != "deployment" and getattr(gateway, kind) is not None],
    }


def caller_tokens(setup: Setup, policies: Mapping[str, AnyPolicy]) -> CallerTokens:
    """Return the tokens that callers of policies may show."""
    return CallerTokens(setup.issuers, setup.declared, steps_of(setup.gateway, policies))


def table_of(issuer: Issuer) -> dict[str, Any]:
    """Return a provider as `openid-providers` of a test file has it."""
    if isinstance(issuer, EntraTenant):
        found: dict[str, Any] = {"tenant": issuer.id, "domain": issuer.domain, "endpoint": issuer.endpoint}
        return {name: value for name, value in found.items() if value} | {"client-id": issuer.client_id}
    found = {"issuer": issuer.issuer, "url": issuer.url, "audience": issuer.audience, "claims": issuer.claims}
    algorithm = {} if issuer.algorithm == "RS256" else {"algorithm": issuer.algorithm}
    return {name: value for name, value in found.items() if value} | algorithm


def _certificates(known: TestCertificates, gateway: Gateway) -> dict[str, Certificate]:
    """Return the certificates that callers may show: those of every test file, the file's own, and uploaded ones."""
    own = [name for name in known.names() if name not in STANDARD and not name.endswith("-ca")]
    found = {name: known.get(name) for name in (*STANDARD, *own)}
    thumbprints = {certificate.thumbprint for certificate in found.values()}
    for name, uploaded in gateway.certificates.items():
        if isinstance(uploaded, Certificate) and uploaded.thumbprint not in thumbprints:
            found[name if name not in found else f"{name} of the gateway"] = uploaded
    return found


# Certificates that an attacker makes: with the subjects and issuers that a policy compares.
#
# Anybody can make a certificate with any subject and any issuer. Only a thumbprint can't be forged

_NAME = re.compile(r"(?:[A-Z]{1,2}=[^,=+\"\\<>;#]+)(?:, ?[A-Z]{1,2}=[^,=+\"\\<>;#]+)*")
"""A distinguished name such as `CN=partner, O=Contoso`, without quoting."""
_MOST_NAMES = 4
_ALIKE = (".example", ", O=Another")
"""Endings of subjects that a comparison of prefixes accepts by mistake."""


def forged_certificates(steps: Iterable[PolicyStep]) -> dict[str, Certificate]:
    """Return certificates by their description: each name as a subject without a trusted issuer, and as an issuer."""
    from apimpolicy.testing.authority import TestAuthority, self_signed

    names = list(dict.fromkeys(_names(steps)))[:_MOST_NAMES]
    found: dict[str, Certificate] = {}
    for name in (*names, *(f"{name}{ending}" for name in names for ending in _ALIKE)):
        try:
            found[f"made by the caller with the subject {name}"] = self_signed(name)
            authority = TestAuthority(name)
            for subject in ("partner", *(other for other in names if other != name)):
                words = f"made by the caller with the subject {subject} and the issuer {name}"
                found[words] = authority.client(subject)
        except ValueError:  # a name that certificates can't have
            continue
    return found


def with_each(
    assignments: Iterable[dict[tuple[str, ...], object]], certificates: Mapping[str, Certificate]
) -> Iterator[dict[tuple[str, ...], object]]:
    """Yield requests, those with a certificate once for each certificate that a caller can show."""
    for assignment in assignments:
        if ("certificate",) not in assignment:
            yield assignment
            continue
        for name in certificates:
            yield {**assignment, ("certificate",): name}


def _names(steps: Iterable[PolicyStep]) -> Iterator[str]:
    for step in steps:
        if step.specification is None:
            continue
        for excerpt in own_expressions(step.element, step.specification):
            try:
                body = compiled(excerpt).bound.body
            except ApimPolicyError:
                continue
            for part in body.walk():
                value = part.constant if isinstance(part, nodes.Expression) else None
                if isinstance(value, str) and _NAME.fullmatch(value):
                    yield str(value)
                elif isinstance(part, nodes.Binary) and (value := _simple_name(part)) is not None:
                    yield f"CN={value}"


def _simple_name(comparison: nodes.Binary) -> str | None:
    """Return what the name in a certificate, without the rest of its subject, is compared with."""
    sides = (comparison.left, comparison.right)
    calls = (part for side in sides for part in side.walk() if isinstance(part, nodes.Call))
    if not any(each.method.name == "GetNameInfo" for each in calls):
        return None
    return next((str(side.constant) for side in sides if isinstance(side.constant, str)), None)


FRAGMENT = "compared"
AROUND_A_FRAGMENT = (
    f'<policies><inbound><base /><include-fragment fragment-id="{FRAGMENT}" /></inbound>'
    "<backend><base /></backend><outbound><base /></outbound><on-error><base /></on-error></policies>"
)
"""A policy that does nothing but include a fragment."""


def file_about(
    path: str,
    *policies: Policy,
    with_fragments: bool = False,
    providers: Mapping[str, dict[str, Any]] = MappingProxyType({}),
    values: Mapping[str, str] = MappingProxyType({}),
) -> CaseFile:
    """Return the test file beside a policy that tests it; without one, stand-ins for what these versions of it need.

    `with_fragments`: files near the policy are fragments that no configuration has, each by its id; empty ones stand in
    for others. `providers` are more identity providers, `values` stand-ins for named values. Raises TestFileError,
    ConfigurationError.
    """
    return test_file_of(path) or _stand_ins(path, policies, with_fragments, providers, values)


def scope_in(file: CaseFile, path: str) -> str:
    """Return the scope that a test file gives a policy; by default that of the API."""
    return next((scope for scope, each in file.subject.policies.items() if _is_same(each, path)), "api")


def _is_same(path: object, other: str) -> bool:
    return os.path.exists(other) and os.path.exists(str(path)) and os.path.samefile(str(path), other)


def test_file_of(path: str) -> CaseFile | None:
    """Return the test file beside a policy that tests it; None when there is none."""
    directory = os.path.dirname(path) or os.curdir
    if not os.path.isfile(path):
        return None
    for name in listing(directory):
        beside = os.path.join(directory, name)
        if is_case_file(name) and is_about_policies(beside):
            try:
                file = load_case_file(beside)
            except ApimPolicyError:
                continue
            if any(_is_same(each, path) for each in file.subject.policies.values()):
                return file
    return None


def _stand_ins(
    path: str,
    policies: Sequence[Policy],
    with_fragments: bool,
    others: Mapping[str, dict[str, Any]],
    values: Mapping[str, str],
) -> CaseFile:
    """Return a test file with stand-ins for everything that the policies need and nothing defines."""
    defaults: dict[str, Any] = {}
    providers: dict[str, Any] = {}
    beside = os.path.join(os.path.dirname(path), "compared.test.json")
    for policy in policies:
        subject = Subject(policy.document, ExpressionCheck(), Settings())
        needed = first_surroundings.surroundings_of(subject, path, beside)
        if with_fragments:
            first_surroundings.add_fragments(needed, subject)
        _add(defaults, needed.defaults)
        providers |= needed.providers
    listed = list(providers.values())
    providers |= {name: provider for name, provider in others.items() if provider not in listed}
    around = _named_values_around(path)
    if used := defaults.get("named-values", {}):
        used |= {name: value for name, value in {**values, **around}.items() if name in used}
    content: dict[str, Any] = {"policy": AROUND_A_FRAGMENT, "claims": [], "defaults": defaults}
    if providers:
        content["openid-providers"] = providers
    file = load_case_tree(read_tree(json.dumps(content), beside), beside)
    file.subject.policies.clear()
    _leave_known(file)
    left = file.defaults.get("named-values")
    named_values = frozenset() if left is None else frozenset(left.table()) - around.keys()
    file.made_up = {"named_values": named_values, "fragments": _unknown_fragments(file)}
    return file


def _named_values_around(path: str) -> dict[str, str]:
    """Return the named values of the service in whose folder a policy is. Raises ConfigurationError."""
    root = place_of(path).root
    if root is None or not is_service_folder(root):
        return {}
    service = ServiceTables(Table(os.path.join(root, "apimpolicy.toml"), {})).described(root)
    named_values = () if service is None else service.named_values
    return {each.display_name: value for each in named_values if (value := each.value.known) is not None}


def _unknown_fragments(file: CaseFile) -> frozenset[str]:
    """Return the fragments without a file: empty ones stand in for them."""
    gateway = file.defaults.get("gateway")
    fragments = gateway.table().get("fragments") if gateway is not None else None
    given = {} if fragments is None else fragments.plain()
    return frozenset(name for name, text in given.items() if text == EMPTY)


def _add(known: dict[str, Any], given: dict[str, Any]) -> None:
    for key, value in given.items():
        if isinstance(value, dict):
            _add(known.setdefault(key, {}), value)
        else:
            known[key] = value


def _leave_known(file: CaseFile) -> None:
    """Remove what the configuration defines itself."""
    if file.config is None:
        return
    known = read_configuration(file.config)
    _leave_out(file.defaults, {"named-values": known.get("named-values", {}), "gateway": known})


def _leave_out(table: dict[str, Tree], known: Mapping[str, Any]) -> None:
    for key in [key for key in table if key in known]:
        if isinstance(table[key].value, dict) and isinstance(known[key], dict) and key != "certificates":
            _leave_out(table[key].table(), known[key])
        else:
            del table[key]
