"""The trace of a request in the gateway's own JSON, as its API inspector writes it.

    {"serviceName": "contoso", "traceId": "…",
     "traceEntries": {"inbound": [{"source": "set-status", "timestamp": "2026-01-01T00:00:00.0000000Z",
                                   "elapsed": "00:00:00.0000000", "data": {…}}],
                      "backend": […], "outbound": […], "on-error": […]}}

Documented, from the example of the REST operation "List Trace", are this frame and the data of api-inspector (request,
configuration), cors, set-status, return-response, check-header, rate-limit-by-key, request-forwarder and
transfer-response. All else is our choice: the data of other policies is `{"message": …}` with what they did, and `name`
and `value` of a variable; the source of `trace` is that of its attribute; each expression of any policy is an entry as
rate-limit-by-key's is; an error is an entry with the members of `context.LastError`; the backend's answer follows the
entry of request-forwarder, as `response` in the form of return-response's. Times are those of the gateway's clock.

Source: https://learn.microsoft.com/rest/api/apimanagement/gateway/list-trace
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.values import from_utf16
from apimpolicy.report.conformance_values import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from apimpolicy.context.entities import Api
    from apimpolicy.context.headers import Headers
    from apimpolicy.context.records import Request, Response
    from apimpolicy.engine.result import Result
    from apimpolicy.engine.trace import TraceEntry

SECTIONS = ("inbound", "backend", "outbound", "on-error")
FORWARDED = "Request is being forwarded to the backend service. Timeout set to {seconds:g} seconds"
RECEIVED = "Response has been received from the backend service"
EVALUATED = "Expression was successfully evaluated."
SENT = "Response has been sent to the caller in full"
_TICKS_PER_SECOND = 10_000_000
_USUAL_TIMEOUT = 300.0
_FRAMES = frozenset({"base", "when", "otherwise", "include-fragment"})
_PORTS = {"http": 80, "https": 443}

Entry = dict[str, Any]


def gateway_trace(result: Result) -> dict[str, Any]:
    """The whole trace, as data for `json.dumps`."""
    writer = _Writer(result)
    context = result.exchange.context
    inbound = writer.entries["inbound"]
    url = str(context.request.original_url)
    inbound.append(writer.entry("api-inspector", {"request": _request(result.request, url)}))
    inbound.append(writer.entry("api-inspector", {"configuration": _configuration(result)}))
    for entry in result.trace:
        writer.write(entry)
    writer.leave(0)
    last = "on-error" if result.error is not None else "outbound"
    writer.entries[last].append(writer.entry("transfer-response", {"message": SENT}))
    from apimpolicy.dotnet.system import objects

    return {
        "serviceName": from_utf16(context.deployment.service_name),
        "traceId": objects.to_string(context.request_id).replace("-", ""),
        "traceEntries": writer.entries,
    }


class _Writer:
    """Writes entries by section; those without a time of their own have that of the one before."""

    def __init__(self, result: Result) -> None:
        self.began: int = result.exchange.context.timestamp.ticks
        self.now = self.began
        self.entries: dict[str, list[Entry]] = {section: [] for section in SECTIONS}
        self.inside: list[TraceEntry] = []

    def entry(self, source: str, data: Any) -> Entry:
        return {"source": source, "timestamp": moment(self.now), "elapsed": span(self.now - self.began), "data": data}

    def write(self, entry: TraceEntry) -> None:
        self.leave(entry.depth)
        self.now = self.now if entry.ticks is None else entry.ticks
        written = self.entries[entry.section]
        for evaluation in entry.evaluations:
            if evaluation.error is None:
                data = {"message": EVALUATED, "expression": evaluation.code, "value": text_of(evaluation.value)}
                written.append(self.entry(entry.name, data))
        if entry.error is not None:
            written.append(self.entry(entry.name, _error(entry.error)))
        if entry.effect is not None and entry.effect.kind == "branch":
            self.tell(entry)
        else:
            self.inside.append(entry)

    def leave(self, depth: int) -> None:
        """Say what the policies did that end here: what has others inside does its work after them."""
        while self.inside and self.inside[-1].depth >= depth:
            entry = self.inside.pop()
            if entry.effect is not None and entry.name not in _FRAMES:
                self.tell(entry)

    def tell(self, entry: TraceEntry) -> None:
        self.entries[entry.section].extend(self.entry(source, data) for source, data in _described(entry))


def _described(entry: TraceEntry) -> Iterator[tuple[str, Any]]:
    """What the gateway says of a policy: source and data."""
    effect = entry.effect
    assert effect is not None
    data: Mapping[str, Any] = effect.data
    if effect.kind == "forwarded":
        seconds = entry.attributes.get("timeout", _USUAL_TIMEOUT)
        milliseconds: Any = entry.attributes.get("timeout-ms")
        message = FORWARDED.format(seconds=seconds if milliseconds is None else milliseconds / 1000)
        yield "request-forwarder", {"message": message, "request": _request(data["request"])}
        if data["response"] is not None:
            yield "request-forwarder", {"message": RECEIVED, "response": _response(data["response"])}
    elif effect.kind == "cors":
        yield "cors", effect.text
    elif effect.kind == "status-set":
        code, reason = data["code"], data["reason"]
        told = [f"Response status code was set to {code}", f"Response status reason was set to '{reason}'"]
        yield "set-status", {"message": told}
    elif effect.kind == "response-returned":
        message = "Return response was applied" if entry.name == "return-response" else effect.text
        yield entry.name, {"message": message, "response": _response(data["response"])}
    elif effect.kind == "header-checked":
        checked = {"name": data["name"], "value": ",".join(data["values"])}
        yield "check-header", {"message": "Header validated.", "header": checked}
    elif effect.kind == "variable-set":
        yield entry.name, {"message": effect.text, "name": data["name"], "value": text_of(data["value"])}
    elif effect.kind == "trace-written":
        yield str(data["source"]), {"message": data["message"], "metadata": data["metadata"]}
    elif effect.kind == "sent" and data.get("response") is not None:
        yield entry.name, {"message": effect.text, "response": _response(data["response"])}
    else:
        yield entry.name, {"message": effect.text}


def _request(request: Request, url: str | None = None) -> dict[str, Any]:
    return {"method": request.method, "url": url or request.url, "headers": _headers(request.headers)}


def _response(response: Response) -> dict[str, Any]:
    status = {"code": status_name(response.status_code), "reason": response.reason}
    return {"status": status, "headers": _headers(response.headers)}


def _headers(headers: Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": ",".join(values)} for name, values in headers.fields()]


def _error(error: Any) -> dict[str, Any]:
    names = {"reason": "reason", "message": "message", "scope": "scope", "section": "section", "path": "path"}
    found = {key: getattr(error, name) for key, name in names.items()}
    return {key: from_utf16(value) for key, value in found.items() if value is not None}


def _configuration(result: Result) -> dict[str, Any]:
    context = result.exchange.context
    user, product = context.user, context.product
    api: dict[str, Any] = {"from": "/" + from_utf16(context.api.path).strip("/"), "to": _address(context.api)}
    api["version"] = None if context.api.version is None else from_utf16(context.api.version)
    api["revision"] = from_utf16(context.api.revision)
    operation = context.operation
    return {
        "api": api,
        "operation": {"method": from_utf16(operation.method), "uriTemplate": from_utf16(operation.url_template)},
        "user": "-" if user is None else from_utf16(user.id),
        "product": "-" if product is None else from_utf16(product.id),
    }


def _address(api: Api) -> dict[str, Any] | None:
    url = api.service_url
    if url is None:
        return None
    return {
        "scheme": from_utf16(url.scheme),
        "host": from_utf16(url.host),
        "port": url.port,
        "path": from_utf16(url.path),
        "queryString": from_utf16(url.query_string),
        "query": {from_utf16(name): [from_utf16(value) for value in values] for name, values in url.query.fields()},
        "isDefaultPort": url.port == _PORTS.get(url.scheme),
    }


def status_name(code: int) -> str:
    """A status code as .NET's HttpStatusCode names it; the number when it has no name there.

    >>> status_name(200), status_name(404), status_name(418)
    ('OK', 'NotFound', '418')
    """
    import http

    try:
        phrase = "" if code == 418 else http.HTTPStatus(code).phrase
    except ValueError:
        phrase = ""
    return "".join(letter for letter in phrase if letter.isalnum()) or str(code)


def moment(ticks: int) -> str:
    """A moment as the gateway writes it.

    >>> moment(637134336000000001)
    '2020-01-01T00:00:00.0000001Z'
    """
    import datetime

    seconds, fraction = divmod(ticks, _TICKS_PER_SECOND)
    day = datetime.datetime(1, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(seconds=seconds)
    return f"{day:%Y-%m-%dT%H:%M:%S}.{fraction:07}Z"


def span(ticks: int) -> str:
    """A time span as the gateway writes it.

    >>> span(36_610_002_083)
    '01:01:01.0002083'
    """
    seconds, fraction = divmod(ticks, _TICKS_PER_SECOND)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{fraction:07}"
