"""The harness of claims: policies, the gateway around them, and possible callers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.binding import nodes
from apimpolicy.dotnet.cryptography.certificate import Certificate
from apimpolicy.engine.own_expressions import own_expressions
from apimpolicy.engine.steps import Step as PolicyStep
from apimpolicy.engine.steps import compiled
from apimpolicy.errors import ApimPolicyError
from apimpolicy.scenarios.harness import Harness
from apimpolicy.scenarios.scenario import ENTITIES
from apimpolicy.scenarios.stand_ins import StandIns
from apimpolicy.testing.case_files import Case, CaseFile, Step
from apimpolicy.testing.certificates import STANDARD, TestCertificates
from apimpolicy.testing.gateways import CaseGateway, gateway_of
from apimpolicy.testing.tree import read_tree

if TYPE_CHECKING:
    import datetime

    from apimpolicy.engine.effective_policies import AnyPolicy
    from apimpolicy.engine.gateway import Gateway
    from apimpolicy.engine.service import Service
    from apimpolicy.testing.identities import CaseIdentities

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
    identities: CaseIdentities | None = None
    variables: Mapping[str, Any] | None = None

    @property
    def service(self) -> Service:
        """Return the service of the gateway, which must have one."""
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
    if made.gateway.service is not None or _reads_certificates(made.gateway, case.subject.policies):
        made = _with_certificates(case)
    return _setup(case, made)


def setup_with(case: Case, *, has_certificates: bool) -> Setup:
    """Return the setup of a case, in which callers may have certificates. Raises as `setup_of` does."""
    return _setup(case, _with_certificates(case) if has_certificates else gateway_of(case))


def _setup(case: Case, made: CaseGateway) -> Setup:
    variables = case.given.get("variables")
    given = None if variables is None else variables.plain()
    return Setup(made.gateway, made.clock.now(), case.file.certificates, made.identities, given)


def _with_certificates(case: Case) -> CaseGateway:
    """Return the gateway of a file whose callers show certificates: it trusts the authority that made them."""
    return gateway_of(Case(case.file, case.name, case.line, case.given, [Step(_SHOWN, None)], case.subject))


def _reads_certificates(gateway: Gateway, policies: Mapping[str, AnyPolicy]) -> bool:
    """Return whether any of the policies, or of their fragments, reads certificates."""
    steps = gateway.program(gateway.scopes(dict(policies))).steps()
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
    certificates: dict[str, Certificate] = {}
    uploads: dict[str, Certificate] = {}
    if _reads_certificates(gateway, policies):
        steps = gateway.program(gateway.scopes(dict(policies))).steps()
        certificates = {**forged_certificates(steps), **_certificates(setup.certificates, gateway)}
        uploads = {f"{UPLOADED}{name}": certificates[name] for name in _INVALID}
    return settings, {
        "certificates": certificates | uploads,
        "uploads": uploads,
        "providers": [] if setup.identities is None else list(setup.identities.providers),
        "token": _tokens(setup.identities),
        "variables": setup.variables,
        "like": gateway,
        "stand_ins": StandIns(**gateway.made_up),
        "fixed": [kind for kind in ENTITIES if kind != "deployment" and getattr(gateway, kind) is not None],
    }


def _tokens(identities: CaseIdentities | None) -> Callable[[str, Mapping[str, Any]], tuple[str, str]]:
    def token(provider: str, options: Mapping[str, Any]) -> tuple[str, str]:
        given = {name.replace("-", "_"): value for name, value in options.items()}
        assert identities is not None
        return "Authorization", f"Bearer {identities.providers[provider].token(**given)}"

    return token


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


def forged_certificates(steps: Iterable[PolicyStep]) -> dict[str, Certificate]:
    """Return certificates by their description: each name as a subject without a trusted issuer, and as an issuer."""
    from apimpolicy.testing.authority import TestAuthority, self_signed

    names = list(dict.fromkeys(_names(steps)))[:_MOST_NAMES]
    found: dict[str, Certificate] = {}
    for name in names:
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
