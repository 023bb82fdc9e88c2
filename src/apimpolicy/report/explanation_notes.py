"""Notes of an explanation: about certificates, routing and CORS."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.dotnet.cryptography.chain import NO_LIST, ChainStatus
from apimpolicy.csharp.dotnet.environment import TICKS_PER_SECOND
from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.gateway.engine.api_routing import prefix_of, stated_version
from apimpolicy.gateway.policies.cors import is_preflight
from apimpolicy.gateway.policies.effects import CorsChecked, QuotaUsed, RateLimited
from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.report.advice import NEGOTIATE, REVOCATION_LISTS, TRUST, give_missing_part
from apimpolicy.report.clauses import NOT_EVALUATED, Clause, Evaluated, descendants, unconverted
from apimpolicy.report.columns import first_of
from apimpolicy.report.terminal import short_path
from apimpolicy.report.values import certificate

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate
    from apimpolicy.gateway.engine.exchange import Unmatched
    from apimpolicy.gateway.engine.result import Result
    from apimpolicy.gateway.engine.service import ServiceApi
    from apimpolicy.gateway.engine.trace import TraceEntry


_UNSEEN = {"documented": "documented, but was not seen on a gateway", "ours": "our choice: no source shows one"}


def unseen_notes(result: Result) -> Iterator[str]:
    """Yield a sentence if no real gateway was seen to show a text of the response."""
    for known in islice(result.unseen_texts.values(), 1):
        yield f"The text of the response is {_UNSEEN[known]}."


# Simulate how a browser judges a response to a page of another origin: the page learns only that CORS failed

GRANT = "Access-Control-Allow-Origin"


def is_answered_preflight(result: Result) -> bool:
    """Return whether the gateway responded to a preflight itself."""
    exchange = result.exchange
    return is_preflight(exchange.request) and exchange.context.operation.method != "OPTIONS"


def _is_own(origin: str, result: Result) -> bool:
    """Return whether the page is of the gateway's own host, and needs no permission."""
    url = result.exchange.request.url
    port = {"https": 443, "http": 80}.get(url.scheme)
    own = f"{url.scheme}://{url.host}".lower()
    return origin.lower() in (f"{own}:{url.port}", *([own] if url.port == port else ()))


def cors_notes(result: Result) -> Iterator[str]:
    """Yield sentences on why the browser hides the response from the page; none if it doesn't."""
    origin = str(result.request.headers.get("Origin", "")).strip()
    if not origin or GRANT in result.response.headers or _is_own(origin, result):
        return
    if is_answered_preflight(result):
        yield f"The response has no {GRANT}, so the browser does not send the request and reports a CORS error."
    else:
        hidden = f"hides it from the page of {origin} and reports a CORS error."
        yield f"The response has no {GRANT}, so the browser {hidden}"
    entries = [entry for entry, _ in result.trace.effects(CorsChecked) if has_trait(entry.name, "preflight")]
    if not entries:
        yield "No cors policy ran before the response was decided."
    for entry in entries:
        assert entry.effect is not None
        yield f"{short_path(entry.file)}:{entry.position.line} cors: {entry.effect.text}."


# Notes about the client certificate in a condition: not sent, not requested, not trusted, not uploaded

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


# Notes of an explanation about routing: known APIs and operations, keys, limits that need a key

MOST_LISTED = 8
_BY_SUBSCRIPTION = (RateLimited, QuotaUsed)
_KEY_ERRORS = ("SubscriptionKeyNotFound", "SubscriptionKeyInvalid")


def routing_notes(result: Result) -> Iterator[str]:
    """Yield the notes, as sentences; none when nothing of that kind happened."""
    unmatched = result.exchange.unmatched
    if unmatched is not None:
        yield from _unmatched(unmatched, result)
    if result.error is not None and result.error.reason in _KEY_ERRORS:
        names = result.exchange.context.api.subscription_key_parameter_names
        header, query = from_utf16(names.header), from_utf16(names.query)
        yield f"Send the key of a subscription in the header {header}, or in the query as {query}."
    yield from _limits(result)


def _unmatched(unmatched: Unmatched, result: Result) -> Iterator[str]:
    method, path = result.request.method, from_utf16(result.exchange.request.url.path)
    if unmatched.operations:
        api = f"the API '{unmatched.api}'" if unmatched.api else "the API"
        templates = (f"{operation.method} {from_utf16(operation.url_template)}" for operation in unmatched.operations)
        prefix = f" (below /{unmatched.prefix})" if unmatched.prefix else ""
        operations = first_of(templates, MOST_LISTED, ", … ")
        yield f"No operation of {api} matches {method} {path}. Operations{prefix}: {operations}"
    elif unmatched.apis:
        yield f"No API matches {path}. APIs: {first_of(map(api_in_words, unmatched.apis), MOST_LISTED, ', … ')}"
    else:
        yield "The service has no APIs."


def api_in_words(api: ServiceApi) -> str:
    """Return `orders at /orders/v2;rev=3`, and how a request names the version."""
    stated = stated_version(api)
    if stated is None:
        return f"{api.id} at {url_path_of(api)}"
    where = "the header" if stated.is_header else "the query parameter"
    return f"{api.id} at {url_path_of(api)} with {stated.version} in {where} {stated.name}"


def url_path_of(api: ServiceApi) -> str:
    """Return the path by which requests reach an API: `/orders/v2`, or `/orders/v2;rev=3` for another revision."""
    return prefix_of(api) or "/"


def _limits(result: Result) -> Iterator[str]:
    """Yield a note for limits that count by subscription if the request has none: the response doesn't show it."""
    names = {
        entry.name
        for entry in result.trace
        if isinstance(entry.effect, _BY_SUBSCRIPTION) and "no subscription" in entry.effect.text
    }
    for name in sorted(names):
        yield f"{name} was not applied: it counts the calls of a subscription, and this request has none."


# Parts of the service that are missing, where the gateway was loaded without stand-ins


def missing_notes(result: Result) -> Iterator[str]:
    """Yield a sentence for each missing part that a policy uses that the request reached."""
    missing = [] if result.exchange.missing is None else result.exchange.missing()
    spans = {(each.file, each.position.line, _last_line(each)) for each in result.trace} if missing else set()
    needs_key = result.error is not None and result.error.source == "authorization"
    for part in missing:
        is_used = any(file == part.file and first <= part.line <= last for file, first, last in spans)
        if is_used or (needs_key and part.kind == "subscription"):
            yield f"Missing: {part.words}. {give_missing_part()}"


def _last_line(entry: TraceEntry) -> int:
    element = entry.step.element
    return int(element.source.position(element.end).line)
