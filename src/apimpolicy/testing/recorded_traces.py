"""Traces that a real gateway recorded, as test cases: what came in, what the backend answered, what went out.

    recorded = read_recorded_trace("trace.json")
    result = Gateway(backend=recorded.backend).run("policy.xml", recorded.request)
    difference = first_difference(recorded, result)

The form is that of `apimpolicy.report.gateway_trace`; that of the Consumption tier is read too, where both entries of
a forwarded request have the source `forward-request`. A trace has no bodies, so that a case has none.
Variables are those that set-variable wrote; values are texts. Entries are compared section by section, by what both
sides say; times are not compared, nor are the headers by which Application Insights follows a request, nor sentences
that were neither documented nor seen.
"""

from __future__ import annotations

import http
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from apimpolicy.checkout import open_bytes
from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.context.records import Request, Response
from apimpolicy.gateway.policies.placement import SECTIONS
from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.project.configuration import load_configuration
from apimpolicy.project.environments import find_configuration
from apimpolicy.report.gateway_trace import gateway_trace
from apimpolicy.report.gateway_trace_entries import status_name
from apimpolicy.report.result_secrets import hide_secrets_in
from apimpolicy.testing.first_cases import FirstCases, FoundCase, run_alone, text_of
from apimpolicy.testing.first_surroundings import CaseSurroundings, subject_of, surroundings_of
from apimpolicy.text.secrets import data_without_secrets

if TYPE_CHECKING:
    from apimpolicy.gateway.context.headers import Headers
    from apimpolicy.gateway.engine.result import Result

MAX_BYTES = 64 * 1024 * 1024
_CODES = {status_name(status.value): status.value for status in http.HTTPStatus}
_COMPARED = ("request", "response", "header", "name", "value", "expression", "reason", "path")
"""Members of an entry's data that are compared when both sides have them."""
_FORWARDING = ("request-forwarder", "forward-request")
_TELEMETRY = frozenset({"request-id", "request-context", "traceparent", "tracestate", "correlation-context"})
"""Headers that Application Insights adds to a forwarded request."""
_FORWARDER = "request-forwarder"
_SET_TO = "Response status code was set to "


@attrs.frozen
class RecordedEntry:
    """An entry: its section, its place there, its source, and its data."""

    section: str
    index: int
    source: str
    data: Any

    @property
    def place(self) -> str:
        return f"{self.section}[{self.index}] {self.source}"


@attrs.frozen
class RecordedTrace:
    """The content of a trace. `answers` are the backend's, in order; `response` is None when the trace does not say.

    `gateway` is what it says of API, operation and gateway, by the keys of apimpolicy.toml.
    """

    request: Request
    variables: Mapping[str, str]
    answers: tuple[Response, ...]
    response: Response | None
    gateway: Mapping[str, Any]
    entries: tuple[RecordedEntry, ...]

    @property
    def backend(self) -> _RecordedBackend:
        """Return a backend with these responses, one after another; the last one repeats."""
        return _RecordedBackend(self.answers)


class _RecordedBackend:
    def __init__(self, answers: tuple[Response, ...]) -> None:
        self.answers = answers
        self.count = 0

    def send(self, request: Request, timeout: float) -> Response:
        if not self.answers:
            raise ConnectionRefusedError("the trace has no response of a backend")
        answer = self.answers[min(self.count, len(self.answers) - 1)]
        self.count += 1
        return answer


@attrs.frozen
class TraceDifference:
    """The first difference of a run and a recorded trace: the entry of each; None where one has ended."""

    place: str
    recorded: Any
    simulated: Any

    def __str__(self) -> str:
        return f"{self.place}: recorded {_shown(self.recorded)}, simulated {_shown(self.simulated)}"


