"""Test cases against a gateway that is not simulated in this process: Azure's, or `apimpolicy serve`.

A case's requests are sent over the network, and what its answers show from outside is compared: status, reason,
headers, body. What only the inside shows (variables, branches, what reached a backend) is counted as not observable,
unless the gateway gives its trace: then that is held against the simulator's, step by step.

The gateway has to have what the case's own gateway has: the policy, named values, certificates, and backends that
answer alike. A case that needs a clock that can be moved on, another address of the caller, or identity providers that
change is skipped, unless the gateway is served by this process.
"""

from __future__ import annotations

import http.client
import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.errors import ApimPolicyError, ConfigurationError
from apimpolicy.gateway.context.records import Request, Response
from apimpolicy.gateway.context.urls import Url
from apimpolicy.gateway.engine.services import Transport
from apimpolicy.testing.expectations import OBSERVABLE, Mismatch, observable_mismatches
from apimpolicy.testing.format import PART
from apimpolicy.testing.gateways import gateway_of, request_of
from apimpolicy.testing.identities import CaseIdentities, variable_of
from apimpolicy.testing.mcp_cases import OF_SERVERS
from apimpolicy.testing.running import CaseOutcome, simulate
from apimpolicy.testing.tree import Tree

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate
    from apimpolicy.testing.case_files import Case, CaseStep

_PATIENCE = 60.0
_LONGEST_WAIT = 5.0
"""Seconds of `advance` for which a run really waits."""
KEY_HEADER = "Ocp-Apim-Subscription-Key"


class TraceSource(Protocol):
    """The source of a gateway's traces."""

    def headers(self) -> dict[str, str]:
        """Return the headers that turn on tracing. Raises ConfigurationError."""

    def trace(self, response: Response) -> dict[str, Any] | None:
        """Return the trace of the request with this response; None when there is none. Raises ConfigurationError."""


