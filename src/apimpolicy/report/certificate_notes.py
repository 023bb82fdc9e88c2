"""Notes about the client certificate in a condition: not sent, not requested, not trusted, not uploaded."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.dotnet.cryptography.chain import NO_LIST, ChainStatus
from apimpolicy.csharp.dotnet.environment import TICKS_PER_SECOND
from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.report.advice import NEGOTIATE, REVOCATION_LISTS, TRUST
from apimpolicy.report.clauses import NOT_EVALUATED, Clause, Evaluated, descendants, unconverted
from apimpolicy.report.values import certificate

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate
    from apimpolicy.gateway.engine.result import Result

_VERIFYING = {"Verify": True, "VerifyNoRevocation": False}
_MOST_LISTED = 6
_SEARCHING = frozenset(("Any", "Contains", "ContainsKey", "ContainsValue", "Count", "All", "TryGetValue"))


def certificate_notes(clause: Clause, evaluated: Evaluated, result: Result) -> None:
    """Add the notes to the leaves of a clause."""
    told: set[str] = set()
    for leaf in clause.leaves():
        if leaf.verdict == NOT_EVALUATED:
            continue
        for note in _notes(leaf, evaluated, result):
            if note not in told:
                told.add(note)
                leaf.notes.append(note)


def _notes(leaf: Clause, evaluated: Evaluated, result: Result) -> Iterator[str]:
    for node in descendants(leaf.node):
        if isinstance(node, nodes.PropertyAccess) and evaluated.is_evaluated(node):
            if _is_client_certificate(node) and evaluated.value(node) is None:
                yield from _missing(result)
        elif isinstance(node, nodes.Call) and node.method.name in _VERIFYING and evaluated.is_evaluated(node):
            receiver = unconverted(node.receiver or node.arguments[0])
            if evaluated.is_evaluated(receiver) and (found := evaluated.value(receiver)) is not None:
                yield from _chain(found, _VERIFYING[node.method.name], bool(evaluated.value(node)), result)
    if _fruitless_search(leaf.node, evaluated) is not None:
        yield from _not_uploaded(result)


def _is_client_certificate(node: nodes.PropertyAccess) -> bool:
    return node.property.name == "Certificate" and node.receiver is not None and str(node.receiver.type) == "IRequest"


def _missing(result: Result) -> Iterator[str]:
    unasked = result.exchange.unasked_certificate
    if unasked is None:
        yield "The caller sent no certificate."
        return
    context: Any = result.exchange.context
    url = context.request.original_url
    host = from_utf16(url.host)
    if url.scheme != "https":
        yield f"The caller could not send {certificate(unasked)}: the request came over {url.scheme}, not https."
        return
    yield (
        f"The caller has {certificate(unasked)}, but 'Negotiate client certificate' is off for {host}, "
        "so the gateway did not request it. Azure shows no warning either."
    )
    yield f"Turn it on in Azure: Custom domains ▸ {host}"
    yield f"Turn it on here: {NEGOTIATE}"


def _chain(found: Certificate, with_revocation: bool, is_valid: bool, result: Result) -> Iterator[str]:
    verification = next(
        (
            asked
            for asked in reversed(result.exchange.verifications)
            if asked.certificate is found and asked.check_revocation == with_revocation
        ),
        None,
    )
    if verification is None:
        return
    chain = verification.chain
    names = ", ".join(dict.fromkeys(status.name for status in chain.statuses))
    yield f"chain: {chain}" + (f"   {names}" if names else "")
    if not is_valid and not chain.has("NotTimeValid"):
        yield f"The certificate itself is valid until {found.valid_until:%Y-%m-%d}."
    for status in {status.name: status for status in chain.statuses}.values():
        yield from _remedy(status, verification.now)


def _remedy(status: ChainStatus, ticks: int) -> Iterator[str]:
    if status.name in ("UntrustedRoot", "PartialChain"):
        who = f"the authority {status.certificate.issuer}" if status.name == "PartialChain" else "it"
        yield f"To trust {who} here: {TRUST}"
    elif status.name == "NotTimeValid":
        now = datetime.datetime.min + datetime.timedelta(seconds=ticks // TICKS_PER_SECOND)
        yield f"The gateway's clock shows {now:%Y-%m-%dT%H:%M:%SZ}; a test sets it with now: 2026-06-01T00:00:00Z"
    elif status.name == "RevocationStatusUnknown" and status.explanation.endswith(NO_LIST[2:]):
        yield (
            "Verify() checks revocation, and is false if the status is unknown: the certificate names no revocation "
            "list and no OCSP responder. .NET on the gateway does the same."
        )
        yield f"For a private authority without a list call VerifyNoRevocation(), or give its list: {REVOCATION_LISTS}"


def _fruitless_search(leaf: nodes.Bound, evaluated: Evaluated) -> nodes.Call | None:
    """Return the call that looked for something in context.Deployment.Certificates and did not find it."""
    for node in descendants(leaf):
        if isinstance(node, nodes.Call) and node.method.name in _SEARCHING and evaluated.is_evaluated(node):
            value = evaluated.value(node)
            if (value is False or value == 0) and any(_is_uploaded(inner) for inner in descendants(node)):
                return node
    return None


def _is_uploaded(node: nodes.Bound) -> bool:
    return (
        isinstance(node, nodes.PropertyAccess)
        and node.property.name == "Certificates"
        and node.receiver is not None
        and str(node.receiver.type) == "IDeployment"
    )


def _not_uploaded(result: Result) -> Iterator[str]:
    context: Any = result.exchange.context
    sent = context.request.certificate
    held = context.deployment.certificates
    uploaded = ", ".join(
        f"{from_utf16(pair.key)}: {certificate(pair.value)}" for pair, _ in zip(held, range(_MOST_LISTED), strict=False)
    )
    if held.count > _MOST_LISTED:
        uploaded += f", … {held.count - _MOST_LISTED} more"
    who = certificate(sent) if sent is not None else "The client certificate"
    if not uploaded:
        yield f"{who} was not among the uploaded certificates: there are none."
    else:
        yield f"{who} was not among the uploaded certificates: {uploaded}"
