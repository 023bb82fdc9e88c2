"""Requests that confirm the analysis: sent through the service as it is, with made-up credentials.

A rehearsal is the service with a key for each entry, a backend that answers everything, and an identity of its own.
Nothing leaves the process.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.errors import ApimPolicyError
from apimpolicy.gateway.context.entities import Subscription, User
from apimpolicy.gateway.context.records import Request, Response
from apimpolicy.gateway.engine.api_routing import PARAMETER, prefix_of, stated_version
from apimpolicy.gateway.engine.gateway import Gateway
from apimpolicy.gateway.engine.managed_identity import ManagedIdentity
from apimpolicy.gateway.engine.mcp.clients import address_of_server
from apimpolicy.gateway.engine.own_answers import reaches_backend
from apimpolicy.gateway.engine.service import Service, ServiceSubscription
from apimpolicy.gateway.engine.state import LocalState
from apimpolicy.gateway.policies.identity_services import StoredConnection
from apimpolicy.reasoning.audit import kinds
from apimpolicy.reasoning.audit.states import Alternative, Fact

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate
    from apimpolicy.gateway.engine.result import Result
    from apimpolicy.reasoning.audit.analysis import OperationAudit

_DATA = "data of a backend for the audit"
_CLAIMS = {
    **dict.fromkeys(("sub", "name", "email", "scp", "aud", "appid", "azp", "oid", "tid"), "1"),
    "iss": "https://1.example",
    "roles": ["1"],
    "groups": ["1"],
    "exp": 4102444800,
}
_UNSIGNED = (
    f"eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{urlsafe_b64encode(json.dumps(_CLAIMS).encode()).decode().rstrip('=')}."
)
"""A token that everyone can write."""
BODIED = frozenset(("POST", "PUT", "PATCH"))
_SCHEME = re.compile(r"(unverified token|basic) in header '(.*)'$")
_CREDENTIALS = frozenset(("authorization", "ocp-apim-subscription-key"))
ADDRESS_OF_CALLER = "198.51.100.1"
ALL_APIS = "all APIs"
"""The name of the key that opens every API."""


class Attempt(NamedTuple):
    """A request that ran: whether it, or the data of a backend, got through; the forwarded request, and the status."""

    request: Request
    reached: bool
    status: int
    forwarded: Request | None = None
    problem: str = ""
    sent: bool = False
    """Whether a policy sent a request of its own."""


class Rehearsal:
    """A service to which requests are sent; `keys` are keys by the product they are for, and `ALL_APIS`."""

    def __init__(self, gateway: Gateway, **settings: Any) -> None:
        assert gateway.service is not None
        self.keys: dict[str, str] = {ALL_APIS: "audit-key-all"}
        service = self._with_keys(gateway.service)
        given = {name: getattr(gateway, name) for name in gateway.declared}
        given |= {"service": service, "tracing": False, "state": None, "backend": _answer, "outside": _answer}
        if given["managed_identity"] is None:
            given["managed_identity"] = ManagedIdentity()
        if given["authorizations"] is None:
            given["authorizations"] = _EveryConnection()
        self.gateway = Gateway(**(given | settings))
        self.gateway.policies.keep_files()

    def _with_keys(self, service: Service) -> Service:
        self.keys |= {product.id: f"audit-key-{number}" for number, product in enumerate(service.products)}
        made = [
            ServiceSubscription(
                Subscription(f"audit {name}", primary_key=key, secondary_key=f"{key}-2"),
                scope="/apis" if name == ALL_APIS else f"/products/{name}",
                user=User("audit", email="audit@example.com"),
            )
            for name, key in self.keys.items()
        ]
        return service.with_subscriptions(made, lambda api: api.subscription_required is not False)

    def send(self, request: Request, after: Request | None = None) -> Attempt:
        """Send a request with counters and caches as another one left them. Never raises for errors in policies."""
        self.gateway.services.state = LocalState()
        try:
            if after is not None:
                self.gateway.send(after)
            result = self.gateway.send(request)
        except ApimPolicyError as error:
            return Attempt(request, False, 0, problem=str(error).partition("\n")[0])
        forwarded = result.backend_requests[0] if result.backend_requests else None
        reached = reaches_backend(result) or _DATA.encode() in result.response.body
        sent, status = bool(result.sent_requests), result.response.status_code
        return Attempt(request, reached, status, forwarded, _problem(result), sent)


class _EveryConnection:
    """A credential manager that has every connection."""

    def connection(self, provider_id: str, authorization_id: str, object_id: str) -> StoredConnection:
        return StoredConnection(f"{provider_id}/{authorization_id}", {})


def _answer(request: Request) -> Response:
    return Response(200, json={"data": _DATA})


def _problem(result: Result) -> str:
    error = result.error
    return "" if error is None else from_utf16(error.message or error.reason or "")


def request_for(
    operation: OperationAudit,
    *,
    key: str | None = None,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    certificate: Certificate | None = None,
    ip_address: str = ADDRESS_OF_CALLER,
    spelled: Callable[[str], str] = str,
) -> Request:
    """Return a request for an operation, with these credentials and nothing else.

    `spelled` changes the case of the path's letters, which the gateway doesn't distinguish.
    """
    api = operation.api
    fields = dict(headers or {})
    named = dict(query or {})
    method = "GET" if operation.method == "*" else operation.method
    if (stated := stated_version(api)) is not None:
        (fields if stated.is_header else named)[stated.name] = stated.version
    if key is not None:
        fields[from_utf16(api.api.subscription_key_parameter_names.header)] = key
    if operation.message is not None:
        fields |= {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        method = "POST"
    path, _, given = url_of(operation).partition("?")
    parameters = [given] if given else []
    parameters += [f"{name}={value}" for name, value in named.items()]
    url = spelled(path) + (f"?{'&'.join(parameters)}" if parameters else "")
    body = None
    if operation.message is not None:
        body = json.dumps(operation.message)
    elif method in BODIED:
        fields.setdefault("Content-Type", "application/json")
        body = json.dumps({})
    return Request(method, url, headers=fields, body=body, certificate=certificate, ip_address=ip_address)


def url_of(operation: OperationAudit) -> str:
    """Return a URL of an operation, with 1 for each parameter; that of the MCP server of a tool."""
    if operation.message is not None:
        return address_of_server(operation.api)
    template = PARAMETER.sub("1", operation.template) if operation.is_described else "/"
    return f"{prefix_of(operation.api)}/{template.lstrip('/').replace('/*', '/1').replace('*', '1')}"


def anonymous(operation: OperationAudit) -> Iterator[tuple[Alternative, Request]]:
    """Yield requests without any credential, with the properties that a caller chooses to get to the backend."""
    open_ones = [each for each in operation.alternatives if all(fact.is_free for fact in each)]
    open_ones.sort(key=lambda facts: (len(facts), sorted((fact.subject, fact.is_true) for fact in facts)))
    for alternative in open_ones:
        chosen = choices(alternative)
        refused = {fact.subject for fact in alternative if fact.kind == kinds.CHOICE and not fact.is_true}
        also = choices(
            Fact(kinds.CHOICE, f"{each.kind} '{each.name}'")
            for each in sorted(operation.fields)
            if f"{each.kind} '{each.name}'" not in refused and each.name not in _CREDENTIALS
        )
        more: dict[str, Any] = {key: {**also[key], **chosen[key]} for key in chosen}
        yield alternative, request_for(operation, **chosen)
        yield alternative, request_for(operation)
        yield alternative, request_for(operation, **more)
        for spelled in (str.upper, str.lower):
            yield alternative, request_for(operation, spelled=spelled, **more)


def choices(alternative: Iterable[Fact]) -> dict[str, Any]:
    """Return headers and parameters of the query that a caller has to send for an alternative."""
    headers: dict[str, str] = {}
    query: dict[str, str] = {}
    chosen = (fact for fact in alternative if fact.kind == kinds.CHOICE and fact.is_true)
    for fact in sorted(chosen, key=lambda fact: (fact.subject, str(fact.detail))):
        kind, _, name = fact.subject.partition(" ")
        name = name.strip("'")
        value = ADDRESS_OF_CALLER if kinds.ADDRESS in fact.detail else "" if "" in fact.detail else "1"
        if kind == "header":
            headers.setdefault(name, value)
        elif kind == "query":
            query[name] = value
        elif found := _SCHEME.match(fact.subject):
            headers[found[2]] = f"Bearer {_UNSIGNED}" if found[1].startswith("unverified") else "Basic MTox"
        elif fact.subject.startswith("scheme of header"):
            name = fact.subject.rpartition(" ")[2].strip("'")
            headers[name] = f"{str(fact.detail[0]).strip().title()} MTox"
    return {"headers": headers, "query": query}