class RealGateway:
    """A gateway at a URL. `key` is a subscription's, for requests that bring none; `authority` a PEM file with what to
    trust besides the machine's authorities; `tokens` are those that real providers have issued (`CaseIdentities`),
    `keys` those of subscriptions that files describe, by their ids as tokens are by the names of providers.
    Raises ConfigurationError for a URL that is none.
    """

    def __init__(
        self,
        url: str,
        *,
        key: str | None = None,
        authority: str | None = None,
        traces: TraceSource | None = None,
        tokens: Mapping[str, str] | None = None,
        keys: Mapping[str, str] | None = None,
    ) -> None:
        self.parts = urlsplit(url.rstrip("/"))
        if self.parts.scheme not in ("http", "https") or not self.parts.hostname:
            raise ConfigurationError(f"--against takes a URL such as https://contoso.azure-api.net, not '{url}'")
        self.key = key
        self.authority = authority
        self.traces = traces
        self.tokens = tokens or {}
        self.keys = keys or {}
        self._real_keys: dict[str, str] = {}
        """Keys of the gateway, by what the current case has in their place."""
        self.unobserved = 0
        """Number of expectations not observable from outside."""
        self.traced = 0
        """Number of compared traces."""

    is_ours = False
    """True if the gateway is in this process: callers have any address then, and identity providers can change."""

    def run_case(self, case: Case, identities: CaseIdentities | None = None) -> CaseOutcome:
        """Run a case against the gateway, with tokens of these identity providers, or of the case's own. Never raises
        for what a case or the gateway does wrong.
        """
        if (why := case.skip or not_from_outside(case, self.can_advance, is_ours=self.is_ours)) is not None:
            return CaseOutcome(case, "skipped", problem=why)
        outcome = CaseOutcome(case, "passed")
        started = time.perf_counter()
        try:
            self._real_keys = self._keys_of(case)
            identities = gateway_of(case).identities if identities is None else identities
            if identities is not None and self.tokens:
                identities.issued = self.tokens
                if (why := _needs_other_token(case, identities)) is not None:
                    return CaseOutcome(case, "skipped", problem=why)
            for step in case.steps:
                self._step(case, step, outcome, identities)
                if outcome.mismatches:
                    outcome.status = "failed"
                    break
        except ApimPolicyError as error:
            outcome.status, outcome.error, outcome.problem = "error", error, str(error)
        outcome.seconds = time.perf_counter() - started
        return outcome

    def _keys_of(self, case: Case) -> dict[str, str]:
        gateway = case.given.get("gateway")
        described = None if gateway is None else gateway.plain().get("subscriptions")
        keys = {variable_of(name): str(each.get("primary-key", name)) for name, each in (described or {}).items()}
        return {key: self.keys[name] for name, key in keys.items() if name in self.keys}

    def send(self, request: Request) -> Response:
        """Return the gateway's response. Raises ConfigurationError without one."""
        given = Url.parse(request.url)
        path = self.parts.path + from_utf16(given.path + given.query_string)
        connection = self._connection(request)
        try:
            connection.putrequest(request.method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in self._headers(request):
                connection.putheader(name, value)
            connection.endheaders(request.body or None)
            answer = connection.getresponse()
            headers = [(name, value) for name, value in answer.getheaders() if name.lower() != "transfer-encoding"]
            return Response(answer.status, answer.reason, headers=headers, body=answer.read())
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise ConfigurationError(f"{self.parts.geturl()} does not respond: {error}") from None
        finally:
            connection.close()

    def advance(self, seconds: float) -> None:
        time.sleep(seconds)

    def can_advance(self, seconds: float) -> bool:
        return seconds <= _LONGEST_WAIT

    def host_of(self, request: Request) -> str:
        return self.parts.netloc.rpartition("@")[2]

    def _step(self, case: Case, step: CaseStep, outcome: CaseOutcome, identities: CaseIdentities | None) -> None:
        if step.advance:
            self.advance(step.advance)
        if step.states is not None and identities is not None:
            identities.change(step.states)
        request = request_of(step.request, case, identities)
        response = self.send(request)
        if step.expect is not None:
            outcome.mismatches, unobserved = observable_mismatches(step.expect, response, request.method)
            self.unobserved += unobserved
        if self.traces is not None and not outcome.mismatches:
            outcome.mismatches += self._trace_mismatches(case, step, request, response)

    def _trace_mismatches(self, case: Case, step: CaseStep, request: Request, response: Response) -> list[Mismatch]:
        """Return where the gateway's trace parts from that of the simulator, which gets the request as it arrived there
        and the backend's answers as they came.
        """
        from apimpolicy.testing.recorded_traces import first_difference, read_recorded_trace

        assert self.traces is not None
        trace = self.traces.trace(response)
        if trace is None:
            return []
        self.traced += 1
        recorded = read_recorded_trace(trace)
        arrived = recorded.request
        arrived.body, arrived.certificate = request.body, request.certificate
        answers = (lambda double: _RecordedAnswers(recorded.backend, double)) if recorded.answers else None
        difference = first_difference(recorded, simulate(case, arrived, answers))
        line = case.line if step.request is None else step.request.line
        return [] if difference is None else [Mismatch(f"the traces part at {difference}", line)]

    def _headers(self, request: Request) -> list[tuple[str, str]]:
        found = [("Host", self.host_of(request))]
        found += [
            (name, self._real_keys.get(value, value))
            for name, values in request.headers.fields()
            for value in values
            if name.lower() not in ("host", "content-length")
        ]
        if self.key is not None and KEY_HEADER not in request.headers:
            found.append((KEY_HEADER, self.key))
        if self.traces is not None:
            found += self.traces.headers().items()
        if request.body or request.method in ("POST", "PUT", "PATCH"):
            found.append(("Content-Length", str(len(request.body or b""))))
        return found

    def _connection(self, request: Request) -> http.client.HTTPConnection:
        host, port = self.parts.hostname or "", self.parts.port
        if self.parts.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=_PATIENCE)
        context = self.tls(request.certificate)
        return http.client.HTTPSConnection(host, port, context=context, timeout=_PATIENCE)

    def tls(self, certificate: Certificate | None) -> ssl.SSLContext:
        """Return a TLS context that presents a certificate if there is one. Raises ConfigurationError."""
        context = ssl.create_default_context()
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # what other clients of a gateway accept is accepted
        if self.authority is not None:
            try:
                context.load_verify_locations(self.authority)
            except (OSError, ssl.SSLError) as error:
                raise ConfigurationError(f"{self.authority} is not a file with certificates: {error}") from None
        if certificate is not None:
            from apimpolicy.csharp.dotnet.cryptography.certificate_parts import present

            present(context, certificate)
        return context


