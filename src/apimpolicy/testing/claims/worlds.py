"""The worlds in which the claims of a test file hold: its policies, and the gateway that it describes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.symbolic.world import World
from apimpolicy.testing.case_files import Case
from apimpolicy.testing.certificates import STANDARD
from apimpolicy.testing.gateways import gateway_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from apimpolicy.dotnet.cryptography.certificate import Certificate
    from apimpolicy.engine.gateway import Gateway
    from apimpolicy.testing.case_files import CaseFile

UPLOADED = "uploaded "
"""Begins the name of a certificate that is uploaded besides those of the file."""
_INVALID = ("expired", "early", "revoked", "self-signed", "stranger")
"""What an uploaded certificate may have become, or may have been when it was uploaded."""
_ANSWERED = ("backend", "outside", "dapr", "request", "expect")
"""What cases say of a request or an answer: a claim is about all of them."""


def case_of_claims(file: CaseFile) -> Case:
    """A case with all that a file's defaults say of the gateway, and nothing of requests and answers."""
    given = {key: part for key, part in file.defaults.items() if key not in _ANSWERED}
    return Case(file, "claims", 1, given, [], file.subject)


def world_of_file(file: CaseFile) -> tuple[World, Gateway]:
    """The world of a test file, and its gateway. Raises TestFileError, ConfigurationError, DiagnosticError."""
    case = case_of_claims(file)
    made = gateway_of(case)
    gateway = made.gateway
    settings = {name: getattr(gateway, name) for name in gateway.declared} | {"now": made.clock.now()}
    variables = case.given.get("variables")

    def token(provider: str, options: Mapping[str, Any]) -> tuple[str, str]:
        given = {name.replace("-", "_"): value for name, value in options.items()}
        return "Authorization", f"Bearer {made.issuers().get(provider).token(**given)}"

    certificates = _certificates(file, gateway)
    further = {f"{UPLOADED}{name}": certificates[name] for name in (_INVALID if gateway.certificates else ())}
    world = World(
        dict(case.subject.policies),
        settings,
        certificates=certificates | further,
        uploads=further,
        providers=[] if made.identities is None else list(made.identities.providers),
        token=token,
        variables=None if variables is None else variables.plain(),
    )
    return world, gateway


def _certificates(file: CaseFile, gateway: Gateway) -> dict[str, Certificate]:
    """The certificates that callers may show: those of every test file, the file's own, and the uploaded ones."""
    own = [name for name in file.certificates.names() if name not in STANDARD and not name.endswith("-ca")]
    found = {name: file.certificates.get(name) for name in (*STANDARD, *own)}
    known = {certificate.thumbprint for certificate in found.values()}
    for name, uploaded in gateway.certificates.items():
        if hasattr(uploaded, "thumbprint") and uploaded.thumbprint not in known:
            found[name if name not in found else f"{name} of the gateway"] = uploaded
    return found
