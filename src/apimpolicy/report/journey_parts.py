"""The parts of the journey's page: policies, certificates and messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.gateway.policies.effects import Condition, Forwarded, ResponseReturned, Sent
from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.report.bounds import LONGEST_BODY, MOST_CHARACTERS, MOST_STEPS, is_in_full, shortened
from apimpolicy.report.clauses import FAILED, NOT_EVALUATED, Clause
from apimpolicy.report.explanation import clause_of_evaluation, is_detail, steps_of
from apimpolicy.report.markup import lines
from apimpolicy.report.markup import text as escaped
from apimpolicy.report.terminal import short_path
from apimpolicy.report.values import certificate, show

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate
    from apimpolicy.csharp.dotnet.cryptography.chain import Verification
    from apimpolicy.gateway.context.headers import Headers
    from apimpolicy.gateway.context.records import Request, Response
    from apimpolicy.gateway.engine.result import Result
    from apimpolicy.gateway.engine.trace import Evaluation, TraceEntry


# Requests and responses on the journey's page: the first line, the headers, the body


def text(value: str) -> str:
    """Return a value as markup, cut if it is too long."""
    return escaped(shortened(value))


def request_markup(request: Request) -> str:
    """Return the request as sent, after its client certificate."""
    start = f"{request.method} {request.url}"
    with_certificate = ""
    if request.certificate is not None:
        with_certificate = (
            f'<p class="with">with the certificate <code>{text(certificate(request.certificate))}</code></p>'
        )
    return with_certificate + _message(start, request.headers, request.body or b"", request.text)


def response_markup(response: Response) -> str:
    start = f"HTTP/1.1 {response.status_code} {response.reason}".rstrip()
    return _message(start, response.headers, response.body, response.text)


def _message(start: str, headers: Headers, body: bytes, content: str) -> str:
    fields = "".join(f"\n<b>{text(name)}:</b> {text(value)}" for name, values in headers.fields() for value in values)
    markup = f'<pre class="message"><strong>{text(start)}</strong>{fields}'
    if not body:
        return f"{markup}</pre>"
    if "\ufffd" in content or "\0" in content:
        return f"{markup}\n\n<i>{len(body):,} bytes that are not text</i></pre>"
    return f"{markup}\n\n{lines(shortened(content.removesuffix(chr(10)), LONGEST_BODY))}</pre>"


# The certificates on the journey's page: what the caller had, how each chain was judged, what is uploaded

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


# The policies on the journey's page, section by section; under each what it got, and its expressions as trees

_DEEPEST = 6
_LONGEST_VALUE = 300
_LONGEST_CODE = 3_000
_FRAMES = ("choose", "base", "when", "otherwise")


def shown_steps(result: Result) -> dict[int, TraceEntry]:
    """Return the policies to show by their numbers in the trace; branches replace their `choose`."""
    with_branches = {id(entry.parent) for entry in result.trace if entry.parent is not None}
    return {
        number: entry
        for number, entry in enumerate(result.trace if is_in_full() else result.trace[:MOST_STEPS])
        if not is_detail(entry)
        and (not has_trait(entry.name, "branches") or entry.error is not None or id(entry) not in with_branches)
    }


def anchor_of(steps: dict[int, TraceEntry], entry: TraceEntry) -> str | None:
    """Return the id of a policy's place on the page; None when it is not shown."""
    return next((f"e{number}" for number, other in steps.items() if other is entry), None)


def section_cards(result: Result, steps: dict[int, TraceEntry]) -> Iterator[str]:
    """Yield a card for each stretch of policies in one section."""
    decision = result.trace.decision
    deciding = {id(entry) for entry in _around(decision)}
    section = ""
    told: set[str] = set()
    room = MOST_CHARACTERS
    for number, entry in steps.items():
        if entry.section != section:
            if section:
                yield "</ol></section>"
            section = entry.section
            name = text(section)
            anchor = f' id="s-{name}"' if section not in told else ""
            told.add(section)
            yield f'<section class="card"><h2{anchor}>{name}</h2><ol class="steps">'
        body = "".join(_inside(result, entry)) if room > 0 or is_in_full() else ""
        room -= len(body)
        yield from _step(entry, number, body, id(entry) in deciding, entry is decision)
    if section:
        yield "</ol></section>"
    if (more := len(result.trace) - MOST_STEPS) > 0 and not is_in_full():
        yield f'<p class="note">{more:,} more policies ran; --full shows them.</p>'
    if room <= 0 and not is_in_full():
        yield '<p class="note">The page is long: the values of the last policies are left out; --full shows them.</p>'


def _around(entry: TraceEntry | None) -> Iterator[TraceEntry]:
    while entry is not None:
        yield entry
        entry = entry.parent


