"""Entries of each policy in the trace of a real gateway: source and data.

Seen in traces of real gateways, word by word: api-inspector, cors, rewrite-uri, set-backend-service, backend-pool,
request-forwarder, forward-request (the answer alone, its status a number), set-variable (with a typed value),
include-fragment, send-request, send-one-way-request, xml-to-json, validate-jwt, rate-limit, cache-lookup, cache-store,
set-header that deletes, failed expressions and timeouts (`messages`), and transfer-response. Documented, in
the example of the REST operation "List Trace": set-status, return-response (whose status is a name), check-header and
rate-limit-by-key.

All else is our choice: the data of other policies is `{"message": …}` with what they did; the source of `trace` is that
of its attribute; every expression of a policy is an entry as rate-limit-by-key's is, except that of set-variable, under
the policy's name, also for its parts, as seen for the conditions of choose;
output of `context.Trace` precedes the expression that wrote it, under the policy's name; every error is in
`messages`, whatever the policy; the client certificate of a forwarded request is shown by its thumbprint.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.gateway.context.azure_texts import azure_text
from apimpolicy.gateway.policies import effects
from apimpolicy.gateway.policies.registry import has_trait, specification_of
from apimpolicy.report.bounds import shortened
from apimpolicy.report.values import value_text

if TYPE_CHECKING:
    from apimpolicy.gateway.context.headers import Headers
    from apimpolicy.gateway.context.records import Request, Response
    from apimpolicy.gateway.engine.result import Result
    from apimpolicy.gateway.engine.trace import Evaluation, TraceEntry

AUTHORITY = "https://login.windows.net/"
"""Our choice: the authority of a managed identity has the id of a tenant, which isn't simulated."""
SENDING = (effects.Forwarded, effects.Sent)
"""Effects that the trace shows although the policy failed: a request was on its way."""

Told = tuple[str, Any]


def described(entry: TraceEntry, result: Result) -> Iterator[Told]:
    """Yield the gateway's entries for a policy that ran: source and data."""
    effect = entry.effect
    assert effect is not None
    if isinstance(effect, effects.Forwarded):
        yield from _forwarded(entry, effect, result)
    elif isinstance(effect, effects.Sent):
        yield from _sent(entry, effect)
    elif isinstance(effect, effects.CorsChecked):
        yield entry.name, effect.text
    elif effect.traced is not None:
        yield entry.name, effect.traced
    elif isinstance(effect, effects.StatusSet):
        code, reason = effect.code, effect.reason
        told = [azure_text("trace-status-set", code=code), azure_text("trace-status-reason-set", reason=reason)]
        yield "set-status", {"message": told}
    elif isinstance(effect, effects.ResponseReturned):
        returned = effect.response
        status = {"code": status_name(returned.status_code), "reason": returned.reason}
        response = {"status": status, "headers": headers(returned.headers)}
        yield entry.name, {"message": _traced(entry) or effect.text, "response": response}
    elif isinstance(effect, effects.HeaderChecked):
        checked = {"name": effect.name, "value": ",".join(effect.values)}
        yield "check-header", {"message": azure_text("trace-header-validated"), "header": checked}
    elif isinstance(effect, effects.VariableSet):
        set_to = {"name": effect.name, "value": typed(effect.value)}
        yield entry.name, {"message": azure_text("trace-variable-set"), **set_to}
    elif isinstance(effect, effects.UrlRewritten):
        yield entry.name, _changed(azure_text("trace-url-rewritten"), effect.request_url)
    elif isinstance(effect, effects.QuerySet) and effect.before != effect.after:
        yield entry.name, _changed(azure_text("trace-query-set"), effect.request_url)
    elif isinstance(effect, effects.BackendCertificateSet):
        attached = {"thumbprint": effect.thumbprint}
        yield entry.name, {"message": azure_text("trace-certificate-attached"), "certificate": attached}
    elif isinstance(effect, effects.TokenAcquired) and effect.acquired:
        identity = {"client": effect.client_id or "", "authority": AUTHORITY, "audience": effect.resource}
        yield entry.name, {"message": azure_text("trace-identity-token", **identity)}
        if effect.variable is None:
            yield entry.name, {"message": azure_text("trace-identity-token-added")}
    elif isinstance(effect, effects.BackendSet) and not effect.ignored:
        yield entry.name, _changed(azure_text("trace-backend-set"), effect.request_url)
    elif isinstance(effect, effects.TokenValidated) and effect.valid:
        yield entry.name, {"message": _traced(entry) or effect.text}
    elif isinstance(effect, effects.TraceWritten):
        yield effect.source, {"message": effect.message, "metadata": effect.metadata}
    else:
        yield entry.name, {"message": effect.text}