def read_recorded_trace(source: str | Path | Mapping[str, Any]) -> RecordedTrace:
    """Read a trace from a file, from its text (which begins with `{`), or from data. Raises ConfigurationError."""
    data = source if not isinstance(source, (str, Path)) else _parsed(source)
    sections = data.get("traceEntries") if isinstance(data, dict) else None
    if not isinstance(sections, dict):
        raise ConfigurationError("this is not a trace of a gateway: it has no 'traceEntries'")
    entries = tuple(
        RecordedEntry(section, index, _source_of(entry), entry.get("data"))
        for section in SECTIONS
        for index, entry in enumerate(_list_of(sections, section))
    )
    return RecordedTrace(
        _request_of(entries), _variables(entries), _answers(entries), _response(entries), _gateway(entries), entries
    )


def first_difference(recorded: RecordedTrace, result: Result) -> TraceDifference | None:
    """Return the first thing in which a run differs from what was recorded; None when there is none."""
    simulated = read_recorded_trace(gateway_trace(result)).entries
    for section in SECTIONS:
        ours = [entry for entry in simulated if entry.section == section]
        theirs = [entry for entry in recorded.entries if entry.section == section]
        for number in range(max(len(ours), len(theirs))):
            one = theirs[number] if number < len(theirs) else None
            other = ours[number] if number < len(ours) else None
            if one is None or other is None or one.source != other.source:
                place = f"{section}[{number}]"
                return TraceDifference(place, one and one.source, other and other.source)
            found = _different(one, other)
            if found is not None:
                return found
    return None


def _different(recorded: RecordedEntry, simulated: RecordedEntry) -> TraceDifference | None:
    one, other = recorded.data, simulated.data
    if not isinstance(one, dict) or not isinstance(other, dict):
        return None if one == other else TraceDifference(recorded.place, one, other)
    is_seen = recorded.source == _FORWARDER or has_trait(recorded.source, "seen-in-traces")
    members = (*_COMPARED, "message") if is_seen else _COMPARED
    for member in members:
        if member in one and member in other:
            left, right = _common(_comparable(one[member]), _comparable(other[member]))
            if left != right:
                return TraceDifference(f"{recorded.place} {member}", left, right)
    return None


def _source_of(entry: Mapping[str, Any]) -> str:
    """Return the writer of an entry; in the Consumption tier, forwarding has the response's source."""
    source, data = str(entry["source"]), entry.get("data")
    is_forwarding = has_trait(source, "forwards") and isinstance(data, dict) and "request" in data
    return "request-forwarder" if is_forwarding else source


def _comparable(value: Any) -> Any:
    """Headers in any order, names in any case, without telemetry, and of two with one name the first.

    A self-hosted gateway lists the caller's Host behind the backend's.
    """
    if not isinstance(value, dict) or "headers" not in value:
        return value
    pairs = ((str(each["name"]).lower(), each["value"]) for each in reversed(value["headers"]))
    headers = {name: text for name, text in pairs if name not in _TELEMETRY}
    return {**value, "headers": dict(sorted(headers.items()))}


def _common(left: Any, right: Any) -> tuple[Any, Any]:
    """Keep common keys of two tables; other values as they are."""
    if not isinstance(left, dict) or not isinstance(right, dict):
        return left, right
    return {name: left[name] for name in left if name in right}, {name: right[name] for name in left if name in right}


def _parsed(source: str | Path) -> Any:
    if isinstance(source, Path) or not source.lstrip().startswith("{"):
        try:
            with open_bytes(Path(source)) as file:
                source = file.read(MAX_BYTES + 1).decode("utf-8-sig")
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"cannot read the trace '{source}': {error}") from None
        if len(source) > MAX_BYTES:
            raise ConfigurationError(f"the trace is larger than {MAX_BYTES // 1024**2} MB")
    try:
        return json.loads(source)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"the trace is not JSON: {error}") from None