def _step(entry: TraceEntry, number: int, body: str, is_deciding: bool, is_decision: bool) -> Iterator[str]:
    kind = _kind(entry, is_decision)
    depth = min(entry.depth, _DEEPEST)
    place = f"{short_path(entry.file)}:{entry.position.line}"
    subject = entry.attributes.get("name") or entry.attributes.get("fragment-id")
    effect = (
        shortened(from_utf16(entry.error.message))
        if entry.error is not None
        else shortened(entry.effect.text)
        if entry.effect
        else ""
    )
    named = ""
    if isinstance(subject, str) and not effect.startswith(shown := from_utf16(subject)):
        named = f'<span class="subject">{text(shown)}</span>'
    sign = f"<b>{text('failed: ' + effect)}</b>" if entry.error is not None else text(effect)
    decides = '<span class="decides">decides</span>' if is_decision else ""
    row = (
        f'<code class="policy">{text(_name(entry))}</code>{named}<span class="effect">{sign}</span>{decides}'
        f'<span class="place">{text(place)} · {text(entry.scope)}</span>'
    )
    yield f'<li class="step {kind} d{depth}" id="e{number}">'
    if body:
        is_open = " open" if is_deciding or entry.error is not None else ""
        yield f'<details{is_open}><summary class="row">{row}</summary><div class="inside">{body}</div></details></li>'
    else:
        yield f'<div class="row">{row}</div></li>'


def _name(entry: TraceEntry) -> str:
    if entry.name not in ("when", "otherwise"):
        return entry.name
    return " ▸ ".join(steps_of(entry).split(" ▸ ")[-2:])


def _kind(entry: TraceEntry, is_decision: bool) -> str:
    if entry.error is not None:
        return "failed"
    if is_decision:
        return "ends"
    if isinstance(entry.effect, Condition):
        return "taken" if entry.effect.taken else "skipped"
    return "frame" if entry.name in _FRAMES else "done"


def _inside(result: Result, entry: TraceEntry) -> Iterator[str]:
    for evaluation in entry.evaluations:
        yield from _expression(result, evaluation)
    expressions = {evaluation.what for evaluation in entry.evaluations}
    plain = {name: value for name, value in entry.attributes.items() if name not in expressions}
    if entry.name not in _FRAMES and plain:
        yield '<h3>as the policy got it</h3><dl class="facts">'
        for name, value in plain.items():
            yield f"<dt>{text(name)}</dt><dd>{_value(value)}</dd>"
        yield "</dl>"
    effect = entry.effect
    if isinstance(effect, (Forwarded, Sent)):
        if effect.request is not None:
            yield f"<h3>sent</h3>{request_markup(effect.request)}"
        if effect.response is not None:
            yield f"<h3>came back</h3>{response_markup(effect.response)}"
    elif isinstance(effect, ResponseReturned):
        yield f"<h3>returned</h3>{response_markup(effect.response)}"


def _value(value: object) -> str:
    if not isinstance(value, str):
        return f"<code>{text(show(value))}</code>"
    return f"<code>{text(shortened(from_utf16(value), _LONGEST_VALUE))}</code>"


def _expression(result: Result, evaluation: Evaluation) -> Iterator[str]:
    line = evaluation.position.line
    yield f"<h3>{text(evaluation.what)} <small>{text(evaluation.static_type)}, line {line}</small></h3>"
    if evaluation.recorder is None and evaluation.error is None:
        yield f"<p><code>{text(evaluation.code)}</code> → <code>{text(show(evaluation.value))}</code></p>"
        return
    yield f'<ul class="tree">{"".join(_clause(clause_of_evaluation(evaluation, result)))}</ul>'


def _clause(clause: Clause) -> Iterator[str]:
    kind = {"true": "true", "false": "false", FAILED: "threw", NOT_EVALUATED: "idle"}.get(clause.verdict, "value")
    whole = "\n".join(clause.code)
    code = lines(shortened(whole, _LONGEST_CODE))
    yield f'<li class="{kind}"><div class="clause"><code class="code">{code}</code>'
    yield f'<b class="verdict">{text(clause.verdict)}</b></div>'
    if clause.facts:
        yield '<dl class="facts">'
        yield from (
            f"<dt><code>{text(fact.code)}</code></dt><dd><code>{text(fact.value)}</code></dd>" for fact in clause.facts
        )
        yield "</dl>"
    yield from (f'<p class="note">{text(note)}</p>' for note in clause.notes)
    if clause.parts:
        yield "<ul>"
        for part in clause.parts:
            yield from _clause(part)
        yield "</ul>"
    yield "</li>"