def not_from_outside(case: Case, can_advance: Callable[[float], bool], *, is_ours: bool) -> str | None:
    """Return why a case cannot be run from outside, unless the gateway is ours; None when it can."""
    if any(key in case.given for key in PART):
        return "it runs a part of a policy, or with doubles of policies"
    if "variables" in case.given:
        return "it begins with variables"
    for step in case.steps:
        if step.resolve is not None:
            return "it runs a resolver, which no request of HTTP does"
        if step.states is not None and not is_ours:
            return "it changes identity providers"
        if step.advance and not can_advance(step.advance):
            return f"it needs a clock that moves on by {step.advance:g} s"
        given = {} if step.request is None else step.request.table()
        if "ip-address" in given and not is_ours:
            return "it needs another address of the caller"
        if "headers" in given and any(name.lower() == "content-length" for name in given["headers"].table()):
            return "it says a Content-Length of its own"
    if not any(_sees_something(step.expect) for step in case.steps):
        return "nothing that it expects can be seen from outside"
    return None


def _needs_other_token(case: Case, identities: CaseIdentities) -> str | None:
    """Return why a case needs a token that isn't there; None if it doesn't. Raises TestFileError."""
    requests = [step.request.table() for step in case.steps if step.request is not None]
    tokens = [each["token"] for each in requests if "token" in each and each["token"].value not in (None, False)]
    return next((why for each in tokens if (why := identities.needs_other_token(each)) is not None), None)


class _RecordedAnswers:
    """A backend with the status and the headers of recorded answers, and the bodies of a double: a trace has none."""

    def __init__(self, recorded: Transport, double: Transport) -> None:
        self._recorded = recorded
        self._double = double

    def send(self, request: Request, timeout: float) -> Response:
        seen, body = self._recorded.send(request, timeout), self._double.send(request, timeout).body
        return Response.made_of(seen.status_code, seen.reason, seen.headers, body)


def _sees_something(expect: Tree | None) -> bool:
    given = {} if expect is None else expect.table()
    return any(key in OBSERVABLE or (key in OF_SERVERS and given[key].value is not None) for key in given)


# Traces of requests, fetched from where gateways keep them: Azure's management API, or `apimpolicy serve`.
#
# Source: https://learn.microsoft.com/azure/api-management/api-management-howto-api-inspector

MANAGEMENT = "https://management.azure.com"
_VERSION = "2023-05-01-preview"
_DEBUG_HEADER, _TRACE_ID = "Apim-Debug-Authorization", "Apim-Trace-Id"


class ServedTraces:
    """The traces of `apimpolicy serve`, at the address of its inspector, which ends in a token."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def headers(self) -> dict[str, str]:
        return {_DEBUG_HEADER: self._url.rpartition("/")[2]}

    def trace(self, response: Response) -> dict[str, Any] | None:
        number = response.headers.get(_TRACE_ID)
        return None if number is None else _asked(f"{self._url}/requests/{number}/trace")


class AzureTraces:
    """The traces of an API Management service, by its resource id (`/subscriptions/…/service/contoso`) and a token for
    the management API, as `az account get-access-token` gives it. `api` is the id of the API that is traced.
    """

    def __init__(self, service: str, token: str, api: str, management: str = MANAGEMENT) -> None:
        self._gateway = f"{management.rstrip('/')}{service.rstrip('/')}/gateways/managed"
        self._service = service.rstrip("/")
        self._token = token
        self._api = api
        self._credentials: str | None = None

    def headers(self) -> dict[str, str]:
        if self._credentials is None:
            wanted = {
                "credentialsExpireAfter": "PT1H",
                "apiId": f"{self._service}/apis/{self._api}",
                "purposes": ["tracing"],
            }
            given = self._post("listDebugCredentials", wanted)
            self._credentials = str(given.get("token", ""))
        return {_DEBUG_HEADER: self._credentials}

    def trace(self, response: Response) -> dict[str, Any] | None:
        number = response.headers.get(_TRACE_ID)
        return None if number is None else self._post("listTrace", {"traceId": number})

    def _post(self, what: str, content: dict[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        return _asked(f"{self._gateway}/{what}?api-version={_VERSION}", json.dumps(content).encode(), headers)


def _asked(url: str, data: bytes | None = None, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """Return the JSON at a URL. Raises ConfigurationError."""
    request = urllib.request.Request(url, data, headers or {})
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:
            found = json.loads(answer.read())
    except urllib.error.HTTPError as error:
        error.close()
        raise ConfigurationError(f"{url.partition('?')[0]} responded with {error.code} {error.reason}") from None
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{url.partition('?')[0]} gave no trace: {error}") from None
    if not isinstance(found, dict):
        raise ConfigurationError(f"{url.partition('?')[0]} gave no trace")
    return found