def _list_of(sections: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    found = sections.get(name) or []
    if not isinstance(found, list) or not all(isinstance(entry, dict) and "source" in entry for entry in found):
        raise ConfigurationError(f"the section '{name}' of the trace is not a list of entries with a 'source'")
    return found


def _request_of(entries: tuple[RecordedEntry, ...]) -> Request:
    for entry in entries:
        if entry.source == "api-inspector" and isinstance(entry.data, dict) and "request" in entry.data:
            given = entry.data["request"]
            try:
                caller = _caller(entries) or "127.0.0.1"
                return Request(given["method"], given["url"], headers=_pairs(given), ip_address=caller)
            except (KeyError, TypeError, AttributeError):
                break
    raise ConfigurationError("the trace has no request: no entry of api-inspector with method and url")


def _gateway(entries: tuple[RecordedEntry, ...]) -> dict[str, Any]:
    """Return the API with the path and the backend that the trace names, its operation, and whether it
    is self-hosted.
    """
    found: dict[str, Any] = {}
    datas = [entry.data for entry in entries if isinstance(entry.data, dict)]
    configuration = next((data["configuration"] for data in datas if "configuration" in data), None)
    if isinstance(configuration, dict):
        api, operation = configuration.get("api") or {}, configuration.get("operation") or {}
        found["api"] = {"path": str(api.get("from", "/")).strip("/")}
        if (address := api.get("to")) and "host" in address:
            port = "" if address.get("isDefaultPort", True) else f":{address['port']}"
            origin = f"{address.get('scheme', 'https')}://{address['host']}{port}"
            found["api"]["service-url"] = origin + address.get("path", "")
        if "uriTemplate" in operation:
            found["operation"] = {"method": operation.get("method", "GET"), "url-template": operation["uriTemplate"]}
    if any("protocol" in data["request"] for data in datas if isinstance(data.get("request"), dict)):
        found["deployment"] = {"gateway-id": "self-hosted"}
    return found


def _caller(entries: tuple[RecordedEntry, ...]) -> str:
    """Return the caller's address, which the gateway adds to X-Forwarded-For; empty when nothing was forwarded."""
    for entry in entries:
        if entry.source == "request-forwarder" and entry.section == "backend" and isinstance(entry.data, dict):
            request = entry.data.get("request")
            for name, value in _pairs(request) if isinstance(request, dict) else ():
                if name.lower() == "x-forwarded-for":
                    return value.rpartition(",")[2].strip()
    return ""


def _variables(entries: tuple[RecordedEntry, ...]) -> dict[str, str]:
    datas = (
        entry.data for entry in entries if has_trait(entry.source, "sets-variable") and isinstance(entry.data, dict)
    )
    return {str(data["name"]): str(data["value"]) for data in datas if "name" in data and data.get("value") is not None}


def _answers(entries: tuple[RecordedEntry, ...]) -> tuple[Response, ...]:
    found = (entry for entry in entries if entry.source in _FORWARDING and _has_response(entry))
    return tuple(_made(entry.data["response"]) for entry in found)


def _response(entries: tuple[RecordedEntry, ...]) -> Response | None:
    """Return the last response that the trace shows, with the status that was set after it."""
    answer: Response | None = None
    for entry in entries:
        if (entry.source in _FORWARDING or has_trait(entry.source, "terminates")) and _has_response(entry):
            answer = _made(entry.data["response"])
        elif has_trait(entry.source, "sets-status") and answer is not None and isinstance(entry.data, dict):
            answer = _with_status(answer, entry.data.get("message"))
    return answer


def _with_status(answer: Response, messages: Any) -> Response:
    lines = [str(line) for line in messages] if isinstance(messages, list) else [str(messages)]
    code, reason = answer.status_code, answer.reason
    for line in lines:
        if line.startswith(_SET_TO) and line[len(_SET_TO) :].isdecimal():
            code = int(line[len(_SET_TO) :])
        elif "'" in line:
            reason = line.partition("'")[2].rpartition("'")[0]
    return Response(code, reason, headers=answer.headers)


def _has_response(entry: RecordedEntry) -> bool:
    return isinstance(entry.data, dict) and isinstance(entry.data.get("response"), dict)


def _made(data: Mapping[str, Any]) -> Response:
    status = data.get("status") or {}
    code = status.get("code", 200)
    number = _CODES.get(str(code), 0) or (int(code) if str(code).isdecimal() else 0)
    if not number:
        raise ConfigurationError(f"the trace has {code!r} as a status, which is not one")
    return Response(number, status.get("reason"), headers=_pairs(data))


def _pairs(message: Mapping[str, Any]) -> list[tuple[str, str]]:
    try:
        return [(str(each["name"]), str(each["value"])) for each in message.get("headers") or []]
    except (KeyError, TypeError):
        raise ConfigurationError("the headers in the trace are not a list of names and values") from None


def _shown(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)


NOT_OURS = frozenset(("date", "content-length", "transfer-encoding", "connection", "ocp-apim-trace-location"))
"""Headers of a recorded response that no policy makes."""


def recorded_case(policy: str, trace: str, output: str) -> FirstCases:
    """Return a test file with one case, to be written to `output`, in which secrets are `***`.

    Raises ConfigurationError, DiagnosticError.
    """
    recorded = read_recorded_trace(trace)
    around = surroundings_of(subject_of(policy), policy, output)
    if recorded.gateway:
        around.defaults["gateway"] = {**around.defaults.get("gateway", {}), **recorded.gateway}
    if recorded.answers:
        around.defaults["backend"] = [_answer(answer) for answer in recorded.answers]
    found = FoundCase(f"as recorded in {os.path.basename(trace)}", _request(recorded), _expect(recorded))
    difference = _difference(around, found, recorded)
    if (configuration := find_configuration(policy)) is not None:
        load_configuration(configuration).gateway()  # its secret named values are hidden from then on
    hide_secrets_in([recorded.request, *recorded.answers, *([] if recorded.response is None else [recorded.response])])
    around.defaults = data_without_secrets(around.defaults)
    written = FoundCase(found.name, data_without_secrets(found.request), data_without_secrets(found.expect))
    text = text_of(around, [written], [])
    return FirstCases(text, [found], [], difference)


def _request(recorded: RecordedTrace) -> dict[str, Any]:
    request = recorded.request
    made: dict[str, Any] = {"method": request.method, "url": request.url}
    if headers := _fields(request.headers):
        made["headers"] = headers
    if request.ip_address != "127.0.0.1":
        made["ip-address"] = request.ip_address
    return made


def _answer(answer: Response) -> dict[str, Any]:
    made: dict[str, Any] = {"status": answer.status_code}
    if answer.reason:
        made["reason"] = answer.reason
    if headers := _fields(answer.headers):
        made["headers"] = headers
    return made


def _fields(headers: Headers) -> dict[str, Any]:
    return {name: values[0] if len(values) == 1 else list(values) for name, values in headers.fields()}


def _expect(recorded: RecordedTrace) -> dict[str, Any]:
    expect: dict[str, Any] = {"backend-requests": len(recorded.answers)}
    response = recorded.response
    if response is not None:
        expect["status"] = response.status_code
        if response.reason:
            expect["reason"] = response.reason
        kept = {name: value for name, value in _fields(response.headers).items() if name.lower() not in NOT_OURS}
        if kept:
            expect["headers"] = {
                name: value if isinstance(value, str) else ", ".join(value) for name, value in kept.items()
            }
    if recorded.variables:
        expect["variables"] = dict(recorded.variables)
    return expect


def _difference(around: CaseSurroundings, found: FoundCase, recorded: RecordedTrace) -> str:
    """Run the case, and return the first step that differs from the recorded ones."""
    outcome = run_alone(around, found.request)
    if not outcome.results:
        return outcome.problem
    different = first_difference(recorded, outcome.results[-1])
    return "" if different is None else str(different)
