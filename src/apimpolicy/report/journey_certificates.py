"""The certificates on the journey's page: what the caller had, how each chain was judged, what is uploaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.values import from_utf16
from apimpolicy.report.html_style import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.dotnet.cryptography.certificate import Certificate
    from apimpolicy.dotnet.cryptography.chain import Verification
    from apimpolicy.engine.result import Result

MOST_UPLOADED = 50
"""Uploaded certificates that are listed."""


def certificates_card(result: Result) -> Iterator[str]:
    """Yield the card, where a certificate had anything to do with the request."""
    sent: Certificate | None = result.request.certificate
    verifications = list(_once(result.exchange.verifications))
    context: Any = result.exchange.context
    uploaded = list(context.deployment.certificates)
    if sent is None and not verifications:
        return
    yield '<section class="card" aria-labelledby="certificates"><h2 id="certificates">Certificates</h2>'
    yield "<h3>the caller's</h3>"
    if sent is None:
        yield "<p>The caller sent none.</p>"
    else:
        yield _facts(sent)
        if result.exchange.unasked_certificate is not None:
            yield ('<p class="note">The gateway did not request it, so context.Request.Certificate was null.</p>')
    for verification in verifications:
        yield from _chain(verification)
    yield "<h3>uploaded to the gateway</h3>"
    if not uploaded:
        yield "<p>None.</p>"
    else:
        yield from _uploaded(uploaded, sent)
    yield "</section>"


def _once(verifications: list[Verification]) -> Iterator[Verification]:
    told: set[tuple[int, bool]] = set()
    for verification in verifications:
        key = id(verification.certificate), verification.check_revocation
        if key not in told:
            told.add(key)
            yield verification


def _facts(certificate: Certificate) -> str:
    rows = (
        ("Subject", from_utf16(certificate.subject)),
        ("Issuer", from_utf16(certificate.issuer)),
        ("Thumbprint", certificate.thumbprint),
        ("Valid", _dates(certificate)),
    )
    listed = "".join(f"<dt>{name}</dt><dd><code>{text(value)}</code></dd>" for name, value in rows)
    return f'<dl class="facts">{listed}</dl>'


def _dates(certificate: Certificate) -> str:
    return f"{certificate.valid_from:%Y-%m-%d} to {certificate.valid_until:%Y-%m-%d}"


def _chain(verification: Verification) -> Iterator[str]:
    """Yield the chain from the certificate to its root, with the errors of each certificate."""
    chain = verification.chain
    asked = "with" if verification.check_revocation else "without"
    kind, answer = ("good", "it verifies") if chain.is_valid else ("bad", "it does not verify")
    yield f'<h3>the chain, {asked} revocation check: <b class="{kind}">{answer}</b></h3><ol class="chain">'
    for element in chain.elements:
        wrong = [status for status in chain.statuses if status.certificate is element]
        mark = ' class="bad"' if wrong else ""
        yield f"<li{mark}><code>{text(from_utf16(element.subject))}</code> <small>{_dates(element)}</small>"
        yield from (f'<p class="note"><b>{text(s.name)}</b> {text(from_utf16(s.explanation))}</p>' for s in wrong)
        yield "</li>"
    yield "</ol>"
    at_all = [status for status in chain.statuses if not any(status.certificate is e for e in chain.elements)]
    yield from (f'<p class="note"><b>{text(s.name)}</b> {text(from_utf16(s.explanation))}</p>' for s in at_all)


def _uploaded(uploaded: list[Any], sent: Certificate | None) -> Iterator[str]:
    yield '<div class="wide"><table><thead><tr><th scope="col">id</th><th scope="col">subject</th>'
    yield '<th scope="col">thumbprint</th><th scope="col">valid</th><th scope="col">the caller\'s?</th></tr></thead>'
    yield "<tbody>"
    for pair in uploaded[:MOST_UPLOADED]:
        held = pair.value
        is_same = sent is not None and held.thumbprint == sent.thumbprint
        yield f'<tr><th scope="row"><code>{text(from_utf16(pair.key))}</code></th>'
        yield f"<td>{text(from_utf16(held.subject))}</td><td><code>{text(held.thumbprint)}</code></td>"
        yield f"<td>{_dates(held)}</td><td>{'yes' if is_same else 'no'}</td></tr>"
    yield "</tbody></table></div>"
    if (more := len(uploaded) - MOST_UPLOADED) > 0:
        yield f"<p>{more:,} more.</p>"