def failure(entry: TraceEntry) -> list[Any]:
    """Return messages for a failed policy: the expression, then the error's message and its cause."""
    assert entry.error is not None
    if entry.messages:
        return [shortened(message) for message in entry.messages]
    specification, message = specification_of(entry.name), from_utf16(entry.error.message)
    name = "" if specification is None else specification.traced_error
    told = azure_text(name, message=message) if name else message
    evaluation = entry.evaluations[-1] if entry.evaluations else None
    if evaluation is None or (evaluation.error is None and not evaluation.refusal):
        return [shortened(told)]
    details = from_utf16(evaluation.refusal if evaluation.error is None else evaluation.error.message)
    blamed = {"message": shortened(message.removesuffix(details).strip()), "expression": inner_code(evaluation)}
    value = {} if evaluation.error is not None else {"value": typed(evaluation.value)}
    return [{**blamed, **value, "details": shortened(details)}, shortened(told), shortened(details)]


def inner_code(evaluation: Evaluation) -> str:
    """Return an expression without its `@( )` or `@{ }`.

    Multi-statement expressions are told as their statements.
    """
    return evaluation.code.strip()[2:-1].strip()


def _traced(entry: TraceEntry) -> str:
    """Return the gateway's data for a policy that succeeded; empty if no trace shows it."""
    specification = specification_of(entry.name)
    return azure_text(specification.traced) if specification is not None and specification.traced else ""


def _forwarded(entry: TraceEntry, effect: effects.Forwarded, result: Result) -> Iterator[Told]:
    if effect.member:
        yield "backend-pool", {"message": azure_text("trace-pool-member", member=effect.member, pool=effect.pool)}
    yield "request-forwarder", {"message": _forwarding(entry), "request": _on_the_way(effect.request, result)}
    if effect.response is not None:
        yield "forward-request", {"response": answer(effect.response)}


def _sent(entry: TraceEntry, effect: effects.Sent) -> Iterator[Told]:
    request, response = effect.request, effect.response
    if effect.traced is not None:
        yield entry.name, effect.traced
        return
    if not has_trait(entry.name, "requests"):
        told = {} if response is None else {"response": answer(response)}
        yield entry.name, {"message": effect.text, **told}
        return
    if request is not None:
        yield "request-forwarder", {"message": _forwarding(entry), "request": _request(request)}
    if response is not None:
        yield entry.name, {"response": answer(response)}
    elif request is not None and effect.error:
        values = {"method": request.method, "url": request.url, "details": effect.error}
        yield entry.name, azure_text("trace-own-error-ignored", **values)


def _changed(message: str, url: str | None) -> dict[str, Any]:
    return {"message": message} if url is None else {"message": message, "request": {"url": url}}


def _forwarding(entry: TraceEntry) -> str:
    specification = specification_of(entry.name)
    slots = () if specification is None else specification.attributes
    usual = next((slot.default for slot in slots if slot.name == "timeout"), None)
    seconds = entry.attributes.get("timeout", usual)
    milliseconds: Any = entry.attributes.get("timeout-ms")
    seconds = seconds if milliseconds is None else milliseconds / 1000
    return azure_text("trace-forwarding", seconds=f"{seconds:g}")


def _on_the_way(request: Request, result: Result) -> dict[str, Any]:
    """Return a forwarded request; a self-hosted gateway lists the caller's Host behind the backend's."""
    named, certificate = headers(request.headers), request.certificate
    asked = result.request.headers.get("Host")
    if asked is not None and not result.exchange.host_is_set:
        hosts = [] if result.exchange.context.deployment.gateway.is_managed else [{"name": "Host", "value": asked}]
        named[1:1] = hosts
    return {
        "method": request.method,
        "protocol": request.url.partition(":")[0],
        "url": request.url,
        "proxyUrl": None,
        "headers": named,
        "clientCertificates": [] if certificate is None else [{"thumbprint": certificate.thumbprint}],
    }


def _request(request: Request) -> dict[str, Any]:
    return {"method": request.method, "url": request.url, "headers": headers(request.headers)}


def answer(response: Response) -> dict[str, Any]:
    """Return a response that came back, with its status as a number."""
    status = {"code": response.status_code, "reason": response.reason}
    return {"status": status, "headers": headers(response.headers)}


def headers(given: Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": ",".join(values)} for name, values in given.fields()]


def typed(value: Any) -> Any:
    """Return a value as JSON where JSON has its kind, else as text."""
    if value is None or type(value) in (bool, int, float):
        return value
    text = value_text(value)
    if isinstance(value, (bool, int, float)) and text is not None:
        return {"True": True, "False": False}.get(text, _number(text))
    return text


def _number(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def status_name(code: int) -> str:
    """Return a status code as .NET's HttpStatusCode names it; the number when it has no name there.

    >>> status_name(200), status_name(404), status_name(418)
    ('OK', 'NotFound', '418')
    """
    import http

    try:
        phrase = "" if code == 418 else http.HTTPStatus(code).phrase
    except ValueError:
        phrase = ""
    return "".join(letter for letter in phrase if letter.isalnum()) or str(code)
