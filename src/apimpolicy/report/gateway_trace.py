"""The trace of a request in the gateway's own JSON, as its API inspector writes it.

    {"serviceName": "contoso", "traceId": "…",
     "traceEntries": {"inbound": [{"source": "set-status", "timestamp": "2026-01-01T00:00:00.0000000Z",
                                   "elapsed": "00:00:00.0000000", "data": {…}}],
                      "backend": […], "outbound": […], "on-error": […]}}

What entries say is in `apimpolicy.report.gateway_trace_entries`. Here is their order, as seen in traces of real
gateways: the request and the configuration first; a fragment between two texts; of forward-request an entry of
request-forwarder and then the answer; for a 404 of the gateway an entry of configuration; transfer-response last;
`backend` and `on-error` only where something ran. Times are those of the gateway's clock.

Source: https://learn.microsoft.com/rest/api/apimanagement/gateway/list-trace, and traces of real gateways
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.environment import TICKS_PER_SECOND
from apimpolicy.csharp.dotnet.system import objects
from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.gateway.context.azure_texts import azure_text
from apimpolicy.gateway.policies.effects import BranchTaken, Included
from apimpolicy.gateway.policies.placement import SECTIONS
from apimpolicy.gateway.policies.registry import has_trait, is_known
from apimpolicy.report import gateway_trace_entries as entries
from apimpolicy.report.bounds import bounded
from apimpolicy.report.result_secrets import hide_secrets_of
from apimpolicy.report.values import within_limits

if TYPE_CHECKING:
    from apimpolicy.gateway.context.entities import Api
    from apimpolicy.gateway.context.records import Request
    from apimpolicy.gateway.engine.result import Result
    from apimpolicy.gateway.engine.trace import Evaluation, TraceEntry

_FRAMES = frozenset({"base", "when", "otherwise"})
_PORTS = {"http": 80, "https": 443}

Entry = dict[str, Any]


@within_limits
def gateway_trace(result: Result) -> dict[str, Any]:
    """Return the whole trace, as data for `json.dumps`."""
    hide_secrets_of(result)
    writer = _Writer(result)
    context = result.exchange.context
    inbound = writer.entries["inbound"]
    inbound.append(writer.entry("api-inspector", {"request": _received(result, writer.is_self_hosted)}))
    inbound.append(writer.entry("api-inspector", {"configuration": _configuration(result)}))
    error = result.error
    if error is not None and (error.source, error.reason) == ("configuration", "OperationNotFound"):
        writer.entries["backend"].append(writer.entry(error.source, {"message": azure_text("trace-operation-missing")}))
    for entry in result.trace:
        writer.write(entry)
    writer.leave(0)
    last = "on-error" if result.error is not None else "outbound"
    writer.entries[last].append(writer.entry("transfer-response", {"message": azure_text("trace-response-sent")}))
    for section in ("backend", "on-error"):
        if not writer.entries[section]:
            del writer.entries[section]
    trace = {
        **({"issuer": None} if writer.is_self_hosted else {}),
        "serviceName": from_utf16(context.deployment.service_name),
        "traceId": objects.to_string(context.request_id),
        "traceEntries": writer.entries,
    }
    return bounded(trace)


class _Writer:
    """Writes entries by section; those without a time of their own have that of the one before."""

    def __init__(self, result: Result) -> None:
        self.result = result
        self.is_self_hosted = not result.exchange.context.deployment.gateway.is_managed
        self.began: int = result.exchange.context.timestamp.ticks
        self.now = self.began
        self.entries: dict[str, list[Entry]] = {section: [] for section in SECTIONS}
        self.inside: list[TraceEntry] = []
        self.has_failed = False

    def entry(self, source: str, data: Any) -> Entry:
        return {"source": source, "timestamp": moment(self.now), "elapsed": span(self.now - self.began), "data": data}

    def add(self, entry: TraceEntry, source: str, data: Any) -> None:
        self.entries[entry.section].append(self.entry(source, data))

    def write(self, entry: TraceEntry) -> None:
        self.leave(entry.depth)
        self.now = self.now if entry.ticks is None else entry.ticks
        for evaluation in entry.evaluations:
            self.evaluated(entry, evaluation)
        if isinstance(entry.effect, Included):
            self.add(entry, entry.name, azure_text("trace-fragment-entered", name=entry.effect.fragment))
        if entry.error is not None:
            self.failed(entry)
        elif not isinstance(entry.effect, BranchTaken):
            self.inside.append(entry)

    def evaluated(self, entry: TraceEntry, evaluation: Evaluation) -> None:
        """Write messages of context.Trace, and the value if the policy's own entry doesn't have it.

        A failure is told in the entry of the policy.
        """
        source = _policy(entry)
        for message in evaluation.messages:
            self.add(entry, source, {"message": message})
        if evaluation.error is None and not evaluation.refusal and not has_trait(entry.name, "sets-variable"):
            value = entries.typed(evaluation.value)
            self.add(
                entry,
                source,
                {
                    "message": azure_text("trace-expression-evaluated"),
                    "expression": entries.inner_code(evaluation),
                    "value": value,
                },
            )

    def failed(self, entry: TraceEntry) -> None:
        self.has_failed = self.has_failed or not entry.is_recovered
        effect = entry.effect
        if effect is not None and (isinstance(effect, entries.SENDING) or effect.traced is not None):
            self.tell(entry)
        if effect is None or effect.traced is None:
            self.add(entry, entry.name, {"messages": entries.failure(entry)})

    def leave(self, depth: int) -> None:
        """Say what the policies did that end here: what has others inside does its work after them."""
        while self.inside and self.inside[-1].depth >= depth:
            entry = self.inside.pop()
            if entry.effect is None or entry.name in _FRAMES:
                continue
            if isinstance(entry.effect, Included):
                if not self.has_failed:
                    self.add(entry, entry.name, azure_text("trace-fragment-left", name=entry.effect.fragment))
            else:
                self.tell(entry)

    def tell(self, entry: TraceEntry) -> None:
        for source, data in entries.described(entry, self.result):
            self.add(entry, source, data)


def _policy(entry: TraceEntry) -> str:
    """Return the name of the policy that an entry is, or is a part of: a `when` is a part of choose."""
    while entry.parent is not None and not is_known(entry.name):
        entry = entry.parent
    return entry.name


def _received(result: Result, is_self_hosted: bool) -> dict[str, Any]:
    """Return the request as received. A self-hosted gateway includes its scheme."""
    request: Request = result.request
    url = result.exchange.context.request.original_url
    headers = entries.headers(request.headers)
    if request.headers.get("Host") is None:
        headers.insert(0, {"name": "Host", "value": from_utf16(url.authority)})
    scheme = from_utf16(url.scheme)
    seen = {"scheme": {"received": scheme, "original": scheme}} if is_self_hosted else {}
    return {**seen, "method": request.method, "url": str(url), "headers": headers}


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


def moment(ticks: int) -> str:
    """Return a moment as the gateway writes it.

    >>> moment(637134336000000001)
    '2020-01-01T00:00:00.0000001Z'
    """
    import datetime

    seconds, fraction = divmod(ticks, TICKS_PER_SECOND)
    day = datetime.datetime(1, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(seconds=seconds)
    return f"{day:%Y-%m-%dT%H:%M:%S}.{fraction:07}Z"


def span(ticks: int) -> str:
    """Return a time span as the gateway writes it.

    >>> span(36_610_002_083)
    '01:01:01.0002083'
    """
    seconds, fraction = divmod(ticks, TICKS_PER_SECOND)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{fraction:07}"
